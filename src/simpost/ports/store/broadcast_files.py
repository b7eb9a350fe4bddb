"""Files with the eSIMs of broadcasts, and their rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from simpost.domain.broadcast_files import BroadcastFile, FileDeletion, FileRow, ListedFile

ROWS_STEP: Final = 1_000
"""Rows that one call adds, looks up or deletes."""


class BroadcastFileStore(Protocol):
    """Keeps files. An eSIM is in a file once."""

    async def known_esims(self, account_id: int, esim_tran_nos: Sequence[str]) -> dict[str, str]:
        """Those of up to ROWS_STEP eSIMs that the account has, with their ICCIDs."""
        ...

    async def esims_of_iccids(self, account_id: int, iccids: Sequence[str]) -> dict[str, str]:
        """The newest eSIM of each of up to ROWS_STEP ICCIDs."""
        ...

    async def begin(self, file: BroadcastFile) -> bool:
        """Add a file without rows; `False` if the account has MAX_FILES."""
        ...

    async def add_rows(self, file: BroadcastFile, rows: Sequence[FileRow]) -> None:
        """Add up to ROWS_STEP rows."""
        ...

    async def finish(self, file: BroadcastFile) -> None:
        """All rows are added: broadcasts can use the file."""
        ...

    async def find(self, account_id: int, file_id: bytes) -> BroadcastFile | None:
        """A file of the account whose rows are all stored."""
        ...

    async def list_files(self, account_id: int) -> list[ListedFile]:
        """Files of the account, newest first, without those that are being deleted."""
        ...

    async def delete(self, account_id: int, file_id: bytes, *, now_ms: int) -> FileDeletion:
        """Delete a file that nothing uses; `delete_old` deletes its rows."""
        ...

    async def list_rows(
        self, account_id: int, file_id: bytes, *, after: int, limit: int, refused: bool | None
    ) -> list[FileRow]:
        """Rows by line; refused ones only, good ones only, or both."""
        ...

    async def values_of(self, account_id: int, file_id: bytes, esim_tran_no: str) -> dict[str, str]:
        """The values that the file gives for an eSIM."""
        ...

    async def delete_old(self, *, before_ms: int) -> int:
        """Delete up to ROWS_STEP rows of a file that no broadcast needs; how many rows went."""
        ...
