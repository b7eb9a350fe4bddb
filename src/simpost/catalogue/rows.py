"""The content of a file: rows, and errors in the place of rows."""

from __future__ import annotations

from enum import Enum
from typing import Any

import msgspec

MAX_ROW_CHARACTERS = 262_144
"""Most characters of a row; a larger one means that the file is broken."""


class Kind(Enum):
    """The kind of rows: the name of their list in an upstream's response, and their key."""

    PLANS = ("packageList", "packageCode")
    ESIMS = ("esimList", "esimTranNo")

    @property
    def list_name(self) -> str:
        return self.value[0]

    @property
    def key(self) -> str:
        return self.value[1]


class Row(msgspec.Struct, frozen=True):
    """One row of a file; `line` is the number of its first line, from 1."""

    line: int
    value: Any


class RowError(msgspec.Struct, frozen=True):
    """An error in the place of a row. If it `stops`, the rest of the file was not read."""

    line: int
    reason: str
    stops: bool = False
