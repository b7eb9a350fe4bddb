"""Reads files with the eSIMs of a broadcast, answers every row, and stores them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec
from msgspec.structs import replace

from simpost.catalogue.row_fields import RefusedRow
from simpost.domain.broadcast_files import (
    KEEP_FILES_MS,
    MAX_FILES,
    BroadcastFile,
    FileDeletion,
    FileRow,
)
from simpost.domain.identifiers import iccid_forms
from simpost.features.broadcasts.file_rows import Columns, columns_of, rows_of
from simpost.features.broadcasts.sheets import FileRefused, read_sheet
from simpost.ports.store.broadcast_files import ROWS_STEP, BroadcastFileStore
from simpost.runtime.clock import Clock

PREVIEW_ROWS: Final = 20
_FORMS: Final = 3
"""Forms of one ICCID, with and without its check digit."""


class ReadFile(msgspec.Struct, frozen=True):
    """A file that was read, with every row of it."""

    file: BroadcastFile
    heading: Sequence[str]
    columns: Columns
    rows: Sequence[FileRow]

    @property
    def refused(self) -> list[FileRow]:
        """Rows that name no eSIM of the account."""
        return [row for row in self.rows if row.reason]


class BroadcastFiles:
    """Files of all accounts."""

    def __init__(
        self, store: BroadcastFileStore, *, new_id: Callable[[], bytes], clock_ms: Clock
    ) -> None:
        self._store = store
        self._new_id = new_id
        self._clock_ms = clock_ms

    async def read(
        self, account_id: int, name: str, octets: bytes, *, sheet: str, uses: Mapping[str, str]
    ) -> ReadFile:
        """Read a file and look its eSIMs up; nothing is stored. Raises FileRefused, StoreError."""
        heading, columns, rows = await asyncio.to_thread(_parse, octets, sheet, uses)
        checked = _checked(rows, await self._look_up(account_id, rows))
        file = BroadcastFile(
            account_id=account_id,
            id=self._new_id(),
            name=name,
            rows=len(checked),
            good=sum(not row.reason for row in checked),
            last_line=checked[-1].line if checked else 0,
            created_ms=self._clock_ms(),
        )
        return ReadFile(file, heading, columns, checked)

    async def save(self, read: ReadFile) -> None:
        """Store a file that was read. Raises FileRefused and StoreError.

        A file that was stored only in part, because the process died, cannot be used.
        """
        if not await self._store.begin(read.file):
            raise FileRefused(
                f"The account has {MAX_FILES} files, which are kept for 7 days: use or delete one "
                "of them, or name up to 10,000 eSIMs in audience.esims."
            )
        for first in range(0, len(read.rows), ROWS_STEP):
            await self._store.add_rows(read.file, read.rows[first : first + ROWS_STEP])
        await self._store.finish(read.file)

    async def delete(self, account_id: int, file_id: bytes) -> FileDeletion:
        """Delete a file that nothing uses; its rows are deleted soon after. Raises StoreError."""
        return await self._store.delete(account_id, file_id, now_ms=self._clock_ms())

    async def delete_old(self) -> int:
        """Delete some rows of the oldest file that is not needed any more; how many."""
        return await self._store.delete_old(before_ms=self._clock_ms() - KEEP_FILES_MS)

    async def _look_up(self, account_id: int, rows: Sequence[FileRow]) -> _Known:
        """What the account has of the eSIMs that the rows name."""
        known = _Known({}, {})
        named = [row.esim_tran_no for row in rows if row.esim_tran_no]
        for first in range(0, len(named), ROWS_STEP):
            some = named[first : first + ROWS_STEP]
            known.iccids.update(await self._store.known_esims(account_id, some))
        iccids = [row.iccid for row in rows if row.iccid and not row.esim_tran_no]
        step = ROWS_STEP // _FORMS
        for first in range(0, len(iccids), step):
            forms = [form for iccid in iccids[first : first + step] for form in iccid_forms(iccid)]
            known.esims.update(await self._store.esims_of_iccids(account_id, forms))
        return known


class _Known(NamedTuple):
    """The ICCID of each eSIM that a row names, and the eSIM of each form of an ICCID."""

    iccids: dict[str, str]
    esims: dict[str, str]

    def esim_of(self, row: FileRow) -> str:
        """The eSIM that a row names. Raises RefusedRow."""
        if not row.esim_tran_no:
            found = (self.esims[form] for form in iccid_forms(row.iccid) if form in self.esims)
            if esim := next(found, None):
                return esim
            raise RefusedRow("the account has no such eSIM")
        iccid = self.iccids.get(row.esim_tran_no)
        if iccid is None:
            raise RefusedRow("the account has no such eSIM")
        if row.iccid and iccid and not {*iccid_forms(row.iccid)} & {*iccid_forms(iccid)}:
            raise RefusedRow("esimTranNo and iccid name different eSIMs")
        return row.esim_tran_no


def _parse(
    octets: bytes, sheet: str, uses: Mapping[str, str]
) -> tuple[Sequence[str], Columns, list[FileRow]]:
    read = read_sheet(octets, sheet)
    columns = columns_of(read.heading, uses)
    return read.heading, columns, rows_of(read, columns)


def _checked(rows: Sequence[FileRow], known: _Known) -> list[FileRow]:
    """The rows with their eSIM; those without one, and repeated ones, with the reason."""
    lines: dict[str, int] = {}
    checked: list[FileRow] = []
    for row in rows:
        if row.reason:
            checked.append(row)
            continue
        try:
            esim = known.esim_of(row)
        except RefusedRow as error:
            checked.append(_refused(row, str(error)))
            continue
        if esim in lines:
            checked.append(_refused(row, f"line {lines[esim]} names the same eSIM"))
        else:
            lines[esim] = row.line
            checked.append(replace(row, esim_tran_no=esim))
    return checked


def _refused(row: FileRow, reason: str) -> FileRow:
    return replace(row, esim_tran_no="", values={}, reason=reason)
