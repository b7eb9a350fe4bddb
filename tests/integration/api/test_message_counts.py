"""`GET /v1/message-counts` and `GET /v1/look-up`, of an account and of all."""

import pytest

from simpost.api.v1.message_counts import StateCounts
from simpost.domain.message_counts import HOUR_MS
from simpost.domain.states import State
from tests.contract.store_facts import leased, new_id, receipt, settlement
from tests.integration.api.conftest import GOOD, NOW_MS

NONE = dict.fromkeys(each.alias or name for name, each in StateCounts.model_fields.items())


@pytest.fixture
async def messages(service):
    """Of demo one delivered in this hour and one yesterday; of other one that waits."""
    store = service.store

    async def accept(age_ms, account_id=1):
        at_ms = NOW_MS - age_ms
        one = leased("Hi", account_id=account_id, esim_tran_no=GOOD, id=new_id(at_ms))
        await store.queue.accept(one)
        return one

    one = await accept(60_000)
    await store.queue.record([settlement(one, carrier_message_id="c-1")])
    await store.queue.record((), [receipt("c-1", at_ms=one.created_ms + 7_000)])
    await accept(30 * HOUR_MS)
    await accept(60_000, account_id=2)
    await service.services.message_counts.count()


def test_every_state_has_a_count() -> None:
    assert set(StateCounts.model_fields) == {state.value for state in State}


async def test_messages_are_counted_by_window_and_state(service, messages):
    found = (await service.native("GET", "message-counts")).json()
    assert [found[name]["accepted"] for name in ("hour", "day", "week")] == [1, 1, 2]
    assert found["week"]["states"] == dict.fromkeys(NONE, 0) | {"accepted": 1, "delivered": 1}
    assert found["hour"]["since"] == "2025-12-31T23:00:00.000Z"
    assert found["hour"]["delays"]["p50Ms"] > 0
    assert found["hour"]["atLeast"] == []
    assert sum(each["accepted"] for each in found["hours"]) == 2
    assert found["countedAt"] == found["hours"][0]["countedAt"] == "2026-01-01T00:00:00.000Z"


async def test_the_administrator_counts_one_account_or_all(service, messages):
    found = (await service.operate("GET", "message-counts")).json()
    assert [found[name]["accepted"] for name in ("hour", "day", "week")] == [2, 2, 3]
    assert [(each["account"], each["accepted"]) for each in found["accounts"]] == [
        ("demo", 1),
        ("other", 1),
    ]
    other = (await service.operate("GET", "message-counts?account=other")).json()
    assert (other["week"]["states"]["accepted"], other["accounts"]) == (1, [])
    assert (await service.operate("GET", "message-counts?account=none")).status_code == 404


async def test_a_state_that_was_not_counted_to_its_end_is_named(service, messages, monkeypatch):
    monkeypatch.setattr("simpost.features.message_counts.service.MOST_IN_HOUR", 1)
    found = (await service.native("GET", "message-counts")).json()
    assert found["hour"]["atLeast"] == ["delivered"]
    assert found["week"]["atLeast"] == []


@pytest.mark.parametrize("text", [f"8988-{GOOD}", f" {GOOD} ", "ORD1"])
async def test_any_number_finds_its_esim(service, text):
    found = (await service.native("GET", "look-up", params={"text": text})).json()
    assert [(each["account"], each["esimTranNo"]) for each in found["esims"]] == [("demo", GOOD)]
    assert found["messages"] == []
    nothing = {"esims": [], "messages": []}
    others = await service.native("GET", "look-up", account="other", params={"text": text})
    assert others.json() == nothing
    by_admin = await service.operate("GET", "look-up", params={"text": text})
    assert by_admin.json() == found


async def test_the_id_at_a_carrier_finds_a_message_until_its_receipt(service):
    sent = await service.native("POST", "messages", json={"esimTranNo": GOOD, "text": "Hi"})
    found = (await service.native("GET", "look-up", params={"text": sent.json()["id"]})).json()
    assert [each["id"] for each in found["messages"]] == [sent.json()["id"]]
    assert found["messages"][0]["state"] == "accepted"
