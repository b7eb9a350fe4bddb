"""The API of eSIM Go, version 2.3 and later: bundles and eSIMs.

Source: docs.esim-go.com, "Get Bundle catalogue", "List eSIMs", "Get eSIM details", "List Bundles
applied to eSIM", and the release notes of 2.2 for operators of filters. A list has no total: it
ends with a page that has nothing new. `List eSIMs` has neither the profile nor the bundle of an
eSIM, which take two requests more, so that only eSIMs that may have changed are asked for.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

from simpost.catalogue.missing_rows import KeySet
from simpost.config.sources import EsimGoSourceSettings
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
    Unlisted,
    digits_of,
    list_of,
    named,
    object_of,
    scaled,
)
from simpost.net.resolver import NameResolver

_MB: Final = 10**6
_CHUNK_S: Final = 10
"""Seconds of requests for details after which a part of a page is saved."""
_UNUSED: Final = frozenset({SmdpStatus.RELEASED, SmdpStatus.DOWNLOAD})
_PROFILES: Final[Mapping[str, SmdpStatus]] = {
    "released": SmdpStatus.RELEASED,
    "downloaded": SmdpStatus.DOWNLOAD,
    "installed": SmdpStatus.INSTALLATION,
}
_DEACTIVATED: Final = "deactivated"
_STATES: Final[Mapping[str, EsimStatus]] = {
    "active": EsimStatus.IN_USE,
    "queued": EsimStatus.GOT_RESOURCE,
    "processing": EsimStatus.GOT_RESOURCE,
    "depleted": EsimStatus.USED_UP,
    "expired": EsimStatus.USED_EXPIRED,
    "lapsed": EsimStatus.UNUSED_EXPIRED,
    "revoked": EsimStatus.CANCEL,
}
"""Of bundles, the one that counts first: an eSIM with an active bundle is in use."""


class EsimGoSupplier:
    """Implements `Supplier`. Pages have no total."""

    def __init__(
        self, settings: EsimGoSourceSettings, names: NameResolver, sleep: Sleep = asyncio.sleep
    ) -> None:
        self._page_rows = settings.page_rows
        self._sms_status = settings.sms_status
        self._has_usd = settings.currency == "USD"
        self._chunk = max(1, int(settings.rate_per_s * _CHUNK_S / 2))
        headers = esim_go_headers(settings)
        self._calls = PacedCalls(
            settings, settings.url, settings.rate_per_s, lambda _: headers, names, sleep
        )

    async def close(self) -> None:
        """Close its connections."""
        await self._calls.close()

    async def plans(self) -> list[Any]:
        """All bundles. Raises SupplierError."""
        return [
            _plan(row, self._sms_status, has_usd=self._has_usd)
            async for rows in self._pages("catalogue", "bundles", "name", {})
            for row in rows
        ]

    async def esims(self, span: Span, stored: StoredProfiles) -> AsyncIterator[SupplierPage]:
        """Parts of pages: of all eSIMs, or of those with a newer action. Raises SupplierError."""
        wanted = {"orderBy": "iccid", "direction": "asc"}
        if span.since_ms is not None:
            wanted = {"filterBy": "actionDate", "filter": f"gte:{_time(span.since_ms)}"}
        async for rows in self._pages("esims", "esims", "iccid", wanted):
            for part in _parts(rows, self._chunk):
                profiles = await stored([key for row in part if (key := _iccid(row))])
                yield SupplierPage([await self._row(row, span, profiles) for row in part], None)

    async def lists(self, esim_tran_no: str) -> bool:
        """Whether it lists this eSIM now, or shows it when asked for it. Raises SupplierError."""
        query = {"filterBy": "iccid", "filter": esim_tran_no}
        rows = list_of(await self._calls.get("esims", query, object_of), "esims")
        if any(_iccid(row) == esim_tran_no for row in rows):
            return True
        try:
            await self._calls.get(f"esims/{quote(esim_tran_no, safe='')}", {}, object_of)
        except Unlisted:
            return False
        return True

    async def _row(self, row: Any, span: Span, profiles: Mapping[str, str]) -> Any:
        """The row of an eSIM; without its profile and bundle if they should be as stored."""
        iccid = _iccid(row)
        if not iccid:
            return {} if isinstance(row, dict) else row
        known = named(
            esimTranNo=iccid,
            iccid=iccid,
            msisdn=row.get("msisdn") or None,
            transactionId=row.get("customerRef") or None,
        )
        stored = profiles.get(iccid)
        if stored is not None and stored not in _UNUSED and not _is_newer(row, span.saved_ms):
            return known
        place = f"esims/{quote(iccid, safe='')}"
        details = await self._calls.get(place, {}, object_of)
        bundles = await self._calls.get(f"{place}/bundles", {"includeUsed": "true"}, object_of)
        return known | _details(row, details, list_of(bundles, "bundles"), stored, self._sms_status)

    async def _pages(
        self, path: str, name: str, key: str, wanted: Mapping[str, str]
    ) -> AsyncIterator[list[Any]]:
        """Rows that no page before had, until a page has none."""
        seen = KeySet()
        for number in range(1, MOST_PAGES + 1):
            query = {**wanted, "page": str(number), "perPage": str(self._page_rows)}
            found = await self._calls.get(path, query, lambda _, document: document)
            # The catalogue was a list in versions before 2.5.
            listed = found if isinstance(found, list) else list_of(object_of(path, found), name)
            rows = list(_new_rows(listed, key, seen))
            if not rows:
                return
            yield rows
        raise SupplierError(f"The supplier has more than {MOST_PAGES} pages of {name}.")


def esim_go_headers(settings: EsimGoSourceSettings) -> dict[str, str]:
    """Headers with the credentials of a source."""
    return {
        "Content-Type": "application/json",
        "X-API-Key": settings.api_key.get_secret_value(),
    }


def _new_rows(rows: Sequence[Any], key: str, seen: KeySet) -> Iterator[Any]:
    for row in rows:
        name = digits_of(row.get(key)) if isinstance(row, dict) else ""
        if not name:
            yield row
        elif name not in seen:
            seen.add(name)
            yield row


def _plan(row: Any, sms_status: int, *, has_usd: bool) -> Any:
    if not isinstance(row, dict):
        return row
    amount = row.get("dataAmount")
    is_limited = isinstance(amount, int) and amount > 0 and not row.get("unlimited")
    return named(
        packageCode=row.get("name"),
        type="BASE",
        name=row.get("description"),
        description=row.get("description"),
        volume=amount * _MB if is_limited and isinstance(amount, int) else None,
        duration=row.get("duration"),
        durationUnit="DAY",
        price=scaled(row, "price", USD) if has_usd else None,
        currencyCode="USD" if has_usd else None,
        location=",".join(_texts(row.get("countries"), "iso")) or None,
        speed="/".join(_texts(row.get("speed"))) or None,
        smsStatus=sms_status,
    )


def _details(
    row: dict[str, Any],
    details: dict[str, Any],
    bundles: list[Any],
    stored: str | None,
    sms_status: int,
) -> dict[str, Any]:
    """Profile and bundle of an eSIM, and what only a new eSIM gets."""
    profile = str(details.get("profileStatus")).lower()
    smdp = _PROFILES.get(profile)
    # "Released" with a first installation: it was removed from the handset since.
    if smdp is SmdpStatus.RELEASED and details.get("firstInstalledDateTime"):
        smdp = SmdpStatus.DELETED
    if stored in (SmdpStatus.ENABLED, SmdpStatus.DISABLED) and smdp is SmdpStatus.INSTALLATION:
        smdp = None
    name, state = _bundle(bundles)
    status = EsimStatus.REVOKE if profile == _DEACTIVATED else _STATES.get(state)
    is_new = stored is None
    if is_new:
        status, smdp = status or EsimStatus.GOT_RESOURCE, smdp or SmdpStatus.RELEASED
    address, matching_id = details.get("smdpAddress"), details.get("matchingId")
    plan = named(packageCode=name or None, createTime=row.get("assignedDate") or None)
    return named(
        msisdn=details.get("msisdn") or row.get("msisdn") or None,
        packageList=[plan] if plan else None,
        smsStatus=sms_status if is_new else None,
        smdpStatus=smdp,
        esimStatus=status,
        ac=f"LPA:1${address}${matching_id}" if address and matching_id else None,
        pin=details.get("pin"),
        puk=details.get("puk"),
    )


def _bundle(bundles: list[Any]) -> tuple[str, str]:
    """Name and state of the bundle that counts; empty if there is none."""
    found = [
        (str(bundle.get("name") or ""), str(each.get("bundleState")).lower())
        for bundle in bundles
        if isinstance(bundle, dict)
        for each in list_of(bundle, "assignments")
        if isinstance(each, dict)
    ]
    ranks = list(_STATES)
    known = [each for each in found if each[1] in _STATES]
    return min(known, key=lambda each: ranks.index(each[1]), default=("", ""))


def _is_newer(row: dict[str, Any], saved_ms: int | None) -> bool:
    """Whether the last action is not before that time, or not known."""
    try:
        at = datetime.fromisoformat(str(row.get("actionDate")))
    except ValueError:
        return True
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return saved_ms is None or at.timestamp() * 1000 >= saved_ms


def _iccid(row: Any) -> str:
    return digits_of(row.get("iccid")) if isinstance(row, dict) else ""


def _parts(rows: list[Any], size: int) -> Iterator[list[Any]]:
    return (rows[first : first + size] for first in range(0, len(rows), size))


def _texts(values: Any, name: str = "") -> list[str]:
    """Texts of a list, or of one field of its objects."""
    if not isinstance(values, list):
        return []
    if name:
        values = [each.get(name) for each in values if isinstance(each, dict)]
    return [each for each in values if isinstance(each, str) and each]


def _time(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
