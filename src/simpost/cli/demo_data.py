"""The sample data of the demo: three accounts, three plans, an eSIM for every case."""

from __future__ import annotations

from typing import Any

from simpost.app import App
from simpost.catalogue.normalization import parse_esim, parse_plan
from simpost.domain.accounts import Account
from simpost.runtime.clock import wall_clock_ms

_GIB = 1024**3
TOUR_ACCOUNT, TOUR_ESIM, TOUR_MSISDN = "tour", "23072017992037", "66800000008"
"""The account of the tour, so that nothing of the account `demo` depends on it, and its eSIM."""


def _plan(code: str, slug: str, name: str, country: str, sms_status: int) -> dict[str, Any]:
    return {
        "packageCode": code,
        "slug": slug,
        "name": name,
        "price": 45000,
        "retailPrice": 60000,
        "currencyCode": "USD",
        "volume": _GIB,
        "smsStatus": sms_status,
        "dataType": 1,
        "unusedValidTime": 180,
        "duration": 7,
        "durationUnit": "DAY",
        "location": country,
        "description": name,
        "activeType": 2,
        "favorite": False,
        "speed": "4G/5G",
        "ipExport": "SG",
        "supportTopUpType": 2,
        "fupPolicy": "",
        "locationNetworkList": [],
    }


PLANS = [
    _plan("PKG-TH-01", "TH_1_7", "Thailand 1GB 7 Days", "TH", 1),
    _plan("PKG-JP-03", "JP_1_7", "Japan 1GB 7 Days", "JP", 2),
    _plan("PKG-US-05", "US_1_7", "United States 1GB 7 Days", "US", 0),
]


def _esim(
    number: str,
    plan: dict[str, Any],
    iccid: str,
    msisdn: str,
    smdp_status: str = "ENABLED",
    esim_status: str = "IN_USE",
) -> dict[str, Any]:
    return {
        "esimTranNo": number,
        "orderNo": f"ORD{number}",
        "transactionId": f"demo-{number}",
        "imsi": f"52004{number[-10:]}",
        "iccid": iccid,
        "msisdn": msisdn,
        "smsStatus": plan["smsStatus"],
        "dataType": 1,
        "ac": f"LPA:1$rsp.example.com${number}",
        "qrCodeUrl": "",
        "shortUrl": "",
        "smdpStatus": smdp_status,
        "eid": "" if smdp_status == "RELEASED" else "89049032000000000000000000000066",
        "activeType": 2,
        "expiredTime": "2027-12-31T00:00:00+0000",
        "totalVolume": _GIB,
        "totalDuration": 7,
        "durationUnit": "DAY",
        "orderUsage": 0,
        "esimStatus": esim_status,
        "packageList": [
            {
                "packageName": plan["name"],
                "packageCode": plan["packageCode"],
                "slug": plan["slug"],
                "duration": 7,
                "volume": _GIB,
                "locationCode": plan["location"],
                "createTime": "2026-01-01T00:00:00+0000",
            }
        ],
    }


_TH, _JP, _US = PLANS

ESIMS = {
    "demo": [
        _esim("23072017992029", _TH, "8966000000000000012", "66800000001"),
        _esim("23072017992030", _JP, "8981000000000000029", "81900000002"),
        _esim("23072017992031", _US, "8901000000000000035", ""),
        _esim(
            "23072017992032", _TH, "8966000000000000046", "66800000004", "RELEASED", "GOT_RESOURCE"
        ),
        _esim(
            "23072017992033", _TH, "8966000000000000053", "66800000005", "ENABLED", "USED_EXPIRED"
        ),
        _esim("23072017992034", _TH, "8966000000000000061", "66800000006", "DELETED", "REVOKE"),
        _esim("23072017992036", _TH, "8966000000000000087", "66800999005"),
    ],
    "other": [_esim("23072017992035", _TH, "8966000000000000079", "66800000007")],
    TOUR_ACCOUNT: [_esim(TOUR_ESIM, _TH, "8966000000000000095", TOUR_MSISDN)],
}

TO_TRY = [
    ("23072017992029", "on TH_1_7, takes SMS (smsStatus 1)"),
    ("23072017992030", "on JP_1_7, takes SMS from the API only (smsStatus 2)"),
    ("23072017992031", "on US_1_7, takes no SMS (smsStatus 0)"),
    ("23072017992032", "not installed"),
    ("23072017992033", "expired"),
    ("23072017992034", "revoked"),
    ("23072017992036", "takes SMS, but its network reports every one undeliverable"),
    ("23072017992035", "belongs to the account `other`"),
    (TOUR_ESIM, "belongs to the account `tour`"),
]
"""The lines that the demo prints about the eSIMs."""


async def fill(service: App) -> None:
    """Add the sample data unless it is there already."""
    await service.accounts.reload()
    await service.store.catalogue.save_plans([parse_plan(plan) for plan in PLANS])
    for code, esims in ESIMS.items():
        account = service.accounts.get(code) or await service.accounts.add(
            Account(
                id=0,
                access_code=code,
                secret=f"{code}-secret",
                name=f"The {code} account",
                requests_per_s=0,
                events=True,
            )
        )
        rows = [parse_esim(esim, wall_clock_ms()) for esim in esims]
        await service.store.catalogue.save_esims(account.id, rows)
