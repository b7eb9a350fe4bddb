"""Lists of eSIMfly: packages and eSIMs.

Source: github.com/eSimfly-Official/api-docs, `docs/api/packages.md` and `docs/api/esims.md`.
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

_MAX_PAGE: Final = 100

_Row = TypeVar("_Row")


def package_list(catalogue: UpstreamCatalogue, query: Mapping[str, str]) -> dict[str, Any]:
    """The `data` of esims/packages. Its pages are counted in `totalPages`."""
    plans, page = _page(catalogue.plans, query, 50)
    rows = [_package(plan) for plan in plans]
    return {"packages": rows, "pagination": page | {"totalPages": _pages(page)}}


def esim_list(catalogue: UpstreamCatalogue, query: Mapping[str, str]) -> dict[str, Any]:
    """The `data` of esims. Its pages are counted in `total_pages`."""
    status, search = query.get("status", "all"), query.get("search", "")
    found = [
        esim
        for esim in catalogue.esims
        if status.lower() in ("all", _status(esim).lower()) and search in esim.iccid
    ]
    esims, page = _page(found, query, 20)
    rows = [_esim(esim, catalogue) for esim in esims]
    return {"esims": rows, "pagination": page | {"total_pages": _pages(page)}}


def _page(
    rows: Sequence[_Row], query: Mapping[str, str], usual: int
) -> tuple[Sequence[_Row], dict[str, int]]:
    number = number_in(query.get("page"), 1, 1_000_000)
    size = number_in(query.get("limit"), usual, _MAX_PAGE)
    page = {"page": number, "limit": size, "total": len(rows)}
    return rows[(number - 1) * size : number * size], page


def _pages(page: Mapping[str, int]) -> int:
    return -(-page["total"] // page["limit"])


def _package(plan: UpstreamPlan) -> dict[str, Any]:
    return {
        "package_code": plan.code,
        "name": plan.name,
        "region": plan.name,
        "type": "local" if len(plan.countries) < 2 else "regional",
        "data_amount_gb": plan.megabytes / 1000,
        "validity_days": plan.days,
        "cost": plan.price,
        "currency": "USD",
        "features": {
            "voice_minutes": 0,
            "sms_count": 10 if plan.has_sms else 0,
            "is_rechargeable": True,
        },
        "is_unlimited": False,
        "has_voice": False,
        "has_sms": plan.has_sms,
        "locationNetworkList": [
            {
                "locationName": iso,
                "locationLogo": f"/images/flags/{iso.lower()}.png",
                "operatorList": [{"operatorName": "Example Mobile", "networkType": "5G"}],
            }
            for iso in plan.countries
        ],
    }


def _status(esim: UpstreamEsim) -> str:
    return "DELETED" if esim.profile == "deleted" else esim.status.upper()


def _esim(esim: UpstreamEsim, catalogue: UpstreamCatalogue) -> dict[str, Any]:
    plan = catalogue.plan_of(esim)
    total = plan.megabytes if plan else 1000
    used = total if esim.status == "depleted" else 0
    code = f"2D7F456148C640359B6A83E0{esim.iccid[-8:]}"
    is_used = esim.status in ("active", "depleted") or (
        esim.status == "expired" and esim.was_installed
    )
    return {
        "id": int(esim.iccid[-9:]),
        "iccid": esim.iccid,
        "package_name": plan.name if plan else "",
        "package_code": esim.plan,
        "countries": list(plan.countries) if plan else [],
        "status": _status(esim),
        "data": {
            "total_mb": total,
            "used_mb": used,
            "remaining_mb": total - used,
            "usage_percentage": 100 * used // total if total else 0,
            "is_unlimited": False,
        },
        "validity": {
            "days": plan.days if plan else 30,
            "activated_at": esim.action_at if is_used else None,
            "expires_at": None,
            "is_expired": esim.status == "expired",
        },
        "qr_code": f"https://storage.example.com/{esim.iccid}.png",
        "manual_installation": {
            "smdp_address": "rsp.example.com",
            "activation_code": code,
            "lpa_format": f"LPA:1$rsp.example.com${code}",
        },
        "direct_apple_installation_url": f"https://apple.example.com/?carddata={code}",
        "direct_android_installation_url": f"https://android.example.com/?carddata={code}",
        "flag_url": "/images/flags/eu.png",
        "created_at": esim.created_at,
        "is_pending": False,
        "phone_number": esim.msisdn or None,
    }
