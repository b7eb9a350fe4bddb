"""What the driver needs to know of an upstream API, and texts as every API takes them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Final, NamedTuple, Protocol
from urllib.parse import quote

from simpost.carriers.http.callbacks import CallbackReader
from simpost.domain.options import Concatenation
from simpost.domain.outcomes import Outcome
from simpost.domain.reasons import Reason
from simpost.domain.states import State
from simpost.net.http_client import HttpResponse
from simpost.ports.carrier import OutboundPart
from simpost.text import CallLimit

CONCATENATIONS: Final = {"whole": "payload", "numbered": "numbered"}
"""How a long text is sent, by the setting `long_texts`."""


class UpstreamRequest(NamedTuple):
    """A request that sends a part."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


class LogIn(NamedTuple):
    """How an API gives the token of all requests.

    Attributes:
        headers_with: headers of a request, with paths of the response in braces.
        expires_path: where the response has the life of the token in seconds; empty for nowhere.
    """

    request: UpstreamRequest
    headers_with: Mapping[str, str]
    expires_path: str = ""


class ReportedState(NamedTuple):
    """What an API says became of a part; `sent` with a reason is an intermediate notice."""

    state: State
    reason: Reason | None
    code: str = ""


class ReceiptReader(Protocol):
    """How an API is asked what became of a part. Pure."""

    def state_request(self, destination: str, message_id: str) -> UpstreamRequest:
        """The request that asks for the state of a part."""
        ...

    def read_state(self, response: HttpResponse) -> ReportedState | None:
        """The state in a response; `None` if there is no news."""
        ...


class IdReader(Protocol):
    """How the id of a part is found that its response does not have. Pure."""

    def id_request(self, part: OutboundPart) -> UpstreamRequest:
        """The request that lists what was sent to a destination."""
        ...

    def read_id(self, response: HttpResponse, part: OutboundPart, since_ms: int) -> str:
        """The id of a part in that list; empty unless one entry fits."""
        ...


class Upstream(Protocol):
    """An upstream API. Pure: it makes requests and reads responses; the driver sends them.

    Attributes:
        concatenation: how a long text is sent; see `CarrierCapabilities`.
        call_limit: the longest text of a request; `None` for no limit but that of `max_parts`.
        receipts: whether the API reports what became of a part.
        log_in: how requests get a token; `None` if they need none.
        reader: how it is asked for the state of parts; `None` if it is not.
        id_reader: how it is asked for ids that responses do not have; `None` if it is not.
        callbacks: how its calls are read; `None` if it makes none.
        has_ids: whether it gives parts an id.
    """

    @property
    def concatenation(self) -> str: ...

    @property
    def call_limit(self) -> CallLimit | None: ...

    @property
    def receipts(self) -> bool: ...

    @property
    def log_in(self) -> LogIn | None: ...

    @property
    def reader(self) -> ReceiptReader | None: ...

    @property
    def id_reader(self) -> IdReader | None: ...

    @property
    def callbacks(self) -> CallbackReader | None: ...

    @property
    def has_ids(self) -> bool: ...

    def request(self, part: OutboundPart, now_ms: int) -> UpstreamRequest:
        """The request that sends a part."""
        ...

    def outcome(self, response: HttpResponse, now_ms: int) -> Outcome:
        """What a response says of the part.

        `unreachable` with `carrier_unreachable` means that the credentials were refused.
        """
        ...


class NoPathSegment(Exception):
    """The value is `.` or `..`: a server would take the path for another one (RFC 3986 5.2.4)."""


def path_segment(value: str) -> str:
    """A value as one segment of a path. Raises NoPathSegment."""
    if value in (".", ".."):
        raise NoPathSegment
    return quote(value, safe="")


def text_of(part: OutboundPart) -> str:
    """The text of a part; a numbered one begins with its number and their total."""
    if part.options.concatenation is Concatenation.NUMBERED and part.total > 1:
        return f"{part.number}/{part.total} {part.text}"
    return part.text


def request_id_of(part: OutboundPart) -> str:
    """A UUID that stays the same while attempts end in doubt.

    An API that sees it again may take the request for a repetition. After any other outcome it is
    a new one, so that no earlier refusal is repeated.
    """
    name = f"{part.number}.{part.attempt - part.unclear}"
    return str(uuid.uuid5(uuid.UUID(bytes=part.message_id), name))
