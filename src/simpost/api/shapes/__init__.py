"""Shapes: APIs of other companies that simpost answers, so that their clients work unchanged.

A shape reads a request, gives it to the same intake as the other APIs, and words the response.
It has no rule of its own about what may be sent. `docs/shapes.md` has the tables.
"""
