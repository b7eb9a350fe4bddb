"""Moving an embedded store to PostgreSQL, so that it can stop anywhere and go on."""

from simpost.store.to_postgres.move import Count, Moved, OnProgress, Progress, cancel_move, move

__all__ = ["Count", "Moved", "OnProgress", "Progress", "cancel_move", "move"]
