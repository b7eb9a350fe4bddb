"""Messages of the native API."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Unpack

from simpost_client._async.resource import AsyncResource
from simpost_client.batches import BatchOutcome, has_uncommitted, read_batch
from simpost_client.calls import Call, to_json
from simpost_client.models import AcceptedMessage, Message, MessageDetail, MessagePage, Preview
from simpost_client.requests import Category, MessageFields, body_of, path_of


class AsyncMessages(AsyncResource):
    """Send messages, and read what became of them."""

    async def send(self, **message: Unpack[MessageFields]) -> AcceptedMessage:
        """Send a message: it is committed when this returns.

        The request has an idempotency key, yours or one of its own, so that it is repeated without
        harm. Raises Refused with the reason.
        """
        idempotency_key = message.pop("idempotency_key", None)
        return await self._keyed(AcceptedMessage, "/v1/messages", body_of(message), idempotency_key)

    async def preview(self, **message: Unpack[MessageFields]) -> Preview:
        """Dry run: the decision with its reasons; nothing is stored or sent."""
        return await self._ask(Preview, "/v1/messages", {**body_of(message), "dryRun": True})

    async def send_batch(
        self, messages: Sequence[MessageFields], *, idempotency_key: str | None = None
    ) -> tuple[BatchOutcome, ...]:
        """Send up to 1,000 messages; the outcome of each, in their order.

        What the store could not commit is sent again with the same key.
        """
        key = idempotency_key or str(uuid.uuid4())
        call = Call(
            method="POST",
            path="/v1/messages",
            body=to_json({"messages": [body_of(each) for each in messages]}),
            read=read_batch,
            headers={"Idempotency-Key": key},
            idempotency_key=key,
            repeatable=True,
            is_unfinished=has_uncommitted,
        )
        return await self._transport.send(call)

    async def get(self, message_id: str) -> MessageDetail:
        """One message with its parts, attempts and decisions."""
        return await self._get(MessageDetail, path_of("/v1/messages/{}", message_id))

    async def cancel(self, message_id: str) -> MessageDetail:
        """Cancel a message that has not left. Raises Conflict if it has."""
        path = path_of("/v1/messages/{}", message_id)
        return await self._change(MessageDetail, "DELETE", path, repeatable=True)

    def search(
        self,
        *,
        esim_tran_no: str | None = None,
        iccid: str | None = None,
        msisdn: str | None = None,
        state: str | None = None,
        reason: str | None = None,
        category: Category | None = None,
        template: str | None = None,
        broadcast: str | None = None,
        reference: str | None = None,
        reference_prefix: str | None = None,
        carrier_message_id: str | None = None,
        accepted_from: datetime | None = None,
        accepted_to: datetime | None = None,
        page_size: int = 50,
    ) -> AsyncIterator[Message]:
        """The messages that meet all conditions, newest first; pages are read as needed."""
        wanted: Mapping[str, Any] = {
            "esim_tran_no": esim_tran_no,
            "iccid": iccid,
            "msisdn": msisdn,
            "state": state,
            "reason": reason,
            "category": category,
            "template": template,
            "broadcast": broadcast,
            "reference": reference,
            "reference_prefix": reference_prefix,
            "carrier_message_id": carrier_message_id,
            "sender": accepted_from,
            "to": accepted_to,
            "limit": page_size,
        }
        return self._pages(MessagePage, "/v1/messages", lambda page: page.messages, **wanted)
