"""The client of the native API."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from simpost_client._async.transport import AsyncTransport
from simpost_client.attempts import Retries, Timeouts
from simpost_client.calls import Call

if TYPE_CHECKING:
    import httpx2

    from simpost_client._async.broadcasts import AsyncBroadcasts
    from simpost_client._async.conversations import AsyncConversations
    from simpost_client._async.events import AsyncEvents
    from simpost_client._async.inbound import AsyncInboundMessages
    from simpost_client._async.messages import AsyncMessages
    from simpost_client._async.templates import AsyncTemplates
    from simpost_client._async.verifications import AsyncVerifications


class AsyncSimpostClient:
    """The native API of a simpost: messages, codes, templates, broadcasts, conversations, events.

    Give `access_code` and `secret` of the account, or an `api_key`. Use it as a context manager, or
    close it. One client serves many calls at once.
    """

    def __init__(
        self,
        base_url: str,
        *,
        access_code: str | None = None,
        secret: str | None = None,
        api_key: str | None = None,
        timeouts: Timeouts | None = None,
        retries: Retries | None = None,
        http: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        headers = _credentials(access_code, secret, api_key)

        def sign(_: Call[Any]) -> Mapping[str, str]:
            return headers

        self._transport = AsyncTransport(
            base_url,
            sign,
            timeouts=timeouts or Timeouts(),
            retries=retries or Retries(),
            http=http,
        )

    @cached_property
    def messages(self) -> AsyncMessages:
        """Send messages, and read what became of them."""
        from simpost_client._async.messages import AsyncMessages

        return AsyncMessages(self._transport)

    @cached_property
    def verifications(self) -> AsyncVerifications:
        """Send and check one-time codes."""
        from simpost_client._async.verifications import AsyncVerifications

        return AsyncVerifications(self._transport)

    @cached_property
    def templates(self) -> AsyncTemplates:
        """Texts that are saved once and sent with values."""
        from simpost_client._async.templates import AsyncTemplates

        return AsyncTemplates(self._transport)

    @cached_property
    def broadcasts(self) -> AsyncBroadcasts:
        """One template to many eSIMs."""
        from simpost_client._async.broadcasts import AsyncBroadcasts

        return AsyncBroadcasts(self._transport)

    @cached_property
    def conversations(self) -> AsyncConversations:
        """Read and answer the texts of travellers."""
        from simpost_client._async.conversations import AsyncConversations

        return AsyncConversations(self._transport)

    @cached_property
    def inbound(self) -> AsyncInboundMessages:
        """Texts from handsets and phones."""
        from simpost_client._async.inbound import AsyncInboundMessages

        return AsyncInboundMessages(self._transport)

    @cached_property
    def events(self) -> AsyncEvents:
        """What happened, in order."""
        from simpost_client._async.events import AsyncEvents

        return AsyncEvents(self._transport)

    async def close(self) -> None:
        """Close all connections."""
        await self._transport.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()


def _credentials(
    access_code: str | None, secret: str | None, api_key: str | None
) -> dict[str, str]:
    """The header that proves who calls. Raises ValueError unless there is one."""
    if api_key is not None and access_code is None and secret is None:
        return {"Authorization": f"Bearer {api_key}"}
    if api_key is None and access_code is not None and secret is not None:
        pair = base64.b64encode(f"{access_code}:{secret}".encode()).decode()
        return {"Authorization": f"Basic {pair}"}
    raise ValueError("give access_code and secret, or api_key")
