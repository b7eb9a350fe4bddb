"""Bulk jobs through the API: undone in time, and each item acted on once whatever dies."""

import pytest
from msgspec.structs import replace

from simpost.api.shared.schemas import format_time
from simpost.domain.bulk_jobs import LATE_MS
from simpost.domain.messages import format_id, parse_id
from simpost.domain.states import State
from simpost.domain.webhooks import DeliveryState, EndpointState, EventDelivery
from simpost.errors import StoreError
from simpost.ports.store import DeliveryFilter, EndpointChange, MessageFilter
from simpost.runtime.clock import wall_clock_ms
from tests.contract.store_facts import DAY_MS, held
from tests.integration.api.conftest import GOOD

JOBS = "bulk-jobs"


class Clock:
    """Begins with the real time, as ids of messages do."""

    def __init__(self):
        self.start_ms = self.now_ms = wall_clock_ms()

    def __call__(self):
        return self.now_ms


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def settings(clock):
    return {"clock_ms": clock, "allow_private_webhooks": True}


async def send(service, **fields):
    answer = await service.native(
        "POST", "messages", json={"esimTranNo": GOOD, "text": "Hello"} | fields
    )
    assert answer.status_code == 202, answer.text
    return answer.json()["id"]


async def begin(service, body, **headers):
    answer = await service.native("POST", JOBS, json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def show(service, job):
    answer = await service.native("GET", f"{JOBS}/{job['id']}")
    found = answer.json()
    counts = dict(found["counts"])
    assert counts.pop("total") == sum(counts.values())
    return found


async def work(service, clock, after_ms=30_000):
    """Note the items, then work once the job is due."""
    await service.services.bulk_jobs.work_some()
    clock.now_ms = max(clock.now_ms, clock.start_ms + after_ms)
    while await service.services.bulk_jobs.work_some():
        pass


async def items(service, job, **which):
    answer = await service.native("GET", f"{JOBS}/{job['id']}/items", params=which)
    return answer.json()["items"]


async def states(service, *ids):
    found = [await service.native("GET", f"messages/{each}") for each in ids]
    return [each.json()["state"] for each in found]


async def all_messages(service):
    return await service.store.log.list_messages(1, MessageFilter(limit=100))


async def test_messages_that_match_are_cancelled_once_it_is_due(service, clock):
    mine = [await send(service, reference="trip") for _ in range(3)]
    other = await send(service, reference="other")
    body = {"verb": "cancel", "messages": {"reference": "trip"}, "actor": "ann"}
    counted = await service.native("POST", JOBS, json=body | {"dryRun": True})
    assert (counted.status_code, counted.json()["items"], counted.json()["isMore"]) == (
        200,
        3,
        False,
    )
    job = await begin(service, body)
    assert job["selection"] == {"named": 0, "filters": {"reference": "trip"}, "webhook": None}
    await service.services.bulk_jobs.work_some()
    noted = await show(service, job)
    assert (noted["status"], noted["isCounted"], noted["counts"]["remaining"]) == (
        "waiting",
        True,
        3,
    )
    assert "It begins in 30 seconds" in noted["explanation"]
    assert await states(service, *mine) == ["accepted"] * 3
    await work(service, clock)
    assert (await show(service, job))["counts"]["done"] == 3
    assert (await show(service, job))["status"] == "finished"
    assert await states(service, *mine, other) == ["cancelled"] * 3 + ["accepted"]
    assert {each["state"] for each in await items(service, job)} == {"done"}


async def test_a_job_that_is_undone_in_time_does_nothing(service, clock):
    message = await send(service)
    job = await begin(service, {"verb": "cancel", "ids": [message]})
    await service.services.bulk_jobs.work_some()
    undone = await service.native("POST", f"{JOBS}/{job['id']}/stop", json={"actor": "bob"})
    assert (undone.json()["status"], undone.json()["endedBy"]) == ("undone", "bob")
    await work(service, clock)
    assert await states(service, message) == ["accepted"]
    assert (await show(service, job))["counts"]["remaining"] == 1


async def test_what_was_accepted_after_the_job_began_is_left_alone(service, clock):
    before = await send(service, reference="trip")
    job = await begin(service, {"verb": "cancel", "messages": {"reference": "trip"}})
    clock.now_ms += 1
    later = await send(service, reference="trip")
    await work(service, clock)
    assert (await show(service, job))["counts"]["total"] == 1
    assert await states(service, before, later) == ["cancelled", "accepted"]


async def settle(service, message_id, state, **changes):
    """The message as a carrier left it."""
    message = await service.store.log.find_message(1, parse_id(message_id))
    part = replace(message.parts[0], state=state)
    return replace(message, state=state, parts=(part,), **changes)


async def test_a_message_is_sent_again_once_though_its_record_was_lost(service, clock, monkeypatch):
    message = await send(service, reference="trip")
    failed = await settle(service, message, State.FAILED)
    find = service.store.log.find_message

    async def as_failed(account_id, message_id):
        found = await find(account_id, message_id)
        return failed if found and found.id == failed.id else found

    job = await begin(service, {"verb": "send_again", "ids": [message]})
    await service.services.bulk_jobs.work_some()
    clock.now_ms += 30_000
    monkeypatch.setattr(service.store.log, "find_message", as_failed)
    with monkeypatch.context() as broken:

        async def lose(*_args, **_more):
            raise StoreError

        broken.setattr(service.store.bulk_jobs, "record", lose)
        with pytest.raises(StoreError):
            await service.services.bulk_jobs.work_some()
    assert len(await all_messages(service)) == 2
    assert not await service.services.bulk_jobs.work_some()  # the lease of the node that died
    await work(service, clock, 90_000)
    found = await all_messages(service)
    assert len(found) == 2
    [item] = await items(service, job)
    assert item["state"] == "done"
    new = await service.native("GET", f"messages/{item['messageId']}")
    assert (new.json()["text"], new.json()["reference"]) == ("Hello", "trip")


async def test_a_message_that_may_not_be_repeated_is_skipped_with_its_reason(service, clock):
    waiting = await send(service)
    code = await send(service, text="1234", category="code")
    ids = [waiting, code, "0198c000-0000-7000-8000-000000000000"]
    job = await begin(service, {"verb": "send_again", "ids": ids})
    await work(service, clock)
    found = {each["item"]: each for each in await items(service, job, state="skipped")}
    reasons = [found[each]["reason"]["code"] for each in ids]
    assert reasons == ["not_left", "has_code", "unknown"]
    assert len(await all_messages(service)) == 2


async def test_what_policy_holds_is_decided_again_now_and_a_schedule_is_not(service, clock):
    quiet = held(
        "Hi", account_id=1, esim_tran_no=GOOD, state=State.HELD, until_ms=clock.now_ms + DAY_MS
    )
    await service.store.held.hold(quiet)
    later = await send(service, sendAt=format_time(clock.now_ms + DAY_MS))
    key = format_id(quiet.message.id)
    job = await begin(service, {"verb": "release", "ids": [key, later]})
    await work(service, clock)
    found = {each["item"]: each for each in await items(service, job)}
    assert found[key]["state"] == "done"
    reason = found[later]["reason"]
    assert (reason["code"], reason["detail"]) == ("not_held", "scheduled")
    now_ms = clock.now_ms
    due = await service.store.held.claim_held(now_ms=now_ms, lease_ms=now_ms + 1, limit=9)
    assert [each.message_id for each in due] == [quiet.message.id]


async def test_a_refusal_of_the_rules_is_a_failure_with_its_reason(service, clock, monkeypatch):
    message = await send(service, category="promotion")
    failed = await settle(service, message, State.FAILED)

    async def as_failed(_account_id, _message_id):
        return failed

    monkeypatch.setattr(service.store.log, "find_message", as_failed)
    path = f"esims/{GOOD}/preferences"
    await service.native("PATCH", path, json={"categories": {"promotion": False}})
    job = await begin(service, {"verb": "send_again", "ids": [message]})
    await work(service, clock)
    [item] = await items(service, job, state="failed")
    assert (item["reason"]["code"], item["reason"]["detail"]) == ("refused", "opted_out")


async def endpoint_with(service, clock, *sequences):
    await service.operate("PATCH", "accounts/demo", json={"events": True})
    url = "http://127.0.0.1:9/hook"
    hook = (await service.native("POST", "webhooks", json={"url": url})).json()["id"]
    rows = [
        EventDelivery(
            account_id=1,
            endpoint_id=parse_id(hook),
            sequence=each,
            type="message.delivered",
            subject="s",
            at_ms=clock.now_ms,
            data={},
            state=DeliveryState.EXHAUSTED,
            updated_ms=clock.now_ms - 1,
        )
        for each in sequences
    ]
    await service.store.webhooks.add_deliveries(rows)
    return hook


async def deliveries(service, hook):
    which = DeliveryFilter(endpoint_id=parse_id(hook), limit=100)
    found = await service.store.webhooks.list_deliveries(1, which)
    return {each.sequence: each.state for each in found}


async def test_what_webhooks_gave_up_is_begun_again_once(service, clock, monkeypatch):
    hook = await endpoint_with(service, clock, 7, 8, 9)
    job = await begin(service, {"verb": "replay"})
    await service.services.bulk_jobs.work_some()
    clock.now_ms += 30_000
    with monkeypatch.context() as broken:

        async def lose(*_args, **_more):
            raise StoreError

        broken.setattr(service.store.bulk_jobs, "record", lose)
        with pytest.raises(StoreError):
            await service.services.bulk_jobs.work_some()
    assert set((await deliveries(service, hook)).values()) == {DeliveryState.PENDING}
    [first, *_] = await service.store.webhooks.list_deliveries(
        1, DeliveryFilter(endpoint_id=parse_id(hook))
    )
    given_up = replace(first, state=DeliveryState.EXHAUSTED, due_ms=None, updated_ms=clock.now_ms)
    await service.store.webhooks.add_deliveries([given_up])
    await work(service, clock, 90_000)
    assert (await deliveries(service, hook))[first.sequence] is DeliveryState.EXHAUSTED
    assert (await show(service, job))["counts"]["done"] == 3


async def test_an_endpoint_that_is_gone_gets_nothing(service, clock):
    hook = await endpoint_with(service, clock, 7)
    change = EndpointChange(state=EndpointState.GONE)
    await service.store.webhooks.change_endpoint(1, parse_id(hook), change)
    job = await begin(service, {"verb": "replay", "webhook": hook})
    await work(service, clock)
    [item] = await items(service, job)
    assert (item["item"], item["reason"]["code"]) == (f"{hook}/7", "endpoint_stopped")


async def test_a_job_that_nobody_worked_on_in_time_stops_itself(service, clock):
    message = await send(service)
    job = await begin(service, {"verb": "cancel", "ids": [message]})
    await work(service, clock, 30_001 + LATE_MS)
    found = await show(service, job)
    assert (found["status"], found["endedBy"]) == ("stopped", "")
    assert await states(service, message) == ["accepted"]


async def test_a_repeated_request_begins_one_job(service):
    body = {"verb": "cancel", "messages": {"state": "held"}}
    key = {"Idempotency-Key": "once"}
    first, second = await begin(service, body, **key), await begin(service, body, **key)
    assert first["id"] == second["id"]
    other = body | {"verb": "send_again"}
    answer = await service.native("POST", JOBS, json=other, headers=key)
    assert (answer.status_code, answer.json()["code"]) == (422, "request_id_reused")


@pytest.mark.parametrize(
    "body",
    [
        {"verb": "cancel"},
        {"verb": "cancel", "messages": {}},
        {"verb": "cancel", "messages": {"state": "held"}, "ids": ["0" * 36]},
        {"verb": "replay", "messages": {"state": "held"}},
        {"verb": "cancel", "webhook": "0198c000-0000-7000-8000-000000000000"},
        {"verb": "cancel", "messages": {"msisdn": "999"}},
    ],
)
async def test_a_job_names_what_it_acts_on(service, body):
    answer = await service.native("POST", JOBS, json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


async def test_a_number_stands_for_the_esim_that_has_it(service):
    esim = await service.store.catalogue.find_esim(1, esim_tran_no=GOOD, iccid=None)
    job = await begin(service, {"verb": "cancel", "messages": {"msisdn": esim.msisdn}})
    assert job["selection"]["filters"] == {"esimTranNo": GOOD}


async def test_a_key_without_the_scope_webhooks_replays_nothing(service):
    body = {"name": "shop", "scopes": ["messages:write"]}
    key = (await service.native("POST", "keys", json=body)).json()["key"]
    headers = {"Authorization": f"Bearer {key}"}
    answer = await service.client.post(f"/v1/{JOBS}", json={"verb": "replay"}, headers=headers)
    assert (answer.status_code, answer.json()["requiredScope"]) == (403, "webhooks")


async def test_a_finished_job_cannot_be_stopped(service, clock):
    job = await begin(service, {"verb": "cancel", "messages": {"state": "held"}})
    await work(service, clock)
    answer = await service.native("POST", f"{JOBS}/{job['id']}/stop", json={})
    assert (answer.status_code, answer.json()["code"]) == (409, "bulk_job_over")
