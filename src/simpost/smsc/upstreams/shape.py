"""What an upstream API is: it reads requests and writes responses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, Protocol

import msgspec

from simpost.smsc.accepted_submits import AcceptedSubmit
from simpost.smsc.faults import HttpError, UpstreamName

JSON: Final = {"content-type": "application/json"}
FORM: Final = {"content-type": "application/x-www-form-urlencoded"}
MAX_DIGITS: Final = 20
"""Of a handset: as many as an ICCID has."""


class Call(NamedTuple):
    """A request. `secret` is what it must prove to know; empty: any secret will do."""

    path: Mapping[str, Any]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    secret: str


class UpstreamReply(NamedTuple):
    """A response."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = JSON


class RefusedCall(Exception):
    """A request is refused as the API documents it."""

    def __init__(self, reply: UpstreamReply) -> None:
        super().__init__(f"HTTP {reply.status}")
        self.reply = reply


class UpstreamText(NamedTuple):
    """A text for a handset.

    Attributes:
        destination: the digits by which the API addresses the handset.
        coding, header: data_coding and user data header, where the caller decides them; a text
            without is split and encoded by the simulator.
        validity_s: seconds for which it waits for a handset that is off.
        secret: what the caller proved to know; it signs callbacks.
        callback_url: URL for news of this text.
        details: other things to show in responses.
    """

    destination: str
    sender: str
    text: str
    coding: int | None = None
    header: bytes = b""
    validity_s: float | None = None
    secret: str = ""
    callback_url: str = ""
    details: Mapping[str, str] = {}


@dataclass(slots=True)
class UpstreamMessage:
    """An accepted text. `submit` is its last part, from when the handset could get it."""

    id: str
    text: UpstreamText
    parts: int
    at: float
    submit: AcceptedSubmit | None = field(default=None, repr=False)


class CallbackRequest(NamedTuple):
    """A call to a URL of the client."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


class UpstreamShape(Protocol):
    """An upstream API.

    Attributes:
        refusal: the error that stands for an SMPP status other than a full queue.
        keeps_messages: it has a call that shows a message by its id.
    """

    name: UpstreamName
    refusal: HttpError
    keeps_messages: bool

    def read(self, call: Call) -> UpstreamText:
        """The text of a request. Raises RefusedCall."""

    def message_id(self, number: int) -> str:
        """The id of a message in the form of the API."""

    def accepted(self, message: UpstreamMessage) -> UpstreamReply:
        """The response to a text that is accepted."""

    def error(self, fault: HttpError) -> UpstreamReply:
        """An error in the shape of the API."""

    def callback(
        self, message: UpstreamMessage, submit: AcceptedSubmit | None
    ) -> CallbackRequest | None:
        """The call that reports a state, or without a submit that the text was sent.

        `None` if the API does not report it.
        """


def json_reply(status: int, document: Any, retry_after: int | None = None) -> UpstreamReply:
    """A response in JSON."""
    body = msgspec.json.encode(document)
    if retry_after is None:
        return UpstreamReply(status, body)
    return UpstreamReply(status, body, {**JSON, "retry-after": str(retry_after)})


def json_object(body: bytes) -> dict[str, Any] | None:
    """The JSON object of a request; `None` if it is none."""
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def is_handset(number: object) -> bool:
    """Whether it is the number of a handset."""
    return (
        isinstance(number, str)
        and number.isascii()
        and number.isdigit()
        and len(number) <= MAX_DIGITS
    )
