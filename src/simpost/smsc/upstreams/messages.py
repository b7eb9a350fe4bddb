"""Messages that an API shows by their id, in bounded memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Final

from simpost.smpp import MessageState
from simpost.smsc.faults import UpstreamName
from simpost.smsc.upstreams.shape import UpstreamMessage

MAX_MESSAGES: Final = 20_000


class UpstreamMessages:
    """The latest messages of all APIs; the oldest is removed for a new one."""

    def __init__(self, clock: Callable[[], float], max_messages: int = MAX_MESSAGES) -> None:
        self._clock = clock
        self._max_messages = max_messages
        self._by_id: OrderedDict[tuple[UpstreamName, str], UpstreamMessage] = OrderedDict()

    def add(self, upstream: UpstreamName, message: UpstreamMessage) -> None:
        self._by_id[upstream, message.id] = message
        if len(self._by_id) > self._max_messages:
            self._by_id.popitem(last=False)

    def find(self, upstream: UpstreamName, message_id: str) -> UpstreamMessage | None:
        return self._by_id.get((upstream, message_id))

    def newest(self, upstream: UpstreamName) -> Iterator[UpstreamMessage]:
        """The messages of an API, the newest first."""
        return (message for (name, _), message in reversed(self._by_id.items()) if name == upstream)

    def state(self, message: UpstreamMessage) -> MessageState:
        """The present state of a message; ENROUTE until it is final."""
        submit = message.submit
        return submit.state_at(self._clock()) if submit else MessageState.ENROUTE
