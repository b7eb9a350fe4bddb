"""A request and its response as values, without any input or output."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

from simpost_client.errors import UnexpectedResponse

T = TypeVar("T")

MAX_RESPONSE_OCTETS: Final = 32 * 2**20
"""A longer response is refused. The plans of a large supplier are 3 MB."""


@dataclass(frozen=True, slots=True)
class Response:
    """A response; the names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The value of the body. Raises UnexpectedResponse if it is not JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            kind = self.headers.get("content-type", "no type")
            raise UnexpectedResponse(f"HTTP {self.status} with {kind} instead of JSON") from None

    def retry_after_s(self) -> float | None:
        """Seconds to wait before the next request, if the response says so."""
        given = self.headers.get("retry-after", "")
        if given.isdecimal() and len(given) < 10:
            return float(given)
        import email.utils  # rarely needed, and slow to load

        if (at := email.utils.parsedate_tz(given)) is None:
            return None
        return max(0.0, email.utils.mktime_tz(at) - time.time())


def _never(_: Response) -> bool:
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Generic[T]):
    """One request of the API, and how its response is read.

    `changes`: it changes something. `repeatable`: it has the same effect when it is carried out
    twice, so that it may be repeated when its outcome is unknown. `is_unfinished`: whether a
    response asks for the same request again.
    """

    method: str
    path: str
    read: Callable[[Response], T]
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    changes: bool = True
    repeatable: bool = False
    is_unfinished: Callable[[Response], bool] = _never
    idempotency_key: str | None = None


def to_json(value: object) -> bytes:
    """The octets of a body: compact JSON in UTF-8. Raises ValueError for NaN."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode("utf-8")
