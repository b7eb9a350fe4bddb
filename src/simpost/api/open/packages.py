"""package/list: the plans on sale, with their smsStatus."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import TypeAlias

import msgspec

from simpost.api.open.documents import plan_document
from simpost.api.open.envelope import ApiError, ApiResponse, Code
from simpost.api.open.parameters import Given, optional, optional_iccid, parse_body
from simpost.api.open.request import AuthenticatedRequest
from simpost.ports.store import PlanFilter, PlanRow, PriceRow

Prices: TypeAlias = Mapping[str, PriceRow]
"""The account's own prices, by package code."""

_BASE = "BASE"
_TOP_UP = "TOPUP"
_DATA_TYPES = {None: None, "1": (0, 1), "2": (2, 3, 4)}
"""Values of a plan's dataType that the filter selects: fixed plans, day passes."""

_NO_TOP_UP = 1
"""supportTopUpType of a plan that cannot be topped up."""


class PackageList(msgspec.Struct, frozen=True, rename="camel"):
    """Absent, null and empty filters all mean "any"; an `iccid` without a type means top-ups."""

    location_code: Given = msgspec.UNSET
    type: Given = msgspec.UNSET
    package_code: Given = msgspec.UNSET
    slug: Given = msgspec.UNSET
    iccid: Given = msgspec.UNSET
    data_type: str | int | msgspec.UnsetType | None = msgspec.UNSET


_DECODER = msgspec.json.Decoder(PackageList)


async def list_packages(call: AuthenticatedRequest) -> ApiResponse:
    """The plans that match the filters."""
    query = parse_body(call.body, _DECODER)
    iccid = optional_iccid(query.iccid)
    kind = (optional("type", query.type) or (_TOP_UP if iccid else _BASE)).upper()
    if kind not in (_BASE, _TOP_UP):
        raise ApiError(Code.PARAMETER_INVALID, "type must be BASE or TOPUP")
    costs, account = call.services.costs, call.account
    async with costs.turn(account):
        prices = await call.services.store.catalogue.list_prices(account.id)
        reply = await (_top_ups if kind == _TOP_UP else _bases)(call, query, prices)
        costs.charge_octets(account, len(reply.body))
    return reply


def _filter(query: PackageList, kind: str) -> PlanFilter:
    given = query.data_type
    data_type = optional("dataType", str(given) if isinstance(given, int) else given)
    if data_type not in _DATA_TYPES:
        raise ApiError(Code.PARAMETER_INVALID, "dataType must be 1 or 2")
    location = optional("locationCode", query.location_code)
    return PlanFilter(
        type=kind,
        location=location.upper() if location else None,
        data_types=_DATA_TYPES[data_type],
    )


async def _bases(call: AuthenticatedRequest, query: PackageList, prices: Prices) -> ApiResponse:
    """Base plans; a packageCode or slug selects one plan of any type."""
    filters = _filter(query, _BASE)
    code = optional("packageCode", query.package_code)
    slug = optional("slug", query.slug)
    if not code and not slug:
        return await _all_plans(call, filters, prices)
    plan = await call.services.store.catalogue.find_plan(code or slug or "")
    if plan is None or (slug and slug not in (plan.slug, plan.package_code)):
        return _reply(call, [], prices)
    return _reply(call, [plan] if _matches(plan, filters) else [], prices)


async def _top_ups(call: AuthenticatedRequest, query: PackageList, prices: Prices) -> ApiResponse:
    """Top-ups; for a base plan or an eSIM those of the same location, if it can be topped up."""
    filters = _filter(query, _TOP_UP)
    base = await _base_of(call, query)
    if base and base.type == _TOP_UP:
        return _reply(call, [base] if _matches(base, filters) else [], prices)
    if base and base.document.get("supportTopUpType") == _NO_TOP_UP:
        return _reply(call, [], prices)
    return await _all_plans(call, filters, prices, base.location if base else None)


async def _all_plans(
    call: AuthenticatedRequest, filters: PlanFilter, prices: Prices, location: str | None = None
) -> ApiResponse:
    """All plans that match, cached until a plan changes. `location` must be equal, if given.

    The key contains everything that the response depends on.
    """
    services = call.services
    version = await services.store.catalogue.plans_version()
    own = blake2b(msgspec.msgpack.encode(list(prices.values())), digest_size=16).digest()
    key = (call.account.dialect, filters, location, own)
    if (cached := services.listings.find(version, key)) is not None:
        return ApiResponse(cached)
    found = await services.store.catalogue.list_plans(filters)
    plans = [plan for plan in found if location in (None, plan.location)]
    reply = await services.costs.work(call.account, lambda: _reply(call, plans, prices))
    services.listings.add(version, key, reply.body)
    return reply


async def _base_of(call: AuthenticatedRequest, query: PackageList) -> PlanRow | None:
    """The plan to be topped up; `None` if the request names none."""
    store = call.services.store
    code = optional("packageCode", query.package_code) or optional("slug", query.slug)
    iccid = optional_iccid(query.iccid)
    if iccid:
        esim = await store.catalogue.find_esim(call.account.id, esim_tran_no=None, iccid=iccid)
        if esim is None:
            raise ApiError(Code.ESIM_UNKNOWN)
        code = code or esim.package_code
    if not code:
        return None
    plan = await store.catalogue.find_plan(code)
    if plan is None:
        raise ApiError(Code.PACKAGE_UNKNOWN)
    return plan


def _matches(plan: PlanRow, filters: PlanFilter) -> bool:
    """Whether a plan found by its code is on sale and matches the other filters.

    The locations `!RG` and `!GL` match every plan here.
    """
    place = filters.location
    in_place = not place or place.startswith("!") or place in plan.location.split(",")
    in_type = filters.data_types is None or plan.data_type in filters.data_types
    return in_place and in_type and not plan.retired


def _reply(call: AuthenticatedRequest, plans: Iterable[PlanRow], prices: Prices) -> ApiResponse:
    """The response. Plans are encoded one by one, so that other threads run in between."""
    imported = call.services.shows_imported_prices
    documents = (
        plan_document(plan, prices.get(plan.package_code), shows_imported=imported)
        for plan in plans
    )
    encoded = [msgspec.Raw(msgspec.json.encode(document)) for document in documents]
    return call.rules.result({"packageList": encoded})
