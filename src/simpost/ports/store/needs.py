"""Which accounts have something that does not get better by itself."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol


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
    """Finds accounts; what they have is in the lists of each."""

    async def find_accounts(self, need: AccountNeed, *, limit: int) -> list[int]:
        """The first accounts that have it, by id. One look into an index for each account."""
        ...
