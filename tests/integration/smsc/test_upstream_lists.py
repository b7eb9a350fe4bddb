"""What the simulated APIs list has the fields and the types of the documented examples."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from simpost.smsc import Faults, Rule, When, faults
from simpost.smsc.upstreams.catalogue import UpstreamCatalogue, UpstreamEsim, UpstreamPlan
from tests.integration.smsc.conftest import Start
from tests.integration.smsc.test_upstreams import call

VECTORS = Path(__file__).parents[2] / "vectors" / "suppliers"
ICCID = "8901234567890123456"
CATALOGUE = UpstreamCatalogue(
    (UpstreamPlan("P1", "Thailand 1 GB", ("TH",)),),
    (UpstreamEsim(ICCID, "P1", "active", "enabled", "4471234131234"),),
)
KEY = {"X-API-Key": "key"}
SIGNED = {"RT-AccessCode": "a", "RT-RequestID": "b", "RT-Timestamp": "1", "RT-Signature": "C"}
MAY_BE_NULL = frozenset({"phone_number", "activated_at", "expires_at", "firstInstalledDateTime"})


def document(name: str, part: str) -> Any:
    return json.loads((VECTORS / f"{name}.json").read_text("utf-8"))[part]


def differences(given: Any, wanted: Any, at: str = "") -> list[str]:
    """Where the fields or the types of two bodies differ."""
    if isinstance(wanted, dict):
        if not isinstance(given, dict):
            return [f"{at} is no object"]
        # The number is in the list of eSIMs only if the eSIM has one.
        names = (set(given) ^ set(wanted)) - {"msisdn"}
        found = [f"{at}.{name}" for name in sorted(names)]
        for name in set(given) & set(wanted):
            if not (name in MAY_BE_NULL and None in (given[name], wanted[name])):
                found += differences(given[name], wanted[name], f"{at}.{name}")
        return found
    if isinstance(wanted, list):
        if not isinstance(given, list):
            return [f"{at} is no list"]
        return differences(given[0], wanted[0], f"{at}[0]") if given and wanted else []
    numbers = isinstance(given, int | float) and isinstance(wanted, int | float)
    same = type(given) is type(wanted) or (
        numbers and not isinstance(given, bool) and not isinstance(wanted, bool)
    )
    return [] if same else [f"{at}: {type(given).__name__}"]


@pytest.mark.parametrize(
    ("name", "part", "path", "headers"),
    [
        ("esim_go", "catalogue", "/v2.5/catalogue", KEY),
        ("esim_go", "esims", "/v2.5/esims", KEY),
        ("esim_go", "details", f"/v2.5/esims/{ICCID}", KEY),
        ("esim_go", "bundles", f"/v2.5/esims/{ICCID}/bundles", KEY),
        ("esimfly", "packages", "/api/v1/business/esims/packages", SIGNED),
        ("esimfly", "esims", "/api/v1/business/esims", SIGNED),
    ],
)
async def test_a_list_has_the_documented_shape(start: Start, name, part, path, headers) -> None:
    simulator = await start(catalogue=CATALOGUE)
    status, body, _ = await call(simulator, path, method="GET", **headers)
    assert status == 200
    assert differences(body, document(name, part)) == []


async def test_lists_of_esim_access_have_pages_and_filters(start: Start) -> None:
    """contract.md: package/list, and esim/query with its pager."""
    esims = [
        UpstreamEsim(
            f"89012345678901234{number:02d}", "P1", created_at=f"2026-01-{number:02d}T00:00:00Z"
        )
        for number in range(1, 8)
    ]
    simulator = await start(catalogue=UpstreamCatalogue(CATALOGUE.plans, tuple(esims)))
    path, code = "/api/v1/open", {"RT-AccessCode": "code"}
    _, body, _ = await call(simulator, f"{path}/package/list", {"type": "BASE"}, **code)
    assert [each["packageCode"] for each in body["obj"]["packageList"]] == ["P1"]
    _, body, _ = await call(simulator, f"{path}/package/list", {"type": "TOPUP"}, **code)
    assert body["obj"] == {"packageList": []}
    asked = {"pager": {"pageNum": 2, "pageSize": 5}}
    _, body, _ = await call(simulator, f"{path}/esim/query", asked, **code)
    assert body["obj"]["pager"] == {"pageSize": 5, "pageNum": 2, "total": 7}
    assert [each["iccid"] for each in body["obj"]["esimList"]] == [each.iccid for each in esims[5:]]
    asked = {"startTime": "2026-01-06T00:00:00+0000", "pager": {"pageNum": 1, "pageSize": 50}}
    _, body, _ = await call(simulator, f"{path}/esim/query", asked, **code)
    assert body["obj"]["pager"]["total"] == 2
    _, body, _ = await call(simulator, f"{path}/esim/query", {})
    assert body["errorCode"] == "000101"


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/v2.5/esims", {}, 403),
        ("/v2.1/esims", KEY, 404),
        (f"/v2.5/esims/{ICCID[:-1]}9", KEY, 403),
        ("/api/v1/business/esims", {}, 401),
    ],
)
async def test_a_list_is_refused_as_documented(start: Start, path, headers, status) -> None:
    simulator = await start(catalogue=CATALOGUE)
    assert (await call(simulator, path, method="GET", **headers))[0] == status


async def test_the_catalogue_before_version_2_5_is_a_list(start: Start) -> None:
    simulator = await start(catalogue=CATALOGUE)
    _, body, _ = await call(simulator, "/v2.4/catalogue", method="GET", **KEY)
    assert [each["name"] for each in body] == ["P1"]


CALLS = {
    "esim_access plans": ("plans", "POST", "/api/v1/open/package/list", {"RT-AccessCode": "code"}),
    "esim_access esims": ("esims", "POST", "/api/v1/open/esim/query", {"RT-AccessCode": "code"}),
    "esim_go plans": ("plans", "GET", "/v2.5/catalogue", KEY),
    "esim_go esims": ("esims", "GET", "/v2.5/esims", KEY),
    "esim_go esim": ("esim", "GET", f"/v2.5/esims/{ICCID}", KEY),
    "esim_go bundles": ("esim", "GET", f"/v2.5/esims/{ICCID}/bundles", KEY),
    "esimfly plans": ("plans", "GET", "/api/v1/business/esims/packages", SIGNED),
    "esimfly esims": ("esims", "GET", "/api/v1/business/esims", SIGNED),
    "emnify log_in": ("log_in", "POST", "/api/v1/authenticate", {}),
    "emnify state": ("state", "GET", "/api/v1/endpoint/1/sms", {"Authorization": "Bearer x"}),
    "once log_in": (
        "log_in",
        "POST",
        "/management-api/oauth/token",
        {"Authorization": "Basic YTpi"},
    ),
    "twilio state": (
        *("state", "GET", "/2010-04-01/Accounts/AC/Messages.json"),
        {"Authorization": "Basic YTpi"},
    ),
}
LOG_IN = {"application_token": "any"}


@pytest.mark.parametrize(("name", "method", "path", "headers"), CALLS.values(), ids=CALLS)
async def test_a_fault_of_a_call_applies_to_it_and_to_no_other(
    start: Start, name, method, path, headers
) -> None:
    """The error has the shape of the API, and its time."""
    simulator = await start(catalogue=CATALOGUE)
    body = LOG_IN if path.endswith("authenticate") else b""
    _, plain, _ = await call(simulator, path, body, method, **headers)
    error = faults.HttpError(status=429, retry_after=7)
    others = [each for each in faults.CALLS if each != name]
    simulator.set_faults(Faults(tuple(Rule(do=error, when=When(call=each)) for each in others)))
    assert (await call(simulator, path, body, method, **headers))[0] == 200
    simulator.set_faults(Faults((Rule(do=error, when=When(call=name, times=1)),)))
    status, said, given = await call(simulator, path, body, method, **headers)
    assert (status, given["Retry-After"]) == (429, "7")
    assert said != plain
    assert (await call(simulator, path, body, method, **headers))[0] == 200
    assert simulator.stats().faults == {"1 http_error": 1}
    lost = Faults((Rule(do=faults.Drop(), when=When(call=name)),))
    simulator.set_faults(lost)
    with pytest.raises(aiohttp.ClientError):
        await call(simulator, path, body, method, **headers)


async def test_a_refused_request_matches_no_rule(start: Start) -> None:
    simulator = await start(catalogue=CATALOGUE)
    rule = Rule(do=faults.Drop(), when=When(call="esims"))
    simulator.set_faults(Faults((rule,)))
    assert (await call(simulator, "/v2.5/esims", method="GET"))[0] == 403
    assert simulator.stats().faults == {"1 drop": 0}


async def test_a_short_list_keeps_its_total(start: Start) -> None:
    esims = tuple(UpstreamEsim(f"8901234567890123{number:03d}", "P1") for number in range(5))
    short = Rule(do=faults.ShortList(rows=2), when=When(call="esims"))
    simulator = await start(
        catalogue=UpstreamCatalogue(CATALOGUE.plans, esims), faults=Faults((short,))
    )
    _, body, _ = await call(simulator, "/api/v1/open/esim/query", {}, RT_AccessCode="code")
    assert [each["iccid"] for each in body["obj"]["esimList"]] == [each.iccid for each in esims[:2]]
    assert body["obj"]["pager"]["total"] == 5
    _, body, _ = await call(simulator, "/api/v1/business/esims", method="GET", **SIGNED)
    assert (len(body["data"]["esims"]), body["data"]["pagination"]["total"]) == (2, 5)
    _, body, _ = await call(simulator, "/v2.5/esims", method="GET", **KEY)
    assert len(body["esims"]) == 2
