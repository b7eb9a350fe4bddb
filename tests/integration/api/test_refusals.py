"""Refused texts are listed for the account and for the administrator."""

from typing import Any

import pytest

from simpost.errors import StoreError
from simpost.messaging.refusal_log import MOST_IN_MEMORY, RefusalLog
from simpost.ports.store.refusals import MOST_A_DAY
from tests.integration.api.conftest import GOOD, NOW_MS

SERVED = Any  # the `service` fixture of conftest.py
SECRET_TEXT = "the code is 493021"
REFUSED = [
    ("26010100000002", "sms_not_supported"),
    ("26010100000003", "not_installed"),
    ("26010100000004", "esim_revoked"),
    ("26010100000090", "esim_unknown"),
]


async def listed(service: SERVED, account: str = "demo", **which: Any) -> list[dict[str, Any]]:
    answer = await service.native("GET", "refusals", account=account, params=which)
    assert answer.status_code == 200
    found: list[dict[str, Any]] = answer.json()["refusals"]
    return found


@pytest.mark.parametrize(("number", "reason"), REFUSED)
@pytest.mark.parametrize("api", ["open", "native"])
async def test_a_refused_text_is_listed_with_its_reason(
    service: SERVED, number: str, reason: str, api: str
) -> None:
    if api == "open":
        await service.send(SECRET_TEXT, number=number, RT_RequestID="r-1")
    else:
        body = {"esimTranNo": number, "text": SECRET_TEXT}
        headers = {"Idempotency-Key": "r-1"}
        await service.native("POST", "messages", json=body, headers=headers)
    (refusal,) = await listed(service)
    assert refusal["refusedAt"] == "2026-01-01T00:00:00.000Z"
    assert (refusal["esimTranNo"], refusal["requestId"]) == (number, "r-1")
    assert refusal["reason"]["code"] == reason
    assert SECRET_TEXT not in str(refusal)
    assert await listed(service, account="other") == []
    same = await service.operate("GET", "refusals", params={"account": "demo"})
    assert same.json()["refusals"] == [refusal]


async def test_an_accepted_text_and_a_dry_run_are_not_listed(service: SERVED) -> None:
    await service.send()
    body = {"esimTranNo": "26010100000003", "text": "x", "dryRun": True}
    await service.native("POST", "messages", json=body)
    assert await listed(service) == []


async def test_a_repeated_refusal_is_listed_once(service: SERVED) -> None:
    for _ in range(3):
        await service.send(number="26010100000003", RT_RequestID="r-1")
    assert len(await listed(service)) == 1


async def test_a_reused_request_id_is_listed(service: SERVED) -> None:
    await service.send("one", RT_RequestID="r-1")
    await service.send("two", RT_RequestID="r-1")
    assert [each["reason"]["code"] for each in await listed(service)] == ["request_id_reused"]


async def test_refusals_are_filtered_and_paged(service: SERVED) -> None:
    for number, _ in REFUSED:
        await service.send(number=number)
    newest_first = [number for number, _ in REFUSED][::-1]
    assert [each["esimTranNo"] for each in await listed(service)] == newest_first
    (one,) = await listed(service, esimTranNo="26010100000003")
    assert await listed(service, iccid="898826010100000003") == [one]
    assert await listed(service, reason="not_installed") == [one]
    assert await listed(service, **{"from": "2026-01-02T00:00:00Z"}) == []
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await service.native("GET", "refusals", params={"limit": 3, **cursor})).json()
        found += [each["esimTranNo"] for each in page["refusals"]]
        if not page["next"]:
            break
        cursor = {"cursor": page["next"]}
    assert found == newest_first


async def test_a_send_over_the_rate_limit_is_listed(service: SERVED) -> None:
    await service.operate("PATCH", "accounts/demo", json={"requestsPerSecond": 1})
    await service.send(RT_RequestID="first")
    await service.send(RT_RequestID="second")
    body = {"iccid": "898826010100000001", "text": SECRET_TEXT}
    await service.native("POST", "messages", json=body)
    await service.native("GET", "messages")
    found = await service.operate("GET", "refusals", params={"account": "demo"})
    shown = [
        (each["reason"]["code"], each["esimTranNo"], each["iccid"], each["requestId"])
        for each in found.json()["refusals"]
    ]
    assert shown == [
        ("rate_limited", None, "898826010100000001", None),
        ("rate_limited", GOOD, None, "second"),
    ]
    assert SECRET_TEXT not in found.text


async def test_a_flood_is_counted_and_not_listed(service: SERVED) -> None:
    refusals = service.services.intake.refusals
    for _ in range(MOST_A_DAY + 500):
        await service.send(number="26010100000003")
    assert not refusals.lists(1)
    page = (await service.native("GET", "refusals", params={"limit": 1})).json()
    assert page["notListed"] == [{"day": "2026-01-01", "count": 500}]


class FullStore:
    """A store that refuses every write."""

    async def add_refusals(self, _batch: Any) -> None:
        raise StoreError("full")


async def test_refusals_that_cannot_be_stored_are_bounded() -> None:
    refusals = RefusalLog(FullStore(), lambda: b"id", lambda: NOW_MS)  # type: ignore[arg-type]
    for account_id in range(3 * MOST_IN_MEMORY):
        refusals.add(
            account_id % 10, "not_installed", esim_tran_no=None, iccid=None, request_id=None
        )  # type: ignore[arg-type]
    await refusals.flush()
    assert refusals._refusals == []
    assert sum(refusals._not_listed.values()) == 3 * MOST_IN_MEMORY
