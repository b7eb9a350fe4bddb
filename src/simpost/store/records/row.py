"""A row of either store: its columns by their names."""

from __future__ import annotations

from typing import Any, Protocol


class NamedRow(Protocol):
    """A `dict` from SQLite, a `Record` of asyncpg from PostgreSQL."""

    def __getitem__(self, column: str, /) -> Any: ...
