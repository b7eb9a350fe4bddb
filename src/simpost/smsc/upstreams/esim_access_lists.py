"""Lists of eSIM Access and HiRoaming: `package/list` and `esim/query`.

Sources: docs.esimaccess.com and the HiRoaming B2B documentation.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from simpost.smsc.upstreams.catalogue import (
    UpstreamCatalogue,
    UpstreamEsim,
    UpstreamPlan,
    number_in,
)

_STATUSES: Final[Mapping[str, str]] = {
    "new": "GOT_RESOURCE",
    "active": "IN_USE",
    "depleted": "USED_UP",
    "cancelled": "CANCEL",
}
_PROFILES: Final[Mapping[str, str]] = {"downloaded": "DOWNLOAD", "installed": "INSTALLATION"}
_MAX_PAGE: Final = 500
_MB: Final = 10**6
_SMS: Final = (2, 1)
"""smsStatus without and with texts from people."""


def package_list(catalogue: UpstreamCatalogue, body: dict[str, Any]) -> dict[str, Any]:
    """The `obj` of package/list. There are no top-ups."""
    plans = catalogue.plans if body.get("type") in (None, "", "BASE") else ()
    return {"packageList": [_plan(plan) for plan in plans]}


def esim_query(catalogue: UpstreamCatalogue, body: dict[str, Any]) -> dict[str, Any]:
    """The `obj` of esim/query: a page, by eSIM or by the time of the order."""
    wanted = body.get("esimTranNo") or body.get("iccid")
    since, until = str(body.get("startTime") or ""), str(body.get("endTime") or "~")
    found = [
        esim
        for esim in catalogue.esims
        if wanted in (None, "", esim.iccid) and since[:19] <= esim.created_at[:19] <= until[:19]
    ]
    pager = body.get("pager") if isinstance(body.get("pager"), dict) else {}
    assert isinstance(pager, dict)
    number = number_in(pager.get("pageNum"), 1, 10_000)
    size = number_in(pager.get("pageSize"), 20, _MAX_PAGE)
    rows = [_esim(esim, catalogue) for esim in found[(number - 1) * size : number * size]]
    return {
        "esimList": rows,
        "pager": {"pageSize": size, "pageNum": number, "total": len(found)},
    }


def _plan(plan: UpstreamPlan) -> dict[str, Any]:
    return {
        "packageCode": plan.code,
        "slug": plan.code,
        "name": plan.name,
        "price": round(plan.price * 10_000),
        "currencyCode": "USD",
        "volume": plan.megabytes * _MB,
        "smsStatus": _SMS[plan.has_sms],
        "dataType": 1,
        "unusedValidTime": 180,
        "duration": plan.days,
        "durationUnit": "DAY",
        "location": ",".join(plan.countries),
        "description": plan.name,
        "activeType": 2,
        "favorite": False,
        "retailPrice": round(plan.price * 10_000),
        "speed": "4G/5G",
    }


def _esim(esim: UpstreamEsim, catalogue: UpstreamCatalogue) -> dict[str, Any]:
    plan = catalogue.plan_of(esim)
    expired = "USED_EXPIRED" if esim.was_installed else "UNUSED_EXPIRED"
    package = {
        "packageName": plan.name if plan else "",
        "packageCode": esim.plan,
        "slug": esim.plan,
        "createTime": esim.created_at.replace("Z", "+0000"),
    }
    return {
        "esimTranNo": esim.iccid,
        "orderNo": f"B{esim.iccid[-14:]}",
        "iccid": esim.iccid,
        "msisdn": esim.msisdn,
        "smsStatus": _SMS[bool(plan and plan.has_sms)],
        "dataType": 1,
        "ac": f"LPA:1$rsp.example.com${esim.iccid[-8:]}",
        "smdpStatus": _PROFILES.get(esim.profile, esim.profile.upper()),
        "eid": "",
        "esimStatus": _STATUSES.get(esim.status, expired),
        "packageList": [package],
    }
