"""The source of a move: a file that is locked, so that no process serves it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from operator import itemgetter
from pathlib import Path
from typing import Any, Final, NamedTuple

import apsw
import msgspec

from simpost.domain.instance import Instance, sign_of_copy
from simpost.domain.states import State
from simpost.errors import StoreError
from simpost.store.instance_file import instance_file_of, look_at
from simpost.store.records.columns import CODE
from simpost.store.secret_box import SecretBox
from simpost.store.shared.instance import COPY_MARK, INSTANCE
from simpost.store.sqlite.accounts import check_seal
from simpost.store.sqlite.connection import open_writer, translate
from simpost.store.sqlite.lock import OwnerLock
from simpost.store.sqlite.move_marker import MoveMarker, delete_marker, find_marker, set_marker
from simpost.store.sqlite.queries import named_rows, scalar
from simpost.store.sqlite.schema import bring_up_to_date
from simpost.store.to_postgres.tables import DERIVED, TABLES

Row = tuple[Any, ...]

_MOST_OCTETS: Final = 4 * 1024 * 1024
"""Of texts and documents in one batch; one more row than fits is taken."""


class Shape(NamedTuple):
    """A table: its columns, those of its key in their order, and where they stand in a row.

    `expressions` is what to select for each column.
    """

    table: str
    columns: tuple[str, ...]
    expressions: tuple[str, ...]
    key: tuple[str, ...]
    places: tuple[int, ...]

    def key_of(self, row: Row) -> Row:
        return tuple(row[place] for place in self.places)


class Source:
    """Use `opened`. Nothing in the file is changed but its marker."""

    def __init__(self, path: Path, connection: apsw.Connection) -> None:
        self.path = path
        self._connection = connection

    @classmethod
    @contextlib.contextmanager
    def opened(cls, path: Path, seal: SecretBox) -> Iterator[Source]:
        """Raises StoreBusy when it is served, and StoreError when there is none or by its key."""
        if not path.is_file():
            raise StoreError(f"there is no store {path}")
        lock = OwnerLock.take(path)
        try:
            bring_up_to_date(path)
            with contextlib.closing(open_writer(path)) as connection:
                check_seal(connection, seal)
                yield cls(path, connection)
        except apsw.Error as error:
            raise translate(error) from error
        finally:
            lock.release()

    def is_copy(self) -> bool:
        """Whether the file shows that it is a copy: the database then holds sending, too."""
        connection = self._connection
        marks = scalar(connection, "find_meta", (COPY_MARK,))
        text: str | None = scalar(connection, "find_meta", (INSTANCE,))
        if marks is not None or text is None:
            return marks is not None
        instance = msgspec.json.decode(text, type=Instance)
        around = look_at(instance_file_of(self.path))
        found = sign_of_copy(instance, around, is_marked=False, is_empty=False)
        return instance.hold is not None or found is not None

    def marker(self) -> MoveMarker | None:
        return find_marker(self._connection)

    def set_marker(self, marker: MoveMarker) -> None:
        set_marker(self._connection, marker)

    def delete_marker(self) -> None:
        delete_marker(self._connection)

    def shape(self, table: str) -> Shape:
        found = named_rows(self._connection.execute(f"PRAGMA table_info({table})"))
        columns = tuple(row["name"] for row in found)
        in_key = [row for row in found if row["pk"]]
        key = tuple(row["name"] for row in sorted(in_key, key=itemgetter("pk")))
        places = tuple(columns.index(name) for name in key)
        more = DERIVED.get(table, {})
        return Shape(table, (*columns, *more), (*columns, *more.values()), key, places)

    def batch(self, shape: Shape, after: Row | None, limit: int) -> list[Row]:
        """The next rows behind that key, in its order; fewer when their texts are long."""
        key = ", ".join(shape.key)
        after_key = f"WHERE ({key}) > ({', '.join('?' * len(shape.key))})" if after else ""
        cursor = self._connection.execute(
            f"SELECT {', '.join(shape.expressions)} FROM {shape.table} {after_key} "  # noqa: S608  names are the schema's own
            f"ORDER BY {key} LIMIT ?",
            (*(after or ()), limit),
        )
        rows: list[Row] = []
        octets = 0
        for row in cursor:
            rows.append(row)
            octets += sum(len(value) for value in row if isinstance(value, (str, bytes)))
            if octets >= _MOST_OCTETS:
                break
        cursor.close()
        return rows

    def rows(self) -> dict[str, int]:
        """How many rows each table has."""
        return {table: self._count(f"SELECT count(*) FROM {table}") for table in TABLES}  # noqa: S608

    def part_states(self) -> dict[int, int]:
        """How many parts are in each state, by its code."""
        query = "SELECT state, count(*) AS parts FROM parts GROUP BY state"
        return {row["state"]: row["parts"] for row in named_rows(self._connection.execute(query))}

    def in_hand(self) -> int:
        """Number of parts that were unanswered at a carrier when the process ended."""
        return self._count(
            "SELECT count(*) FROM parts INDEXED BY parts_due "
            "WHERE owner > '' AND due_ms IS NOT NULL AND state < ?",
            CODE[State.SENT],
        )

    def _count(self, query: str, *parameters: int) -> int:
        found: int = self._connection.execute(query, parameters).get
        return found
