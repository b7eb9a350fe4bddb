"""Broadcasts of the native API."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Unpack

from simpost_client._sync.resource import Resource
from simpost_client.models import (
    Broadcast,
    BroadcastPage,
    BroadcastPreview,
    Recipient,
    RecipientPage,
)
from simpost_client.requests import BroadcastFields, body_of, path_of

_PATH = "/v1/broadcasts"


class Broadcasts(Resource):
    """One template to many eSIMs."""

    def preview(self, **broadcast: Unpack[BroadcastFields]) -> BroadcastPreview:
        """Dry run: how many eSIMs, what would be refused and why, parts, cost, samples."""
        return self._ask(BroadcastPreview, _PATH, {**body_of(broadcast), "dryRun": True})

    def start(
        self, *, idempotency_key: str | None = None, **broadcast: Unpack[BroadcastFields]
    ) -> Broadcast:
        """Begin a broadcast, once for a key."""
        return self._keyed(Broadcast, _PATH, body_of(broadcast), idempotency_key)

    def get(self, broadcast_id: str) -> Broadcast:
        """One broadcast with its counts."""
        return self._get(Broadcast, path_of(_PATH + "/{}", broadcast_id))

    def list(self, *, page_size: int = 50) -> Iterator[Broadcast]:
        """All broadcasts, newest first."""
        return self._pages(BroadcastPage, _PATH, lambda page: page.broadcasts, limit=page_size)

    def pause(self, broadcast_id: str, *, actor: str = "") -> Broadcast:
        """Stop sending until it is resumed. Raises Conflict if it is over."""
        return self._step(broadcast_id, "pause", actor, repeatable=True)

    def resume(self, broadcast_id: str, *, actor: str = "") -> Broadcast:
        """Go on where it was. Never repeated by itself: somebody may pause it again."""
        return self._step(broadcast_id, "resume", actor, repeatable=False)

    def cancel(self, broadcast_id: str, *, actor: str = "") -> Broadcast:
        """End it: eSIMs without a message get nothing."""
        return self._step(broadcast_id, "cancel", actor, repeatable=True)

    def recipients(
        self, broadcast_id: str, *, state: str | None = None, page_size: int = 200
    ) -> Iterator[Recipient]:
        """What became of each eSIM."""
        path = path_of(_PATH + "/{}/recipients", broadcast_id)
        return self._pages(
            RecipientPage, path, lambda page: page.recipients, state=state, limit=page_size
        )

    def _step(self, broadcast_id: str, step: str, actor: str, *, repeatable: bool) -> Broadcast:
        path = path_of(_PATH + "/{}/" + step, broadcast_id)
        return self._change(Broadcast, "POST", path, {"actor": actor}, repeatable=repeatable)
