"""Copies of a supplier's catalogue: what a pull found, and how old the copy is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

MOST_EXAMPLES: Final = 20
"""Refused and missing rows that a report names."""


class RowCounts(msgspec.Struct):
    """What became of pulled rows, or would become of them."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: int = 0

    @property
    def total(self) -> int:
        """All pulled rows."""
        return self.added + self.changed + self.unchanged + self.refused


class RefusedSourceRow(msgspec.Struct, frozen=True):
    """A row of the supplier that was not saved, and why."""

    key: str
    reason: str


class ListedEsim(msgspec.Struct, frozen=True):
    """An eSIM that a source listed; `missing_ms` is when it listed it no more."""

    esim_tran_no: str
    missing_ms: int | None


class SyncReport(msgspec.Struct):
    """What one pull found.

    Attributes:
        is_full: all plans and eSIMs were pulled, not only new ones.
        is_complete: every eSIM of the supplier was seen, so that others are missing there.
        missing: eSIMs of the account that the supplier does not list; `None` if that is not known.
        retired: of these, how many were retired by this pull.
    """

    is_full: bool
    plans: RowCounts = msgspec.field(default_factory=RowCounts)
    esims: RowCounts = msgspec.field(default_factory=RowCounts)
    refused: list[RefusedSourceRow] = msgspec.field(default_factory=list)
    is_complete: bool = False
    missing: int | None = None
    missing_examples: list[str] = msgspec.field(default_factory=list)
    retired: int = 0

    def add_refused(self, rows: Sequence[RefusedSourceRow]) -> None:
        """Name refused rows, as long as there is room."""
        self.refused += rows[: MOST_EXAMPLES - len(self.refused)]


class SyncState(msgspec.Struct, frozen=True):
    """The copy of a source, and its last pull.

    Attributes:
        applied_ms: begin of the last pull that was saved; `None` before the first sync.
        full_ms: the same for pulls of everything.
        started_ms, ended_ms: of the last pull; without an end while it runs.
        lease_ms: until when a pull without an end is believed to run.
        is_dry: the last pull saved nothing.
        problem: why the last pull failed, in a sentence; empty if it did not.
    """

    name: str
    applied_ms: int | None = None
    full_ms: int | None = None
    started_ms: int = 0
    ended_ms: int | None = None
    lease_ms: int = 0
    is_dry: bool = False
    problem: str = ""
    report: SyncReport | None = None

    def is_running(self, now_ms: int) -> bool:
        """Whether a pull is under way on any node."""
        return self.ended_ms is None and self.lease_ms > now_ms

    def age_ms(self, now_ms: int) -> int | None:
        """How old the copy is; `None` before the first sync."""
        return None if self.applied_ms is None else max(0, now_ms - self.applied_ms)
