"""Calls of upstream APIs to simpost: what a carrier needs of a request, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol, runtime_checkable

PATH = "/carriers/"
"""URLs are this, the name of the carrier and its secret token."""


class Callback(NamedTuple):
    """A request of an upstream API to a URL with the token of its carrier.

    Attributes:
        query: of the URL, as it came.
        headers: names in lower case.
        body: as it came: signatures are of these octets.
    """

    method: str
    query: str
    headers: Mapping[str, str]
    body: bytes


class CallbackAnswer(NamedTuple):
    """What the API is answered once everything is committed.

    Attributes:
        content_type, body: as this API wants them.
    """

    content_type: str = "application/json"
    body: bytes = b"{}"


class WrongCallbackSignature(Exception):
    """The request is not signed as the settings of the carrier require."""


class CallbacksBusy(Exception):
    """The request was not taken, or is not committed yet: it must be sent again."""


@runtime_checkable
class CallbackCarrier(Protocol):
    """A carrier whose API calls simpost."""

    @property
    def callback_methods(self) -> frozenset[str]:
        """Methods that the API uses; none if it makes no calls."""
        ...

    def is_callback_token(self, token: str) -> bool:
        """Whether this is the token of the carrier; compared in constant time."""
        ...

    async def receive_callback(self, callback: Callback) -> CallbackAnswer:
        """Have what a request reports committed.

        Raises WrongCallbackSignature and CallbacksBusy.
        """
        ...
