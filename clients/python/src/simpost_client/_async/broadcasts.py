"""Broadcasts of the native API."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Unpack

from simpost_client._async.resource import AsyncResource
from simpost_client.models import (
    Broadcast,
    BroadcastPage,
    BroadcastPreview,
    Recipient,
    RecipientPage,
)
from simpost_client.requests import BroadcastFields, body_of, path_of

_PATH = "/v1/broadcasts"


class AsyncBroadcasts(AsyncResource):
    """One template to many eSIMs."""

    async def preview(self, **broadcast: Unpack[BroadcastFields]) -> BroadcastPreview:
        """Dry run: how many eSIMs, what would be refused and why, parts, cost, samples."""
        return await self._ask(BroadcastPreview, _PATH, {**body_of(broadcast), "dryRun": True})

    async def start(
        self, *, idempotency_key: str | None = None, **broadcast: Unpack[BroadcastFields]
    ) -> Broadcast:
        """Begin a broadcast, once for a key."""
        return await self._keyed(Broadcast, _PATH, body_of(broadcast), idempotency_key)

    async def get(self, broadcast_id: str) -> Broadcast:
        """One broadcast with its counts."""
        return await self._get(Broadcast, path_of(_PATH + "/{}", broadcast_id))

    def list(self, *, page_size: int = 50) -> AsyncIterator[Broadcast]:
        """All broadcasts, newest first."""
        return self._pages(BroadcastPage, _PATH, lambda page: page.broadcasts, limit=page_size)

    async def pause(self, broadcast_id: str, *, actor: str = "") -> Broadcast:
        """Stop sending until it is resumed. Raises Conflict if it is over."""
        return await self._step(broadcast_id, "pause", actor, repeatable=True)

    async def resume(self, broadcast_id: str, *, actor: str = "") -> Broadcast:
        """Go on where it was. Never repeated by itself: somebody may pause it again."""
        return await self._step(broadcast_id, "resume", actor, repeatable=False)

    async def cancel(self, broadcast_id: str, *, actor: str = "") -> Broadcast:
        """End it: eSIMs without a message get nothing."""
        return await self._step(broadcast_id, "cancel", actor, repeatable=True)

    def recipients(
        self, broadcast_id: str, *, state: str | None = None, page_size: int = 200
    ) -> AsyncIterator[Recipient]:
        """What became of each eSIM."""
        path = path_of(_PATH + "/{}/recipients", broadcast_id)
        return self._pages(
            RecipientPage, path, lambda page: page.recipients, state=state, limit=page_size
        )

    async def _step(
        self, broadcast_id: str, step: str, actor: str, *, repeatable: bool
    ) -> Broadcast:
        path = path_of(_PATH + "/{}/" + step, broadcast_id)
        return await self._change(Broadcast, "POST", path, {"actor": actor}, repeatable=repeatable)
