"""One module for each source: `read` turns a body into events in the normal form.

A module has no clock and no I/O. What it reads is documented by the source; the body of each
documented example is in `tests/vectors/lifecycle/`.
"""
