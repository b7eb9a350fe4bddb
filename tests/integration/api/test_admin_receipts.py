from typing import Any

from msgspec.structs import replace

from simpost.domain.outcomes import Receipt
from simpost.domain.reasons import Reason
from simpost.domain.states import State
from tests.integration.api.conftest import NOW_MS

SERVED = Any  # the `service` fixture of conftest.py


async def test_the_administrator_sees_receipts_that_found_no_part(service: SERVED) -> None:
    await service.store.queue.record(
        (),
        [
            Receipt("down", "x-1", State.DELIVERED, None, None, NOW_MS, ("66812345678", "Shop")),
            Receipt(
                "other", "x-2", State.FAILED, Reason.UNDELIVERABLE, "3:27", NOW_MS + 1, (), "t-2"
            ),
        ],
    )
    [newest, oldest] = (await service.operate("GET", "receipts")).json()["receipts"]
    assert oldest == {
        "carrier": "down",
        "carrierMessageId": "x-1",
        "textId": None,
        "state": "delivered",
        "disposition": "parked",
        "reason": None,
        "carrierCode": None,
        "carrierCodeMeaning": None,
        "numbers": ["66812345678", "Shop"],
        "count": 1,
        "firstAt": "2026-01-01T00:00:00.000Z",
        "lastAt": "2026-01-01T00:00:00.000Z",
        "dismissedAt": None,
    }
    assert (newest["textId"], newest["reason"]["code"]) == ("t-2", "undeliverable")
    assert newest["carrierCodeMeaning"]
    for asked, ids in [
        ("carrier=down", ["x-1"]),
        ("carrier=nosuch", []),
        ("limit=1", ["x-2"]),
        ("to=2026-01-01T00:00:00Z", ["x-1"]),
    ]:
        found = (await service.operate("GET", f"receipts?{asked}")).json()["receipts"]
        assert [each["carrierMessageId"] for each in found] == ids


async def test_an_account_does_not_see_them(service: SERVED) -> None:
    assert (await service.native("GET", "admin/receipts")).status_code in {401, 403}
    assert (await service.operate("GET", "receipts?limit=0")).status_code == 422


async def test_receipts_are_dismissed_and_restored(service: SERVED) -> None:
    one = Receipt("down", "x-1", State.DELIVERED, None, None, NOW_MS, ())
    await service.store.queue.record((), [one, replace(one, carrier_message_id="x-2")])

    async def listed(query: str = "") -> list[Any]:
        found = (await service.operate("GET", f"receipts{query}")).json()["receipts"]
        return [(each["carrierMessageId"], each["dismissedAt"] is not None) for each in found]

    names = [
        {"carrier": "down", "carrierMessageId": each, "state": "delivered"}
        for each in ("x-1", "nosuch", "nul\0")
    ]
    done = await service.operate("POST", "receipts/dismiss", json={"receipts": names})
    assert (done.status_code, done.json()) == (200, {"count": 1})
    assert await listed() == [("x-2", False)]
    assert await listed("?dismissed=true") == [("x-1", True)]
    done = await service.operate("POST", "receipts/restore", json={"receipts": names})
    assert done.json() == {"count": 1}
    assert await listed() == [("x-1", False), ("x-2", False)]
    done = await service.operate("POST", "receipts/dismiss", json={"receipts": []})
    assert done.status_code == 422
