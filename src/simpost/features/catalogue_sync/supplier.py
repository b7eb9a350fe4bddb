"""What every supplier is: it lists plans and eSIMs, by requests that are paced and repeated."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from math import isfinite
from typing import Any, Final, NamedTuple, Protocol, TypeAlias
from urllib.parse import urlencode

import msgspec

from simpost.config.sources import CommonSourceSettings
from simpost.errors import SimpostError
from simpost.net.address_guard import RefusedUrl
from simpost.net.http_client import HttpClient, HttpResponse, NoResponse, NotSent
from simpost.net.resolver import NameResolver
from simpost.net.retry_after import retry_after_s

MAX_RESPONSE_OCTETS: Final = 32 * 1024 * 1024
"""All plans of eSIM Access are one response, of some 3 MB in 2026."""
MOST_PAGES: Final = 10_000
"""eSIM Access counts pages from 1 to this."""
USD: Final = 10_000
"""Units of an imported price in one US dollar."""
_TRIES: Final = 5
_FIRST_PAUSE_S: Final = 1.0
_LONGEST_PAUSE_S: Final = 60.0
"""If the supplier asks for a longer one, the pull fails: another one comes later."""
_LONGEST_WAIT_S: Final = 3600.0
_SLOWEST_PER_S: Final = 1.0
_GROWTH: Final = 1.02
"""By this factor the rate grows with each response after it was lowered."""
_UNIX_TIME_DIGITS: Final = 10
_OK: Final = 200
_UNLISTED: Final = (400, 403, 404)
_TOO_MANY_REQUESTS: Final = 429

Sleep: TypeAlias = Callable[[float], Awaitable[None]]
StoredProfiles: TypeAlias = Callable[[Sequence[str]], Awaitable[Mapping[str, str]]]
"""The stored smdpStatus of those of the given eSIMs that the account has."""


class SupplierError(SimpostError):
    """The supplier refused, or cannot be reached; the text says which, without secrets.

    Attributes:
        after_s: seconds for which it asked not to be called.
    """

    def __init__(self, problem: str, after_s: float = 0.0) -> None:
        super().__init__(problem)
        self.after_s = after_s


class Unlisted(SupplierError):
    """The supplier answered 400, 403 or 404."""


class TryAgain(Exception):
    """The supplier asks to come again.

    Attributes:
        after_s: after how many seconds, if it says so.
        is_throttled: requests came too fast.
    """

    def __init__(
        self, problem: str, after_s: float | None = None, *, is_throttled: bool = False
    ) -> None:
        super().__init__(problem)
        self.after_s = after_s
        self.is_throttled = is_throttled


class SupplierPage(NamedTuple):
    """eSIMs of one page, as rows of an import.

    Attributes:
        total: how many eSIMs all pages have, as the supplier says; `None` if it does not.
        pending: eSIMs of the page that have no ICCID yet, and no row.
    """

    rows: list[Any]
    total: int | None
    pending: int = 0


class Span(NamedTuple):
    """What a pull asks for.

    Attributes:
        since_ms: only eSIMs that are new since then; `None`: all.
        saved_ms: a time before the last pull that was saved; `None` before the first.
    """

    since_ms: int | None
    saved_ms: int | None


class Supplier(Protocol):
    """What a source lists."""

    async def plans(self) -> list[Any]:
        """All plans and top-ups, as rows of an import. Raises SupplierError."""
        ...

    def esims(self, span: Span, stored: StoredProfiles) -> AsyncIterator[SupplierPage]:
        """Pages of eSIMs. Raises SupplierError."""
        ...

    async def lists(self, esim_tran_no: str) -> bool:
        """Whether it lists this eSIM now; asked if pages have no total. Raises SupplierError."""
        ...

    async def close(self) -> None:
        """Close its connections."""
        ...


class PacedCalls:
    """Requests of one source, one at a time and not more often than its settings allow.

    A throttled request halves the rate, which then grows back with each response.

    `sign` returns the headers of a request with a body.
    """

    def __init__(
        self,
        settings: CommonSourceSettings,
        url: str,
        rate_per_s: float,
        sign: Callable[[bytes], dict[str, str]],
        names: NameResolver,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._url = url
        self._rate_per_s = self._limit_per_s = rate_per_s
        self._sign = sign
        self._sleep = sleep
        self._next_s = 0.0
        self._client = HttpClient(
            f"source {settings.name}",
            names,
            allow_private=settings.allow_private,
            connect_timeout_s=settings.timeout_s,
            response_timeout_s=settings.timeout_s,
            keep_octets=MAX_RESPONSE_OCTETS,
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def get(
        self, path: str, query: Mapping[str, str], read: Callable[[str, Any], Any]
    ) -> Any:
        """GET; see `ask`."""
        return await self.ask("GET", f"{path}?{urlencode(query)}" if query else path, b"", read)

    async def ask(
        self, method: str, path: str, body: bytes, read: Callable[[str, Any], Any]
    ) -> Any:
        """What `read` makes of the JSON of a response with the status 200.

        Asked again while the supplier is busy or cannot be reached, which `read` may say, too, by
        TryAgain. Raises SupplierError.
        """
        pause_s = _FIRST_PAUSE_S
        name = path.partition("?")[0]
        for attempt in range(1, _TRIES + 1):
            try:
                found = read(name, _document(name, await self._try(method, path, body)))
            except TryAgain as busy:
                if busy.is_throttled:
                    slowest = min(self._limit_per_s, _SLOWEST_PER_S)
                    self._rate_per_s = max(self._rate_per_s / 2, slowest)
                wait_s = pause_s if busy.after_s is None else min(busy.after_s, _LONGEST_WAIT_S)
                if wait_s > _LONGEST_PAUSE_S:
                    words = f"{busy}, and asked not to be called for {wait_s:.0f} s."
                    raise SupplierError(words, wait_s) from None
                if attempt == _TRIES:
                    raise SupplierError(f"{busy} ({_TRIES} times).", wait_s) from None
                await self._sleep(wait_s)
                pause_s *= 2
            else:
                self._rate_per_s = min(self._rate_per_s * _GROWTH, self._limit_per_s)
                return found
        raise AssertionError

    async def _try(self, method: str, path: str, body: bytes) -> HttpResponse:
        await self._keep_pace()
        name = path.partition("?")[0]
        try:
            headers = self._sign(body)
            return await self._client.request(method, f"{self._url}/{path}", body, headers)
        except (NotSent, NoResponse) as error:
            raise TryAgain(f"{name}: {error}") from None
        except RefusedUrl as error:
            raise SupplierError(f"{name}: {error}") from None

    async def _keep_pace(self) -> None:
        now_s = time.monotonic()
        if now_s < self._next_s:
            await self._sleep(self._next_s - now_s)
        self._next_s = max(now_s, self._next_s) + 1 / self._rate_per_s


def _document(name: str, response: HttpResponse) -> Any:
    """The JSON of a response with the status 200."""
    if response.status == _TOO_MANY_REQUESTS or response.status >= 500:
        raise TryAgain(
            f"{name}: the supplier answered HTTP {response.status}",
            _after_s(response),
            is_throttled=response.status == _TOO_MANY_REQUESTS,
        )
    if response.status != _OK:
        problem = Unlisted if response.status in _UNLISTED else SupplierError
        raise problem(f"{name}: the supplier answered HTTP {response.status}.")
    if len(response.body) >= MAX_RESPONSE_OCTETS:
        raise SupplierError(f"{name}: the response has more than {MAX_RESPONSE_OCTETS} octets.")
    try:
        return msgspec.json.decode(response.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise SupplierError(f"{name}: the response is not JSON.") from None


def _after_s(response: HttpResponse) -> float | None:
    """Seconds of Retry-After, or of eSIMfly's X-RateLimit-Reset, which is a Unix time."""
    now_s = time.time()
    after_s = retry_after_s(response.headers.get("retry-after", ""), round(now_s * 1000))
    reset = response.headers.get("x-ratelimit-reset", "")
    if after_s is None and len(reset) == _UNIX_TIME_DIGITS and reset.isascii() and reset.isdigit():
        return max(0.0, int(reset) - now_s)
    return after_s


def object_of(name: str, document: Any) -> dict[str, Any]:
    """A response that is an object. Raises SupplierError."""
    if not isinstance(document, dict):
        raise SupplierError(f"{name}: the response is not an object.")
    return document


def list_of(found: Any, name: str) -> list[Any]:
    """A list in a response; empty if it is missing. Raises SupplierError."""
    rows = found.get(name) if isinstance(found, dict) else None
    if rows is None:
        return []
    if not isinstance(rows, list):
        raise SupplierError(f"{name} of the response is not a list.")
    return rows


def message_of(document: Mapping[str, Any], *names: str) -> str:
    """The text of an error in one line, clipped."""
    text = next((document[name] for name in names if document.get(name)), "no message")
    return " ".join(str(text).split())[:200]


def digits_of(value: Any) -> str:
    """An identifier that should be text; a number with a fraction or an exponent is none."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value.strip() if isinstance(value, str) else ""


def scaled(found: dict[str, Any], name: str, unit: int) -> int | None:
    """A number in units of an import; `None` if there is none."""
    value = found.get(name)
    if isinstance(value, float) and isfinite(value * unit):
        return round(value * unit)
    return value * unit if isinstance(value, int) and not isinstance(value, bool) else None


def named(**fields: Any) -> dict[str, Any]:
    """A row without what is unknown: an import keeps what is stored."""
    return {name: value for name, value in fields.items() if value is not None}
