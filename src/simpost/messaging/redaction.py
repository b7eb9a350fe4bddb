"""Erases texts after their time, by category; the records stay."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from simpost.domain.inbound import NO_ACCOUNT
from simpost.domain.messages import Category
from simpost.observe import get_logger
from simpost.ports.store import Store
from simpost.runtime.clock import Clock

_DAY_MS: Final = 86_400_000
_INTERVAL_MS: Final = 3_600_000
_STEP: Final = 200
_RUN_MS: Final = 5_000
"""How long one run erases; the next one goes on, so that other jobs are not delayed."""

log = get_logger(__name__)


class Redaction:
    """Once an hour. `days` has the categories whose texts are erased, and after how many days.

    0, or no entry, keeps the texts.
    """

    def __init__(
        self, store: Store, *, clock_ms: Clock, days: Mapping[Category, int], inbound_days: int
    ) -> None:
        self.days = days
        self.inbound_days = inbound_days
        self._store = store
        self._clock_ms = clock_ms
        self._done_ms = 0

    async def run_once(self) -> None:
        """Erase what is due, in steps and for a limited time."""
        now_ms = self._clock_ms()
        if now_ms - self._done_ms < _INTERVAL_MS:
            return
        accounts = [account.id for account in await self._store.accounts.list_accounts()]
        counts = {"messages": 0, "inbound": 0, "words": 0}
        for account_id in (*accounts, NO_ACCOUNT):
            for category, days in self.days.items():
                if days and not await self._messages(account_id, category, days, counts):
                    return
            if self.inbound_days and not await self._received(account_id, counts):
                return
        self._done_ms = now_ms
        if any(counts.values()):
            log.info("texts_redacted", **counts)

    async def _messages(
        self, account_id: int, category: Category, days: int, counts: dict[str, int]
    ) -> bool:
        """Whether all messages of a category were looked at."""
        now_ms = self._clock_ms()
        step = _STEP
        while step == _STEP and self._clock_ms() < now_ms + _RUN_MS:
            step = await self._store.retention.redact_messages(
                account_id, category, before_ms=now_ms - days * _DAY_MS, now_ms=now_ms, limit=_STEP
            )
            counts["messages"] += step
        return step < _STEP

    async def _received(self, account_id: int, counts: dict[str, int]) -> bool:
        """Whether all texts of travellers, words of preferences and notes were looked at."""
        retention = self._store.retention
        now_ms = self._clock_ms()
        before_ms = now_ms - self.inbound_days * _DAY_MS
        for kind, redact in (
            ("inbound", retention.redact_inbound),
            ("words", retention.redact_words),
        ):
            step = _STEP
            while step == _STEP and self._clock_ms() < now_ms + _RUN_MS:
                step = await redact(account_id, before_ms=before_ms, now_ms=now_ms, limit=_STEP)
                counts[kind] += step
            if step == _STEP:
                return False
        return True
