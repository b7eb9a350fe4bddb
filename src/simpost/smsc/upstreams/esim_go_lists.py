"""Lists of eSIM Go: the catalogue, eSIMs, and the details and bundles of an eSIM.

Source: docs.esim-go.com, "Get Bundle catalogue", "List eSIMs", "Get eSIM details", "List Bundles
applied to eSIM", and the guide "eSIM & Bundle Status".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar

from simpost.smsc.upstreams.catalogue import (
    UpstreamCatalogue,
    UpstreamEsim,
    UpstreamPlan,
    number_in,
)

_PROFILES: Final[Mapping[str, str]] = {"released": "Released", "downloaded": "Downloaded"}
_STATES: Final[Mapping[str, str]] = {"new": "queued", "cancelled": "revoked"}
_DEFAULT_PAGE: Final = 50
_MAX_PAGE: Final = 1000
_MB: Final = 10**6

_Row = TypeVar("_Row")


def bundle_list(catalogue: UpstreamCatalogue, query: Mapping[str, str]) -> list[dict[str, Any]]:
    """A page of bundles; the version decides whether it is in an object."""
    return [_bundle(plan) for plan in _page(catalogue.plans, query)]


def esim_list(catalogue: UpstreamCatalogue, query: Mapping[str, str]) -> dict[str, Any]:
    """A page of eSIMs, filtered and in order as the query says."""
    by, value = query.get("filterBy", ""), query.get("filter", "")
    found = [esim for esim in catalogue.esims if _fits(esim, by, value)]
    if query.get("orderBy") == "iccid":
        found.sort(key=lambda esim: esim.iccid, reverse=query.get("direction") == "desc")
    return {"esims": [_listed(esim) for esim in _page(found, query)]}


def esim_details(esim: UpstreamEsim) -> dict[str, Any]:
    """Profile and addresses of an eSIM."""
    is_gone = esim.profile == "deleted"
    profile = "Released" if is_gone else _PROFILES.get(esim.profile, "Installed")
    details = {
        "iccid": esim.iccid,
        "pin": "0000",
        "puk": "12345678",
        "matchingId": f"JQ-{esim.iccid[-6:]}",
        "smdpAddress": "rsp.example.com",
        "profileStatus": profile,
        "firstInstalledDateTime": 1723541877280 if esim.was_installed else None,
        "customerRef": "",
    }
    return details | ({"msisdn": esim.msisdn} if esim.msisdn else {})


def esim_bundles(esim: UpstreamEsim, catalogue: UpstreamCatalogue) -> dict[str, Any]:
    """The bundle of an eSIM with its state."""
    plan = catalogue.plan_of(esim)
    if not esim.plan:
        return {"bundles": []}
    state = _STATES.get(esim.status, esim.status)
    octets = (plan.megabytes if plan else 1000) * _MB
    assignment = {
        "id": esim.iccid[-9:],
        "assignmentReference": f"3a6e2e40-c674-45e9-b289-b350{esim.iccid[-8:]}-0",
        "callTypeGroup": "data",
        "initialQuantity": octets,
        "remainingQuantity": 0 if state == "depleted" else octets,
        "assignmentDateTime": esim.created_at,
        "bundleState": "lapsed" if state == "expired" and not esim.was_installed else state,
        "unlimited": False,
    }
    name = plan.name if plan else ""
    return {"bundles": [{"name": esim.plan, "description": name, "assignments": [assignment]}]}


def _page(rows: Sequence[_Row], query: Mapping[str, str]) -> Sequence[_Row]:
    number = number_in(query.get("page"), 1, 1_000_000)
    size = number_in(query.get("perPage"), _DEFAULT_PAGE, _MAX_PAGE)
    return rows[(number - 1) * size : number * size]


def _fits(esim: UpstreamEsim, by: str, value: str) -> bool:
    if by == "iccid":
        return value in esim.iccid
    if by == "actionDate" and value.startswith("gte:"):
        return esim.action_at >= value.removeprefix("gte:")
    return True


def _bundle(plan: UpstreamPlan) -> dict[str, Any]:
    return {
        "name": plan.code,
        "description": plan.name,
        "groups": ["Standard Fixed"],
        "countries": [{"name": iso, "region": "Europe", "iso": iso} for iso in plan.countries],
        "dataAmount": plan.megabytes,
        "duration": plan.days,
        "speed": ["4G", "5G"],
        "autostart": True,
        "unlimited": False,
        "roamingEnabled": [],
        "price": plan.price,
        "billingType": "FixedCost",
    }


def _listed(esim: UpstreamEsim) -> dict[str, Any]:
    row = {
        "iccid": esim.iccid,
        "customerRef": "",
        "lastAction": "Bundle Applied",
        "actionDate": esim.action_at,
        "physical": False,
        "assignedDate": esim.created_at,
    }
    return row | ({"msisdn": esim.msisdn} if esim.msisdn else {})
