"""Deliveries that webhook endpoints gave up, as items of a bulk job."""

from __future__ import annotations

from typing import Final

import msgspec

from simpost.domain.accounts import Account
from simpost.domain.bulk_jobs import BulkItemState, BulkJob, BulkReason, BulkResult, BulkSelection
from simpost.domain.messages import format_id, parse_id
from simpost.domain.webhooks import DeliveryState, EndpointState, EventDelivery
from simpost.ports.store import DeliveryFilter, WebhookStore
from simpost.ports.store.bulk_jobs import NotedItems

_STEP: Final = 200
_ACTIVE: Final = (EndpointState.ENABLED, EndpointState.PAUSED)


class DeliveryItems:
    """An item is `endpoint/sequence`."""

    def __init__(self, store: WebhookStore) -> None:
        self._store = store

    async def page(
        self, account: Account, selection: BulkSelection, to_ms: int, place: str
    ) -> NotedItems:
        """The next items: endpoint by endpoint, those given up until `to_ms`, newest first."""
        endpoints = await self._endpoints(account, selection)
        before: int | None = None
        if place:
            name, _, rest = place.partition("/")
            endpoints = [each for each in endpoints if each >= name]
            if endpoints and endpoints[0] == name:
                before = int(rest) if rest else None
        if not endpoints:
            return NotedItems((), None)
        found = await self._given_up(account.id, endpoints[0], before)
        items = [_item(each) for each in found if each.updated_ms <= to_ms]
        if len(found) == _STEP:
            return NotedItems(items, _item(found[-1]))
        return NotedItems(items, f"{endpoints[1]}/" if len(endpoints) > 1 else None)

    async def act(self, account: Account, job: BulkJob, item: str) -> BulkResult:
        """Begin the delivery again. A repetition changes nothing. Raises StoreError."""
        name, _, sequence = item.partition("/")
        endpoint_id = parse_id(name)
        endpoint = endpoint_id and await self._store.find_endpoint(account.id, endpoint_id)
        delivery = endpoint and await self._find(account.id, name, int(sequence))
        if not endpoint or not delivery:
            return BulkResult(item, BulkItemState.SKIPPED, BulkReason.UNKNOWN)
        if delivery.state is not DeliveryState.EXHAUSTED or delivery.updated_ms > job.created_ms:
            return _of_changed(item, delivery, job)
        if endpoint.state not in _ACTIVE:
            reason = BulkReason.ENDPOINT_STOPPED
            return BulkResult(item, BulkItemState.SKIPPED, reason, endpoint.state)
        # The time of the job tells a repetition after a crash that the delivery was begun.
        begun = msgspec.structs.replace(
            delivery,
            state=DeliveryState.PENDING,
            due_ms=job.due_ms,
            attempts=(),
            updated_ms=max(job.due_ms, job.created_ms + 1),
        )
        await self._store.add_deliveries([begun])
        return BulkResult(item, BulkItemState.DONE)

    async def _endpoints(self, account: Account, selection: BulkSelection) -> list[str]:
        if selection.webhook:
            return [selection.webhook]
        found = await self._store.list_endpoints(account.id)
        return sorted(format_id(each.id) for each in found)

    async def _given_up(
        self, account_id: int, endpoint: str, before: int | None
    ) -> list[EventDelivery]:
        endpoint_id = parse_id(endpoint)
        assert endpoint_id
        which = DeliveryFilter(
            endpoint_id=endpoint_id,
            states=(DeliveryState.EXHAUSTED,),
            before=before,
            limit=_STEP,
        )
        return await self._store.list_deliveries(account_id, which)

    async def _find(self, account_id: int, endpoint: str, sequence: int) -> EventDelivery | None:
        endpoint_id = parse_id(endpoint)
        assert endpoint_id
        which = DeliveryFilter(endpoint_id=endpoint_id, before=sequence + 1, limit=1)
        rows = await self._store.list_deliveries(account_id, which)
        return rows[0] if rows and rows[0].sequence == sequence else None


def _of_changed(item: str, delivery: EventDelivery, job: BulkJob) -> BulkResult:
    """Of a delivery that changed: an earlier try of the job may have begun it."""
    if delivery.updated_ms >= max(job.due_ms, job.created_ms + 1):
        return BulkResult(item, BulkItemState.DONE)
    return BulkResult(item, BulkItemState.SKIPPED, BulkReason.CHANGED, delivery.state)


def _item(delivery: EventDelivery) -> str:
    return f"{format_id(delivery.endpoint_id)}/{delivery.sequence}"
