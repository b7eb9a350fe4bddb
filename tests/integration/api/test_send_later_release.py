"""Held messages when they are due: decided again, then sent, held again or ended."""

import asyncio
from datetime import UTC, datetime

from structlog.testing import capture_logs

from simpost.catalogue.normalization import parse_esim
from simpost.messaging.release import LEASE_MS, Release
from tests.integration.api.conftest import GOOD, NOW_MS, esim

MINUTE_MS = 60_000
DUE_MS = NOW_MS + MINUTE_MS
DUE = datetime.fromtimestamp(DUE_MS / 1000, UTC).isoformat()


def release_at(service, now_ms):
    services = service.services
    return Release(
        service.store.held,
        services.intake,
        services.accounts,
        service.lanes,
        clock_ms=lambda: now_ms,
    )


async def schedule(service, text="Hello", **headers):
    body = {"esimTranNo": GOOD, "text": text, "sendAt": DUE}
    answer = await service.native("POST", "messages", json=body, headers=headers)
    assert answer.status_code == 202, answer.text
    assert (answer.json()["state"], answer.json()["sendAt"][:19]) == ("scheduled", DUE[:19])
    return answer.json()["id"]


async def shown(service, message_id, account="demo"):
    answer = await service.native("GET", f"messages/{message_id}", account=account)
    return answer.json() if answer.status_code == 200 else answer.status_code


async def reason_of(service, message_id):
    return (await shown(service, message_id))["reason"]["code"]


async def test_a_scheduled_message_is_queued_when_it_is_due_and_not_before(service):
    message_id = await schedule(service, "word " * 60)
    await release_at(service, DUE_MS - 1).run_once()
    assert (await shown(service, message_id))["state"] == "scheduled"
    await release_at(service, DUE_MS).run_once()
    found = await shown(service, message_id)
    assert found["state"] == "accepted"
    assert found["text"] == "word " * 60
    assert [part["state"] for part in found["parts"]] == ["accepted"] * 2


async def test_an_esim_retired_in_the_meantime_is_sent_nothing(service):
    message_id = await schedule(service)
    await service.store.catalogue.save_esims(1, [parse_esim(esim(GOOD, esimStatus="REVOKED"), 0)])
    await release_at(service, DUE_MS).run_once()
    found = await shown(service, message_id)
    assert (found["state"], found["parts"]) == ("rejected", [])
    assert found["reason"]["code"] == await reason_of_a_send_now(service)


async def reason_of_a_send_now(service):
    body = {"esimTranNo": GOOD, "text": "now"}
    return (await service.native("POST", "messages", json=body)).json()["code"]


async def test_an_account_disabled_in_the_meantime_sends_nothing(service):
    message_id = await schedule(service)
    accounts = service.services.accounts
    changed = await service.operate("PATCH", "accounts/demo", json={"enabled": False})
    assert changed.status_code == 200, changed.text
    await accounts.reload()
    await release_at(service, DUE_MS).run_once()
    found = await service.operate("GET", f"messages/{message_id}")
    assert (found.json()["state"], found.json()["reason"]["code"]) == (
        "rejected",
        "account_disabled",
    )


async def test_a_message_due_while_nothing_ran_expires_with_its_validity(service):
    message_id = await schedule(service)
    await release_at(service, DUE_MS + 3_600_000).run_once()
    assert (await shown(service, message_id))["state"] == "expired"
    assert await reason_of(service, message_id) == "validity_expired"


async def test_two_concurrent_releases_queue_the_parts_once(service):
    ids = [await schedule(service, f"text {number}") for number in range(120)]
    await asyncio.gather(*(release_at(service, DUE_MS).run_once() for _ in range(3)))
    for message_id in ids:
        found = await shown(service, message_id)
        assert (found["state"], len(found["parts"])) == ("accepted", 1)


async def test_a_lost_claim_is_decided_again_after_its_lease(service):
    message_id = await schedule(service)
    claimed = await service.store.held.claim_held(
        now_ms=DUE_MS, lease_ms=DUE_MS + MINUTE_MS, limit=10
    )
    assert len(claimed) == 1
    await release_at(service, DUE_MS + MINUTE_MS - 1).run_once()
    assert (await shown(service, message_id))["state"] == "scheduled"
    await release_at(service, DUE_MS + MINUTE_MS).run_once()
    assert (await shown(service, message_id))["state"] == "accepted"


async def test_a_repeated_request_has_the_same_answer(service):
    first = await schedule(service, **{"Idempotency-Key": "one"})
    assert await schedule(service, **{"Idempotency-Key": "one"}) == first
    await release_at(service, DUE_MS).run_once()
    assert len((await service.native("GET", "messages")).json()["messages"]) == 1


async def test_a_cancelled_message_is_never_released(service):
    message_id = await schedule(service)
    assert (await service.native("DELETE", f"messages/{message_id}")).status_code == 200
    await release_at(service, DUE_MS).run_once()
    found = await shown(service, message_id)
    assert (found["state"], found["parts"]) == ("cancelled", [])


async def test_another_account_neither_sees_nor_cancels_a_scheduled_message(service):
    message_id = await schedule(service)
    assert await shown(service, message_id, account="other") == 404
    answer = await service.native("DELETE", f"messages/{message_id}", account="other")
    assert answer.status_code == 404
    assert (await shown(service, message_id))["state"] == "scheduled"


class Forgetful:
    """Policy with a rule that forgets to return the plan."""

    decided = 0

    def find_stop(self, *_facts):
        return None

    def __call__(self, *_facts):
        self.decided += 1


async def test_an_error_of_policy_is_one_log_line_and_loses_no_message(service, monkeypatch):
    messages = [await schedule(service, f"text {number}") for number in range(120)]
    forgetful = Forgetful()
    with monkeypatch.context() as patch, capture_logs() as lines:
        patch.setattr(service.services.intake, "policy", forgetful)
        await release_at(service, DUE_MS).run_once()
        now = await service.native("POST", "messages", json={"esimTranNo": GOOD, "text": "now"})
    assert (now.status_code, now.json()["code"]) == (500, "internal_error")
    assert forgetful.decided == 100 + 1
    [line] = [each for each in lines if each["event"] == "release_failed"]
    assert (line["messages"], line["error"]) == (100, "PolicyError")
    assert line["detail"].startswith("Forgetful returned NoneType, and must return")
    assert {(await shown(service, each))["state"] for each in messages} == {"scheduled"}
    await release_at(service, DUE_MS + LEASE_MS).run_once()
    assert {(await shown(service, each))["state"] for each in messages} == {"accepted"}
