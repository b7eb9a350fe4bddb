"""What does not get better by itself: which accounts have something, and jobs that are stuck."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from simpost.domain.stuck_jobs import StuckJob, StuckKind


class AccountNeed(StrEnum):
    """What an account has."""

    IN_DOUBT = "in_doubt"
    """Messages that may have been sent or not."""
    HELD = "held"
    """Messages that policy holds."""
    STOPPED_WEBHOOK = "stopped_webhook"
    """Endpoints that are disabled or gone."""
    GIVEN_UP = "given_up"
    """Deliveries that an endpoint gave up."""


class NeedStore(Protocol):
    """Finds accounts; what they have is in the lists of each. And jobs that are stuck."""

    async def find_accounts(self, need: AccountNeed, *, limit: int) -> list[int]:
        """The first accounts that have it, by id. One look into an index for each account."""
        ...

    async def list_stuck(
        self, kind: StuckKind, account_id: int | None, *, now_ms: int, limit: int
    ) -> list[StuckJob]:
        """Jobs of this kind that were due STUCK_MS ago and did not get further since.

        Of one account, or of all for `None`. Jobs of the installation have no account.
        """
        ...

    async def try_again(
        self, kind: StuckKind, account_id: int, job_id: bytes, *, now_ms: int
    ) -> bool:
        """Give up the lease of a job that is due: its next turn is now, and counts from now.

        Whether there is such a job. A job that is not due, or that is over, stays as it is.
        """
        ...
