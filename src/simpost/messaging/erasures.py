"""Erases the texts and numbers of the traveller behind an eSIM; the records stay."""

from __future__ import annotations

from collections.abc import Callable

from simpost.ports.store import Store
from simpost.ports.store.erasures import ERASURE_STEP, Erasure
from simpost.runtime.clock import Clock
from simpost.runtime.component import Component
from simpost.runtime.scheduler import always, run_periodically

_INTERVAL_S = 20.0
_SETTLE_MS = 10_000
"""A message that was being accepted at the beginning is committed by then."""
_MOST_OPEN = 100
"""Most erasures that one run continues, the oldest first."""


class Erasures(Component):
    """Erases at once; the leader erases later what is with a carrier, after its end.

    The row of an erasure is the duty: one that was interrupted is continued by the next run.
    """

    def __init__(
        self,
        store: Store,
        *,
        new_id: Callable[[], bytes],
        clock_ms: Clock,
        is_leader: Callable[[], bool] = always,
    ) -> None:
        self._store = store
        self._new_id = new_id
        self._clock_ms = clock_ms
        self._is_leader = is_leader

    async def run(self) -> None:
        await run_periodically(self.run_once, _INTERVAL_S, name="erasures", when=self._is_leader)

    async def forget(self, account_id: int, esim_tran_no: str, actor: str) -> Erasure:
        """Cancel what has not been sent and erase; the record, with what was erased so far."""
        erasure = Erasure(
            account_id=account_id,
            id=self._new_id(),
            esim_tran_no=esim_tran_no,
            actor=actor,
            begun_ms=self._clock_ms(),
        )
        await self._store.erasures.begin(erasure)
        await self._cancel_unsent(erasure)
        await self._store.erasures.erase(erasure, now_ms=self._clock_ms())
        return await self._store.erasures.find_erasure(account_id, erasure.id) or erasure

    async def is_known(self, account_id: int, esim_tran_no: str) -> bool:
        """Whether the account has the eSIM, or anything is stored of it."""
        return await self._store.catalogue.find_esim(
            account_id, esim_tran_no=esim_tran_no, iccid=None
        ) is not None or await self._store.erasures.has_rows(account_id, esim_tran_no)

    async def run_once(self) -> None:
        """Continue the erasures that have not ended."""
        for erasure in await self._store.erasures.list_open(limit=_MOST_OPEN):
            now_ms = self._clock_ms()
            if now_ms >= erasure.begun_ms + _SETTLE_MS:
                is_whole = await self._cancel_unsent(erasure)
                await self._store.erasures.erase(erasure, now_ms=now_ms, only_messages=not is_whole)
                if is_whole:
                    await self._store.erasures.end(erasure, now_ms=now_ms)

    async def _cancel_unsent(self, erasure: Erasure) -> bool:
        """Cancel messages that have not left; returns whether all messages have ended."""
        found: list[bytes] = []
        after, has_more, is_whole = b"", True, True
        while has_more:
            found = await self._store.erasures.list_unended(erasure, after=after)
            for message_id in found:
                is_whole &= await self._store.held.cancel_message(
                    erasure.account_id, message_id, now_ms=self._clock_ms()
                )
            has_more = len(found) == ERASURE_STEP
            after = found[-1] if found else after
        return is_whole
