"""The embedded store: one SQLite file, one owner, one writer that groups commits."""

from simpost.store.sqlite.store import SqliteStore

__all__ = ["SqliteStore"]
