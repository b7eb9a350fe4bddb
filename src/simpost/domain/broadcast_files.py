"""Files with the eSIMs of a broadcast, one in each row. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

MAX_FILES: Final = 100
"""Files of an account that are kept at a time."""
KEEP_FILES_MS: Final = 7 * 86_400_000
"""How long a file is kept, and longer while a broadcast that is not over uses it."""


UPLOAD_MS: Final = 3_600_000
"""How long the rows of a file may be written; one that takes longer was given up."""


class FileRow(msgspec.Struct, frozen=True):
    """A row of a file. It names an eSIM, or has the reason why it is refused."""

    line: int
    esim_tran_no: str = ""
    iccid: str = ""
    values: dict[str, str] = {}
    reason: str = ""


class BroadcastFile(msgspec.Struct, frozen=True):
    """A file that was read.

    Attributes:
        rows: below the heading; good: those that name an eSIM of the account.
    """

    account_id: int
    id: bytes
    name: str
    rows: int
    good: int
    last_line: int
    created_ms: int


class ListedFile(msgspec.Struct, frozen=True):
    """A file of an account.

    Attributes:
        is_stored: all its rows are stored, so that broadcasts can use it.
        is_used: a broadcast that is not over uses it.
    """

    file: BroadcastFile
    is_stored: bool
    is_used: bool


class FileDeletion(StrEnum):
    """What became of the request to delete a file."""

    DELETED = "deleted"
    UNKNOWN = "unknown"
    IN_USE = "in_use"
    """A broadcast that is not over uses it, or its rows are being written."""
