"""Receipts that match no part, as items of a bulk job of the administrator."""

from __future__ import annotations

from typing import Final

from simpost.domain.accounts import Account
from simpost.domain.bulk_jobs import BulkItemState, BulkJob, BulkReason, BulkResult, BulkSelection
from simpost.domain.outcomes import ReceiptKey
from simpost.domain.states import State
from simpost.ports.store.bulk_jobs import NotedItems
from simpost.ports.store.receipts import ReceiptStore
from simpost.runtime.clock import Clock

_STEP: Final = 200
LONGEST_ITEM: Final = 1_000
"""Octets of an item: receipts with a longer id are dismissed one by one."""


class ReceiptItems:
    """An item is `state/carrier/id`: the others have no slash."""

    def __init__(self, store: ReceiptStore, clock_ms: Clock) -> None:
        self._store = store
        self._clock_ms = clock_ms

    async def page(
        self, _account: Account, selection: BulkSelection, to_ms: int, place: str
    ) -> NotedItems:
        """The next items, newest first: those that came until `to_ms`. Raises StoreError.

        The place is a time, at which a page begins again, and the number of rows to look at: more
        if all rows of a page came at that time.
        """
        if selection.ids:
            return NotedItems(selection.ids, None)
        until, _, rows = place.partition("/")
        until_ms = int(until) if until else min(to_ms, selection.to_ms or to_ms)
        limit = int(rows) if rows else _STEP
        found = await self._store.list_unmatched(
            carrier=selection.carrier, until_ms=until_ms, limit=limit
        )
        keys = (ReceiptKey(each.carrier, each.carrier_message_id, each.state) for each in found)
        items = [item for item in map(item_of, keys) if len(item.encode()) <= LONGEST_ITEM]
        if len(found) < limit:
            return NotedItems(items, None)
        last_ms = found[-1].last_ms
        return NotedItems(items, f"{last_ms}/{2 * limit if last_ms == until_ms else _STEP}")

    async def act(self, _account: Account, job: BulkJob, item: str) -> BulkResult:
        """Leave it out of the list. A repetition changes nothing. Raises StoreError."""
        keys, now_ms = [key_of(item)], self._clock_ms()
        if await self._store.dismiss(keys, now_ms=now_ms, until_ms=job.created_ms):
            return BulkResult(item, BulkItemState.DONE)
        return BulkResult(item, BulkItemState.SKIPPED, BulkReason.RECEIPT_CHANGED)


def item_of(key: ReceiptKey) -> str:
    """The item that names a receipt."""
    return f"{key.state.value}/{key.carrier}/{key.carrier_message_id}"


def key_of(item: str) -> ReceiptKey:
    """The receipt that an item names."""
    state, carrier, carrier_message_id = item.split("/", 2)
    return ReceiptKey(carrier, carrier_message_id, State(state))
