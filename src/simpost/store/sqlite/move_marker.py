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


def find_marker(connection: apsw.Connection) -> MoveMarker | None:
    text: str | None = scalar(connection, "find_meta", (_MOVE,))
    return None if text is None else msgspec.json.decode(text, type=MoveMarker)


def set_marker(connection: apsw.Connection, marker: MoveMarker) -> None:
    connection.execute(SQL["replace_meta"], (_MOVE, msgspec.json.encode(marker).decode()))


def delete_marker(connection: apsw.Connection) -> None:
    connection.execute(SQL["delete_meta"], (_MOVE,))


def refuse_moved(connection: apsw.Connection) -> None:
    """Raises StoreError if the file was moved or is being moved."""
    marker = find_marker(connection)
    if marker is None:
        return
    if marker.is_over:
        raise StoreError(f"this store was moved to {marker.to}: set store.database_url to serve it")
    raise StoreError(
        f"this store is being moved to {marker.to}: run `simpost to-postgres` again to finish "
        "that, or `simpost to-postgres --cancel`"
    )
