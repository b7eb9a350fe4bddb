"""The client of the native API."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from simpost_client._sync.transport import Transport
from simpost_client.attempts import Retries, Timeouts
from simpost_client.calls import Call

if TYPE_CHECKING:
    import httpx2

    from simpost_client._sync.broadcasts import Broadcasts
    from simpost_client._sync.conversations import Conversations
    from simpost_client._sync.events import Events
    from simpost_client._sync.inbound import InboundMessages
    from simpost_client._sync.messages import Messages
    from simpost_client._sync.templates import Templates
    from simpost_client._sync.verifications import Verifications


class SimpostClient:
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
        http: httpx2.BaseTransport | None = None,
    ) -> None:
        headers = _credentials(access_code, secret, api_key)

        def sign(_: Call[Any]) -> Mapping[str, str]:
            return headers

        self._transport = Transport(
            base_url,
            sign,
            timeouts=timeouts or Timeouts(),
            retries=retries or Retries(),
            http=http,
        )

    @cached_property
    def messages(self) -> Messages:
        """Send messages, and read what became of them."""
        from simpost_client._sync.messages import Messages

        return Messages(self._transport)

    @cached_property
    def verifications(self) -> Verifications:
        """Send and check one-time codes."""
        from simpost_client._sync.verifications import Verifications

        return Verifications(self._transport)

    @cached_property
    def templates(self) -> Templates:
        """Texts that are saved once and sent with values."""
        from simpost_client._sync.templates import Templates

        return Templates(self._transport)

    @cached_property
    def broadcasts(self) -> Broadcasts:
        """One template to many eSIMs."""
        from simpost_client._sync.broadcasts import Broadcasts

        return Broadcasts(self._transport)

    @cached_property
    def conversations(self) -> Conversations:
        """Read and answer the texts of travellers."""
        from simpost_client._sync.conversations import Conversations

        return Conversations(self._transport)

    @cached_property
    def inbound(self) -> InboundMessages:
        """Texts from handsets and phones."""
        from simpost_client._sync.inbound import InboundMessages

        return InboundMessages(self._transport)

    @cached_property
    def events(self) -> Events:
        """What happened, in order."""
        from simpost_client._sync.events import Events

        return Events(self._transport)

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


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
