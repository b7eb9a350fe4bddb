"""The formats of ids in receipts, in a table that the writer adds to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import apsw

from simpost.domain.receipt_ids import ObservedIdFormat
from simpost.store.records.receipt_id_formats import LearnedFormats, observed_format
from simpost.store.sqlite.queries import SQL, named_rows, rows_of


class SqliteIdFormats(LearnedFormats):
    """The formats of the table; counts are written at the end of a job."""

    def load(self, execute: Callable[..., Any]) -> None:
        """Read the committed formats, and drop those in memory."""
        self.replace_all(named_rows(execute(SQL["list_formats"])))

    def write(self, execute: Callable[..., Any]) -> None:
        for row in self.take_counted():
            execute(SQL["count_format"], row)


def forms_of(connection: apsw.Connection, carrier: str) -> list[ObservedIdFormat]:
    return [observed_format(row) for row in rows_of(connection, "formats_of", (carrier,))]
