"""What comes out of a file: rows, and flaws where there should have been rows."""

from __future__ import annotations

from enum import Enum
from typing import Any

import msgspec

MAX_ROW_CHARACTERS = 262_144
"""No plan and no eSIM is larger; what is, is a broken file."""


class Kind(Enum):
    """What a file holds: the name of its list at an upstream, and what no row can be without."""

    PLANS = ("packageList", "packageCode")
    ESIMS = ("esimList", "esimTranNo")

    @property
    def list_name(self) -> str:
        return self.value[0]

    @property
    def key(self) -> str:
        return self.value[1]


class Row(msgspec.Struct, frozen=True):
    """One row as it stands in the file; `line` is where it begins, from 1."""

    line: int
    value: Any


class RowError(msgspec.Struct, frozen=True):
    """What could not be taken. After a flaw that `stops`, nothing more of the file was read."""

    line: int
    reason: str
    stops: bool = False
