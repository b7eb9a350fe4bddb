"""Texts that were refused before they became messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Protocol, TypeAlias

import msgspec

from simpost.domain.reasons import Reason

DAY_MS: Final = 86_400_000
MOST_A_DAY: Final = 1_000
"""Refusals of an account that are listed for a day (UTC); the rest is counted."""

AccountDay: TypeAlias = tuple[int, int]
"""An account, and a day as its number since 1970."""


class RefusalRecord(msgspec.Struct, frozen=True, gc=False):
    """A text that was refused; never the text itself.

    Attributes:
        id: a UUIDv7 of the time of the refusal.
        esim_tran_no, iccid: as the caller gave them; both where the eSIM is known.
        caller_reference: the caller's own string for the message.
        decision: JSON of the `DecisionRecord`; `None` if the rules looked at nothing.
    """

    account_id: int
    id: bytes
    esim_tran_no: str | None
    iccid: str | None
    reason: Reason
    request_id: str | None
    created_ms: int
    caller_reference: str | None = None
    decision: str | None = None

    @property
    def day(self) -> AccountDay:
        """The account and the day (UTC) that it counts for."""
        return self.account_id, self.created_ms // DAY_MS


class RefusalBatch(msgspec.Struct, frozen=True, gc=False):
    """Refusals to list, and how many more there were by account and day."""

    refusals: tuple[RefusalRecord, ...]
    not_listed: Mapping[AccountDay, int]


class RefusalFilter(msgspec.Struct, frozen=True):
    """Which refusals of an account to list, newest first; `None` of a field means any."""

    esim_tran_no: str | None = None
    iccid: str | None = None
    reason: Reason | None = None
    from_ms: int | None = None
    to_ms: int | None = None
    before: bytes | None = None
    limit: int = 50


class UnlistedDay(msgspec.Struct, frozen=True, gc=False):
    """How many refusals of a day are counted and not listed."""

    day: int
    count: int


class RefusalStore(Protocol):
    """Lists refusals, and counts those beyond the daily limit."""

    async def add_refusals(self, batch: RefusalBatch) -> None:
        """List the refusals, at most MOST_A_DAY for an account and day; count the others."""

    async def list_refusals(self, account_id: int, which: RefusalFilter) -> list[RefusalRecord]:
        """One page, newest first."""
        ...

    async def unlisted_refusals(self, account_id: int) -> list[UnlistedDay]:
        """The days with refusals that are not listed, newest first; at most 100."""
        ...
