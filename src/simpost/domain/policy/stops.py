"""Stops: sending that the administrator stopped, for as long as the stop exists."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import msgspec

from simpost.domain.messages import Category


class StopScope(NamedTuple):
    """What a stop applies to: messages that match every field that is not `None`.

    A scope without any field is everything. `country` is an ISO 3166-1 Alpha-2 code.
    """

    account_id: int | None = None
    category: Category | None = None
    country: str | None = None


class Stop(msgspec.Struct, frozen=True, gc=False):
    """New and held messages in the scope are refused.

    Attributes:
        codes: one-time codes are refused, too.
        reason: free text of the administrator, shown to callers.
        since_ms: when it was set.
    """

    scope: StopScope
    codes: bool
    reason: str
    since_ms: int

    def applies(
        self, account_id: int, category: Category, countries: Callable[[], Iterable[str]]
    ) -> bool:
        """Whether it refuses a message of the account and category to one of the countries."""
        scope = self.scope
        return (
            (self.codes or category is not Category.CODE)
            and scope.account_id in (None, account_id)
            and scope.category in (None, category)
            and (scope.country is None or scope.country in countries())
        )
