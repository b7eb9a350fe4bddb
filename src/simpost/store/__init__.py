"""What must survive, in the embedded file or in PostgreSQL, behind one port."""

from simpost.store.sqlite import SqliteStore

__all__ = ["SqliteStore"]
