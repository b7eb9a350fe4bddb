"""The store on PostgreSQL: one database for as many nodes as are wanted."""

from simpost.store.postgres.store import PostgresStore

__all__ = ["PostgresStore"]
