"""Plans and eSIMs as JSON: every documented field, with its documented type.

A field that is missing or null in the imported row has the empty value of the documentation.
"""

from __future__ import annotations

from typing import Any

from simpost.domain.esims import EsimStatus
from simpost.ports.store import EsimRow, PlanRow, PriceRow

PLAN: dict[str, Any] = {
    "packageCode": "",
    "slug": "",
    "name": "",
    "price": 0,
    "currencyCode": "USD",
    "volume": 0,
    "smsStatus": 0,
    "dataType": 0,
    "unusedValidTime": 0,
    "duration": 0,
    "durationUnit": "DAY",
    "location": "",
    "locationCode": "",
    "description": "",
    "activeType": 1,
    "favorite": False,
    "retailPrice": 0,
    "speed": "",
    "locationNetworkList": [],
    "ipExport": "",
    "supportTopUpType": 1,
    "fupPolicy": "",
}
ESIM: dict[str, Any] = {
    "esimTranNo": "",
    "orderNo": "",
    "transactionId": "",
    "imsi": "",
    "iccid": "",
    "msisdn": "",
    "smsStatus": 0,
    "dataType": 0,
    "ac": "",
    "qrCodeUrl": "",
    "shortUrl": "",
    "smdpStatus": "",
    "eid": "",
    "activeType": 1,
    "activateTime": None,
    "installationTime": None,
    "expiredTime": "",
    "totalVolume": 0,
    "totalDuration": 0,
    "durationUnit": "DAY",
    "orderUsage": 0,
    "esimStatus": "",
    "pin": "",
    "puk": "",
    "apn": "",
    "packageList": [],
}
PACKAGE: dict[str, Any] = {
    "packageName": "",
    "packageCode": "",
    "slug": "",
    "duration": 0,
    "volume": 0,
    "locationCode": "",
    "createTime": "",
}


def plan_document(
    plan: PlanRow, own_price: PriceRow | None, *, shows_imported: bool
) -> dict[str, Any]:
    """An item of `packageList`, with the account's own price."""
    prices = {} if shows_imported else {"price": 0, "retailPrice": 0}
    if own_price:
        prices = {"price": own_price.price or 0, "retailPrice": own_price.retail_price}
    return (
        _with_defaults(PLAN, plan.document)
        | prices
        | {
            "packageCode": plan.package_code,
            "slug": plan.slug,
            "smsStatus": plan.sms_status,
            "dataType": plan.data_type,
            "location": plan.location,
            "locationCode": plan.document.get("locationCode") or plan.location,
        }
    )


def esim_document(esim: EsimRow) -> dict[str, Any]:
    """An item of `esimList`."""
    packages = esim.document.get("packageList") or []
    if not packages and esim.package_code:
        packages = [{"packageCode": esim.package_code}]
    revoked = esim.esim_status == EsimStatus.REVOKED
    return _with_defaults(ESIM, esim.document) | {
        "esimTranNo": esim.esim_tran_no,
        "orderNo": esim.order_no,
        "imsi": esim.imsi,
        "iccid": esim.iccid,
        "msisdn": esim.msisdn,
        "smsStatus": esim.sms_status or 0,
        "smdpStatus": esim.smdp_status,
        "esimStatus": EsimStatus.REVOKE if revoked else esim.esim_status,
        "packageList": [_with_defaults(PACKAGE, package) for package in packages],
    }


def _with_defaults(defaults: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    get = document.get
    return {
        name: default if (value := get(name)) is None else value
        for name, default in defaults.items()
    }
