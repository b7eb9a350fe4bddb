"""Moving an embedded store to PostgreSQL, so that it can stop anywhere and go on."""

from simpost.store.to_postgres.move import Count, Moved, Progress, Tell, give_up, move

__all__ = ["Count", "Moved", "Progress", "Tell", "give_up", "move"]
