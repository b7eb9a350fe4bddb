"""The marker of a file that was moved to a database, or is being moved: do not serve it.

What waits in it is sent from the database. Served as well, it would send all of that again.
"""

from __future__ import annotations

import apsw
import msgspec

from simpost.errors import StoreError
from simpost.store.sqlite.queries import SQL, scalar

_MOVE = "move"


class MoveMarker(msgspec.Struct, frozen=True):
    """`to` is where it goes, without user and password; `id` is the same there."""

    id: str
    to: str
    is_over: bool = False


def find_mark(connection: apsw.Connection) -> MoveMarker | None:
    text: str | None = scalar(connection, "find_meta", (_MOVE,))
    return None if text is None else msgspec.json.decode(text, type=MoveMarker)


def set_mark(connection: apsw.Connection, mark: MoveMarker) -> None:
    connection.execute(SQL["keep_meta"], (_MOVE, msgspec.json.encode(mark).decode()))


def drop_mark(connection: apsw.Connection) -> None:
    connection.execute(SQL["drop_meta"], (_MOVE,))


def refuse_moved(connection: apsw.Connection) -> None:
    """Raises StoreError when the file is not to be served any more."""
    mark = find_mark(connection)
    if mark is None:
        return
    if mark.is_over:
        raise StoreError(f"this store was moved to {mark.to}: set store.database_url to serve it")
    raise StoreError(
        f"this store is being moved to {mark.to}: run `simpost to-postgres` again to finish that, "
        "or `simpost to-postgres --cancel`"
    )
