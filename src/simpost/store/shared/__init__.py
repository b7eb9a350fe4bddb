"""Capabilities that are written once for both stores.

A verb here is a generator: it yields a statement and its parameters, receives the rows, and returns
its result. Each store runs it in one transaction. Statements are SQL that SQLite and PostgreSQL
have in common, with parameters `$1`, `$2`. What needs a dialect of its own, or is done for every
message, stays in the package of its store.
"""
