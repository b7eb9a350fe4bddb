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
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

import msgspec

from simpost.config.sources import EsimAccessSourceSettings
from simpost.features.catalogue_sync.supplier import (
    MOST_PAGES,
    PacedCalls,
    Sleep,
    Span,
    StoredProfiles,
    SupplierError,
    SupplierPage,
    TryAgain,
    list_of,
    message_of,
    object_of,
)
from simpost.net.resolver import NameResolver

_BUSY: Final = "900001"
_SUCCESS: Final = (None, "", "0", 0)
_TYPES: Final = ("BASE", "TOPUP")


class EsimAccessSupplier:
    """Implements `Supplier`. Pages have a total."""

    def __init__(
        self, settings: EsimAccessSourceSettings, names: NameResolver, sleep: Sleep = asyncio.sleep
    ) -> None:
        self._page_rows = settings.page_rows
        sign = partial(esim_access_headers, settings)
        self._calls = PacedCalls(settings, settings.url, settings.rate_per_s, sign, names, sleep)

    async def close(self) -> None:
        """Close its connections."""
        await self._calls.close()

    async def plans(self) -> list[Any]:
        """All plans and top-ups. Raises SupplierError."""
        rows: list[Any] = []
        for kind in _TYPES:
            found = await self._ask("package/list", {"type": kind})
            rows += [
                {"type": kind, **row} if isinstance(row, dict) else row
                for row in list_of(found, "packageList")
            ]
        return rows

    async def esims(self, span: Span, stored: StoredProfiles) -> AsyncIterator[SupplierPage]:
        """Pages of eSIMs: all, or those ordered since a time. Raises SupplierError."""
        times = {}
        if span.since_ms is not None:
            times = {"startTime": _time(span.since_ms), "endTime": _time(_now())}
        seen = 0
        for number in range(1, MOST_PAGES + 1):
            pager = {"pageNum": number, "pageSize": self._page_rows}
            found = await self._ask("esim/query", {**times, "pager": pager})
            rows = list_of(found, "esimList")
            total = _total(found)
            seen += len(rows)
            yield SupplierPage(rows, total)
            if not rows or seen >= total:
                return
        raise SupplierError(f"The supplier has more than {MOST_PAGES} pages of eSIMs.")

    async def lists(self, esim_tran_no: str) -> bool:
        """Whether it lists this eSIM now. Raises SupplierError."""
        pager = {"pageNum": 1, "pageSize": self._page_rows}
        found = await self._ask("esim/query", {"esimTranNo": esim_tran_no, "pager": pager})
        return bool(list_of(found, "esimList"))

    async def _ask(self, path: str, body: dict[str, Any]) -> Any:
        return await self._calls.ask("POST", path, msgspec.json.encode(body), _object)


def esim_access_headers(
    settings: EsimAccessSourceSettings, body: bytes, request_id: str | None = None
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


def _object(path: str, document: Any) -> Any:
    """The `obj` of a successful envelope."""
    envelope = object_of(path, document)
    code = envelope.get("errorCode")
    if envelope.get("success") is True and code in _SUCCESS:
        return envelope.get("obj")
    text = message_of(envelope, "errorMsg", "errorMessage")
    words = f"{path}: the supplier answered {str(code)[:20]}: {text}"
    if str(code) == _BUSY:
        raise TryAgain(words, is_throttled=True)
    raise SupplierError(words)


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
