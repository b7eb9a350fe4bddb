"""Upstream APIs by HTTP, in the shapes of their documentation, with the handsets of the simulator.

A file per API: how a request becomes a text, and what the responses and callbacks look like. What
happens to the text is decided where it is for SMPP: by the behaviour, the fault rules and the
handsets. No shape may import another one, except for those that share a form.
"""
