"""The API of eSIM Access and HiRoaming: plans and eSIMs, page by page.

Both are POSTs of JSON with an envelope `{success, errorCode, errorMsg, obj}`. Business errors come
with HTTP 200.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import msgspec

from simpost.config.sources import SourceSettings
from simpost.errors import SimpostError
from simpost.net.address_guard import RefusedUrl
from simpost.net.http_client import HttpClient, HttpResponse, NoResponse, NotSent
from simpost.net.resolver import NameResolver

MAX_RESPONSE_OCTETS: Final = 32 * 1024 * 1024
"""All plans are one response, of some 3 MB in 2026."""
_MOST_PAGES: Final = 10_000
"""The supplier counts pages from 1 to this."""
_TRIES: Final = 5
_FIRST_PAUSE_S: Final = 1.0
_LONGEST_PAUSE_S: Final = 60.0
_OK: Final = 200
_TOO_MANY_REQUESTS: Final = 429
_BUSY: Final = "900001"
_SUCCESS: Final = (None, "", "0", 0)
_TYPES: Final = ("BASE", "TOPUP")


class SupplierError(SimpostError):
    """The supplier refused, or cannot be reached; the text says which, without secrets."""


class SupplierPage(NamedTuple):
    """eSIMs of one page; `total` counts those of all pages, as the supplier says."""

    rows: list[Any]
    total: int


class _Busy(Exception):
    """The supplier asks to come again."""

    def __init__(self, problem: str, after_s: float | None) -> None:
        super().__init__(problem)
        self.after_s = after_s


class EsimAccessSupplier:
    """Calls of one source, one at a time and not more often than its settings allow."""

    def __init__(
        self,
        settings: SourceSettings,
        names: NameResolver,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._settings = settings
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
        """Close its connections."""
        await self._client.close()

    async def plans(self) -> list[Any]:
        """All plans and top-ups. Raises SupplierError."""
        rows: list[Any] = []
        for kind in _TYPES:
            found = await self._call("package/list", {"type": kind})
            rows += [
                {"type": kind, **row} if isinstance(row, dict) else row
                for row in _list(found, "packageList")
            ]
        return rows

    async def esims(self, since_ms: int | None = None) -> AsyncIterator[SupplierPage]:
        """Pages of eSIMs: all, or those ordered since a time. Raises SupplierError."""
        size = self._settings.page_rows
        span = {} if since_ms is None else {"startTime": _time(since_ms), "endTime": _time(_now())}
        seen = 0
        for number in range(1, _MOST_PAGES + 1):
            pager = {"pageNum": number, "pageSize": size}
            found = await self._call("esim/query", {**span, "pager": pager})
            rows = _list(found, "esimList")
            total = _total(found)
            seen += len(rows)
            yield SupplierPage(rows, total)
            if not rows or seen >= total:
                return
        raise SupplierError(f"The supplier has more than {_MOST_PAGES} pages of {size} eSIMs.")

    async def _call(self, path: str, body: dict[str, Any]) -> Any:
        """The `obj` of a response; tried again while the supplier is busy or unreachable."""
        pause_s = _FIRST_PAUSE_S
        for attempt in range(1, _TRIES + 1):
            try:
                return await self._try(path, msgspec.json.encode(body))
            except _Busy as busy:
                if attempt == _TRIES:
                    raise SupplierError(f"{busy} ({_TRIES} times).") from None
                wait_s = pause_s if busy.after_s is None else busy.after_s
                await self._sleep(min(wait_s, _LONGEST_PAUSE_S))
                pause_s *= 2
        raise AssertionError

    async def _try(self, path: str, body: bytes) -> Any:
        await self._keep_pace()
        try:
            response = await self._client.post(
                f"{self._settings.url}/{path}", body, supplier_headers(self._settings, body)
            )
        except (NotSent, NoResponse) as error:
            raise _Busy(f"{path}: {error}", None) from None
        except RefusedUrl as error:
            raise SupplierError(f"{path}: {error}") from None
        return _object(path, response)

    async def _keep_pace(self) -> None:
        now_s = time.monotonic()
        if now_s < self._next_s:
            await self._sleep(self._next_s - now_s)
        self._next_s = max(now_s, self._next_s) + 1 / self._settings.rate_per_s


def supplier_headers(
    settings: SourceSettings, body: bytes, request_id: str | None = None
) -> dict[str, str]:
    """Headers with the credentials of a source, for a request with this body."""
    code, key = settings.access_code.get_secret_value(), settings.secret_key.get_secret_value()
    headers = {"Content-Type": "application/json", "RT-AccessCode": code}
    if request_id or (key and not settings.secret_is_sent):
        headers["RT-RequestID"] = request_id = request_id or str(uuid.uuid4())
    if key and settings.secret_is_sent:
        headers["RT-SecretKey"] = key
    elif key:
        headers["RT-Timestamp"] = at = str(_now())
        signed = f"{at}{request_id}{code}".encode() + body
        headers["RT-Signature"] = hmac.new(key.encode(), signed, hashlib.sha256).hexdigest()
    return headers


def _object(path: str, response: HttpResponse) -> Any:
    """The `obj` of a successful envelope."""
    if response.status == _TOO_MANY_REQUESTS or response.status >= 500:
        after = response.headers.get("retry-after", "")
        after_s = float(after) if after.isdecimal() else None
        raise _Busy(f"{path}: the supplier answered HTTP {response.status}", after_s)
    if response.status != _OK:
        raise SupplierError(f"{path}: the supplier answered HTTP {response.status}.")
    if len(response.body) >= MAX_RESPONSE_OCTETS:
        raise SupplierError(f"{path}: the response has more than {MAX_RESPONSE_OCTETS} octets.")
    try:
        envelope = msgspec.json.decode(response.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise SupplierError(f"{path}: the response is not JSON.") from None
    if not isinstance(envelope, dict):
        raise SupplierError(f"{path}: the response is not an object.")
    code = envelope.get("errorCode")
    if envelope.get("success") is True and code in _SUCCESS:
        return envelope.get("obj")
    words = f"{path}: the supplier answered {str(code)[:20]}: {_message(envelope)}"
    if str(code) == _BUSY:
        raise _Busy(words, None)
    raise SupplierError(words)


def _message(envelope: dict[str, Any]) -> str:
    text = envelope.get("errorMsg") or envelope.get("errorMessage") or "no message"
    return " ".join(str(text).split())[:200]


def _list(found: Any, name: str) -> list[Any]:
    rows = found.get(name) if isinstance(found, dict) else None
    if rows is None:
        return []
    if not isinstance(rows, list):
        raise SupplierError(f"{name} of the response is not a list.")
    return rows


def _total(found: Any) -> int:
    pager = found.get("pager") if isinstance(found, dict) else None
    total = pager.get("total") if isinstance(pager, dict) else None
    if not isinstance(total, int) or isinstance(total, bool) or total < 0:
        raise SupplierError("The response of esim/query has no pager.total.")
    return total


def _now() -> int:
    return time.time_ns() // 1_000_000


def _time(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")
