"""A server of the Model Context Protocol: an account as tools for language models.

A client of the native API, as the command line is: what a tool may do is what its API key may do.
The package `mcp` is imported in `server.py`, `transports.py` and `web.py` only, which only `cli`
imports. What must not enter: the store, rules of policy, and texts of others outside of `Quoted`.
"""
