"""The stores behind one port: an embedded file, or PostgreSQL."""

from simpost.store.sqlite import SqliteStore

__all__ = ["SqliteStore"]
