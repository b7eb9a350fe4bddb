"""The business API of eSIMfly: plans and eSIMs, page by page.

Source: github.com/eSimfly-Official/api-docs, `docs/api/packages.md`, `docs/api/esims.md` and
`docs/api-authentication.md`. Both are GETs; a page says the total. There is no "changed since", and
no state of the profile: an eSIM that was used has one, any other is known by lifecycle events.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
import uuid
from collections.abc import AsyncIterator, Mapping
from functools import partial
from typing import Any, Final

from simpost.config.sources import EsimflySourceSettings
from simpost.domain.esims import EsimStatus, SmdpStatus
from simpost.features.catalogue_sync.supplier import (
    MOST_PAGES,
    USD,
    PacedCalls,
    Sleep,
    Span,
    StoredProfiles,
    SupplierError,
    SupplierPage,
    digits_of,
    list_of,
    message_of,
    named,
    object_of,
    scaled,
)
from simpost.net.resolver import NameResolver

_MIB: Final = 2**20
_API_AND_PHONE: Final = 1
_UNUSED: Final = (SmdpStatus.RELEASED, SmdpStatus.DOWNLOAD)
_STATUSES: Final[Mapping[str, EsimStatus]] = {
    "NEW": EsimStatus.GOT_RESOURCE,
    "ACTIVE": EsimStatus.IN_USE,
    "DEPLETED": EsimStatus.USED_UP,
    "EXPIRED": EsimStatus.USED_EXPIRED,
    "CANCELLED": EsimStatus.CANCEL,
    "DELETED": EsimStatus.REVOKE,
}


class EsimflySupplier:
    """Implements `Supplier`. Pages have a total."""

    def __init__(
        self, settings: EsimflySourceSettings, names: NameResolver, sleep: Sleep = asyncio.sleep
    ) -> None:
        self._page_rows = settings.page_rows
        self._sms_status = settings.sms_status
        sign = partial(esimfly_headers, settings)
        self._calls = PacedCalls(settings, settings.url, settings.rate_per_s, sign, names, sleep)

    async def close(self) -> None:
        """Close its connections."""
        await self._calls.close()

    async def plans(self) -> list[Any]:
        """All plans. Top-ups are listed per eSIM only. Raises SupplierError."""
        plans: list[Any] = []
        async for rows, _ in self._pages("esims/packages", "packages", {}):
            plans += [_plan(row, self._sms_status) for row in rows]
        return plans

    async def esims(self, span: Span, stored: StoredProfiles) -> AsyncIterator[SupplierPage]:
        """Pages of all eSIMs, or of those that were not used yet. Raises SupplierError."""
        wanted = {} if span.since_ms is None else {"status": "NEW"}
        async for rows, total in self._pages("esims", "esims", wanted):
            ready = [row for row in rows if not _is_pending(row)]
            profiles = await stored([key for row in ready if (key := _iccid(row))])
            yield SupplierPage(
                [_esim(row, profiles, self._sms_status) for row in ready],
                total,
                len(rows) - len(ready),
            )

    async def lists(self, esim_tran_no: str) -> bool:
        """Whether it lists this eSIM now. Raises SupplierError."""
        found = await self._calls.get("esims", {"search": esim_tran_no}, _data)
        return any(_iccid(row) == esim_tran_no for row in list_of(found, "esims"))

    async def _pages(
        self, path: str, name: str, wanted: Mapping[str, str]
    ) -> AsyncIterator[tuple[list[Any], int]]:
        seen = 0
        for number in range(1, MOST_PAGES + 1):
            query = {**wanted, "page": str(number), "limit": str(self._page_rows)}
            found = await self._calls.get(path, query, _data)
            rows, total = list_of(found, name), _total(path, found)
            seen += len(rows)
            yield rows, total
            if not rows or seen >= total:
                return
        raise SupplierError(f"The supplier has more than {MOST_PAGES} pages of {name}.")


def esimfly_headers(
    settings: EsimflySourceSettings, body: bytes, request_id: str | None = None
) -> dict[str, str]:
    """Headers with the credentials of a source, for a request with this body."""
    code, key = settings.access_code.get_secret_value(), settings.secret_key.get_secret_value()
    at, request_id = str(time.time_ns() // 1_000_000), request_id or str(uuid.uuid4())
    signed = f"{at}{request_id}{code}".encode() + body
    return {
        "Content-Type": "application/json",
        "RT-AccessCode": code,
        "RT-RequestID": request_id,
        "RT-Timestamp": at,
        "RT-Signature": hmac.new(key.encode(), signed, hashlib.sha256).hexdigest().upper(),
    }


def _data(path: str, document: Any) -> Any:
    envelope = object_of(path, document)
    if envelope.get("success") is True:
        return envelope.get("data")
    text = message_of(envelope, "error", "message")
    raise SupplierError(f"{path}: the supplier answered {str(envelope.get('code'))[:40]}: {text}")


def _total(path: str, found: Any) -> int:
    pages = found.get("pagination") if isinstance(found, dict) else None
    total = pages.get("total") if isinstance(pages, dict) else None
    if not isinstance(total, int) or isinstance(total, bool) or total < 0:
        raise SupplierError(f"{path}: the response has no pagination.total.")
    return total


def _plan(row: Any, sms_status: int) -> Any:
    if not isinstance(row, dict):
        return row
    is_usd = row.get("currency") == "USD"
    return named(
        packageCode=row.get("package_code"),
        type="BASE",
        name=row.get("name"),
        description=row.get("name"),
        volume=None if row.get("is_unlimited") else scaled(row, "data_amount_gb", 1024 * _MIB),
        duration=row.get("validity_days"),
        durationUnit="DAY",
        price=scaled(row, "cost", USD) if is_usd else None,
        currencyCode="USD" if is_usd else None,
        locationNetworkList=row.get("locationNetworkList"),
        smsStatus=_API_AND_PHONE if row.get("has_sms") is True else sms_status,
    )


def _iccid(row: Any) -> str:
    return digits_of(row.get("iccid")) if isinstance(row, dict) else ""


def _is_pending(row: Any) -> bool:
    return isinstance(row, dict) and row.get("is_pending") is True and not row.get("iccid")


def _esim(row: Any, profiles: Mapping[str, str], sms_status: int) -> Any:
    if not isinstance(row, dict):
        return row
    iccid, word = _iccid(row), str(row.get("status")).upper()
    if word not in _STATUSES:
        # The import says of this row that its status is not known.
        status, profile = word, None
    else:
        status, profile = _states(word, _part(row, "validity"), profiles.get(iccid))
    data, validity = _part(row, "data"), _part(row, "validity")
    plan = named(
        packageCode=row.get("package_code"),
        packageName=row.get("package_name"),
        createTime=row.get("created_at"),
    )
    return named(
        esimTranNo=iccid or None,
        iccid=row.get("iccid"),
        msisdn=row.get("phone_number"),
        packageList=[plan],
        smsStatus=None if iccid in profiles else sms_status,
        esimStatus=status,
        smdpStatus=profile,
        ac=_part(row, "manual_installation").get("lpa_format"),
        qrCodeUrl=row.get("qr_code"),
        activateTime=validity.get("activated_at"),
        expiredTime=validity.get("expires_at"),
        totalDuration=validity.get("days"),
        durationUnit="DAY",
        totalVolume=scaled(data, "total_mb", _MIB) or None,
        orderUsage=scaled(data, "used_mb", _MIB),
    )


def _states(word: str, validity: dict[str, Any], stored: str | None) -> tuple[str, str | None]:
    """esimStatus, and smdpStatus where the status tells more than what is stored."""
    status, was_used = _STATUSES[word], bool(validity.get("activated_at"))
    if word == "EXPIRED" and not was_used:
        status = EsimStatus.UNUSED_EXPIRED
    if word == "DELETED":
        return status, SmdpStatus.DELETED
    is_installed = word in ("ACTIVE", "DEPLETED") or was_used
    if stored is None:
        return status, SmdpStatus.ENABLED if is_installed else SmdpStatus.RELEASED
    return status, SmdpStatus.ENABLED if is_installed and stored in _UNUSED else None


def _part(row: dict[str, Any], name: str) -> dict[str, Any]:
    part = row.get(name)
    return part if isinstance(part, dict) else {}
