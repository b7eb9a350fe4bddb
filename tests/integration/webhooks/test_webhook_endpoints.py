"""What an account does with its endpoints: filters, pauses, secrets, replays, deletion."""

import random
from typing import Any

import pytest

from simpost.domain.messages import Category, format_id
from simpost.domain.webhooks import DeliveryState, EndpointFormat, EndpointState
from simpost.errors import InvalidRequest, UnknownWebhook
from simpost.features.webhooks.compatible import MESSAGE_EVENTS
from simpost.features.webhooks.endpoints import MAX_ENDPOINTS
from simpost.features.webhooks.replay import ReplayFilter
from simpost.ports.store import EndpointChange
from tests.contract.store_facts import NOW_MS
from tests.integration.webhooks.receiver import OK, answer

HOOKS = Any  # the `hooks` fixture of conftest.py
RECEIVER = Any
DAY_MS = 86_400_000


async def test_an_account_with_an_endpoint_keeps_events(hooks: HOOKS, receiver: RECEIVER):
    assert not hooks.account.events
    await hooks.add(receiver.url)
    assert hooks.account.events
    assert not hooks.other.events


async def test_events_from_before_the_endpoint_are_not_sent(hooks: HOOKS, receiver: RECEIVER):
    await hooks.add(receiver.url + "1")
    await hooks.accept(3)
    await hooks.deliver()
    endpoint = await hooks.add(receiver.url + "2")
    await hooks.accept(2)
    await hooks.deliver()
    assert [each.path for each in receiver.got].count("/hook2") == 2
    assert (await hooks.endpoint(endpoint)).delivered == 2


async def test_an_equal_endpoint_is_not_added_twice(hooks: HOOKS, receiver: RECEIVER):
    first, is_new = await hooks.service.add(hooks.account, receiver.url, types=("a.b", "c.d"))
    again, is_new_again = await hooks.service.add(hooks.account, receiver.url, types=("c.d", "a.b"))
    assert (is_new, is_new_again) == (True, False)
    assert first.id == again.id
    _, is_other = await hooks.service.add(hooks.account, receiver.url)
    assert is_other
    with pytest.raises(InvalidRequest, match="with this URL"):
        await hooks.service.change(hooks.account, first.id, EndpointChange(types=()))


async def test_endpoints_of_an_account_are_limited(hooks: HOOKS, receiver: RECEIVER):
    for number in range(MAX_ENDPOINTS):
        await hooks.add(f"{receiver.url}{number}")
    with pytest.raises(InvalidRequest, match="20 webhook endpoints"):
        await hooks.add(f"{receiver.url}x")
    await hooks.service.add(hooks.other, receiver.url)


async def test_types_and_categories_select_events(hooks: HOOKS, receiver: RECEIVER):
    await hooks.add(f"{receiver.url}1", types=("message.delivered",))
    await hooks.add(f"{receiver.url}2", categories=("code",))
    await hooks.add(f"{receiver.url}3", types=("message.*",))
    await hooks.accept(2, category=Category.SERVICE)
    [code] = await hooks.accept(1, category=Category.CODE)
    await hooks.deliver()
    by_path: dict[str, list[str]] = {}
    for each in receiver.got:
        by_path.setdefault(each.path, []).append(each.document["subject"])
    assert by_path["/hook2"] == [format_id(code)]
    assert len(by_path["/hook3"]) == 3
    assert "/hook1" not in by_path


async def test_a_batch_is_one_request(hooks: HOOKS, receiver: RECEIVER):
    endpoint = await hooks.add(receiver.url, batch=100)
    await hooks.accept(250)
    receiver.answer = lambda got: answer("500 Oops") if len(receiver.got) == 2 else OK
    await hooks.deliver()
    hooks.now_ms += 10_000
    await hooks.deliver()
    events = [event for each in receiver.documents for event in each["events"]]
    assert {each["sequence"] for each in events} == set(range(1, 251))
    assert len({each["id"] for each in events}) == 250
    assert len(receiver.got) <= 6
    assert all(each.is_signed_with(endpoint.secret) for each in receiver.got)
    assert all(each.document["type"] == "events" for each in receiver.got)


async def test_a_paused_endpoint_keeps_its_queue(hooks: HOOKS, receiver: RECEIVER):
    endpoint = await hooks.add(receiver.url)
    receiver.answer = answer("500 Oops")
    await hooks.accept(2)
    await hooks.deliver()
    await hooks.service.pause(hooks.account, endpoint.id)
    await hooks.accept(2)
    receiver.answer = OK
    receiver.got.clear()
    hooks.now_ms += 30 * DAY_MS
    await hooks.deliver()
    assert receiver.got == []
    await hooks.service.resume(hooks.account, endpoint.id)
    await hooks.deliver()
    assert sorted(receiver.sequences) == [1, 2, 3, 4]


async def test_events_deleted_before_they_were_sent_are_counted(hooks: HOOKS, receiver: RECEIVER):
    endpoint = await hooks.add(receiver.url)
    await hooks.service.pause(hooks.account, endpoint.id)
    await hooks.accept(5)
    hooks.now_ms += 2 * DAY_MS
    await hooks.accept(1, at_ms=hooks.now_ms)
    await hooks.store.events.assign_sequence(limit=100)
    assert await hooks.store.events.delete_events_before(NOW_MS + DAY_MS, limit=100) == 5
    await hooks.service.resume(hooks.account, endpoint.id)
    await hooks.deliver()
    assert receiver.sequences == [6]
    assert (await hooks.endpoint(endpoint)).skipped == 5
    assert hooks.job.counts.skipped == 5


async def test_both_secrets_sign_during_the_overlap(hooks: HOOKS, receiver: RECEIVER):
    old = await hooks.add(receiver.url)
    new = await hooks.service.rotate_secret(hooks.account, old.id, overlap_s=3_600)
    assert new.secret != old.secret
    await hooks.accept()
    await hooks.deliver()
    hooks.now_ms += 3_600_000
    await hooks.accept()
    await hooks.deliver()
    during, after = receiver.got
    assert during.is_signed_with(old.secret)
    assert during.is_signed_with(new.secret)
    assert not after.is_signed_with(old.secret)
    assert after.is_signed_with(new.secret)


async def test_a_revoked_secret_signs_no_more_also_what_waits(hooks: HOOKS, receiver: RECEIVER):
    old = await hooks.add(receiver.url)
    receiver.answer = answer("500 Oops")
    await hooks.accept()
    await hooks.deliver()
    new = await hooks.service.rotate_secret(hooks.account, old.id, overlap_s=0)
    hooks.now_ms += 60_000
    await hooks.deliver()
    assert not receiver.got[-1].is_signed_with(old.secret)
    assert receiver.got[-1].is_signed_with(new.secret)


async def test_a_test_event_is_sent_now_and_shown(hooks: HOOKS, receiver: RECEIVER):
    endpoint = await hooks.add(receiver.url)
    await hooks.service.pause(hooks.account, endpoint.id)
    receiver.answer = answer("202 Accepted", body=b"thanks")
    attempt = await hooks.service.test(hooks.account, endpoint.id)
    assert (attempt.status, attempt.body, attempt.error) == (202, "thanks", "")
    [got] = receiver.got
    assert got.document["type"] == "webhook.test"
    assert got.is_signed_with(endpoint.secret)
    await hooks.service.test(hooks.account, endpoint.id)
    assert receiver.got[0].headers["webhook-id"] != receiver.got[1].headers["webhook-id"]


@pytest.mark.parametrize(
    ("which", "expected"),
    [
        ({"after": 2}, [3, 4, 5, 6]),
        ({"after": 1, "before": 4}, [2, 3]),
        ({"from_ms": NOW_MS + 2 * 3_600_000}, [3, 4, 5, 6]),
        ({"from_ms": NOW_MS + 3_600_000, "to_ms": NOW_MS + 3 * 3_600_000}, [2, 3]),
        ({"types": ("message.accepted",), "before": 3}, [1, 2]),
        ({"types": ("message.delivered",)}, []),
        ({"from_ms": NOW_MS + DAY_MS}, []),
    ],
)
async def test_events_are_replayed_to_a_chosen_endpoint(
    hooks: HOOKS, receiver: RECEIVER, which: dict[str, Any], expected: list[int]
):
    await hooks.add(f"{receiver.url}1")
    for hour in range(6):
        await hooks.accept(1, at_ms=NOW_MS + hour * 3_600_000)
    await hooks.deliver()
    chosen = await hooks.add(f"{receiver.url}2")
    firsts = {each.document["sequence"]: each.headers["webhook-id"] for each in receiver.got}
    receiver.got.clear()
    replayed = await hooks.service.replay(hooks.account, chosen.id, ReplayFilter(**which))
    assert replayed == (len(expected), None)
    await hooks.deliver()
    assert sorted(receiver.sequences) == expected
    for each in receiver.got:
        assert each.path == "/hook2"
        assert each.headers["webhook-id"] == firsts[each.document["sequence"]]
    states = {each.state for each in await hooks.deliveries(chosen)}
    assert states <= {DeliveryState.DELIVERED}


async def test_events_are_replayed_by_id(hooks: HOOKS, receiver: RECEIVER):
    endpoint = await hooks.add(receiver.url)
    await hooks.accept(5)
    await hooks.deliver()
    ids = {each.document["sequence"]: each.document["id"] for each in receiver.got}
    receiver.got.clear()
    forged = ids[2][:4] + "0" * 16 + ids[2][20:]
    which = ReplayFilter(event_ids=(ids[2], ids[4], forged, "evt_" + "f" * 32))
    assert await hooks.service.replay(hooks.account, endpoint.id, which) == (2, None)
    await hooks.deliver()
    assert sorted(receiver.sequences) == [2, 4]


async def test_a_large_replay_goes_on_where_the_last_one_ended(
    hooks: HOOKS, receiver: RECEIVER, monkeypatch
):
    from simpost.features.webhooks import replay

    monkeypatch.setattr(replay, "MAX_REPLAYED", 10)
    monkeypatch.setattr(replay, "_STEP", 5)
    endpoint = await hooks.add(receiver.url)
    await hooks.service.pause(hooks.account, endpoint.id)
    await hooks.accept(23)
    after, count = 0, 0
    while after is not None:
        queued, after = await hooks.service.replay(
            hooks.account, endpoint.id, ReplayFilter(after=after)
        )
        count += queued
    assert count == 23


@pytest.mark.parametrize("state", [EndpointState.DISABLED, EndpointState.GONE])
async def test_a_stopped_endpoint_refuses_a_replay_and_says_why(
    hooks: HOOKS, receiver: RECEIVER, state: EndpointState
):
    endpoint = await hooks.add(receiver.url)
    await hooks.service.change(hooks.account, endpoint.id, EndpointChange(state=state))
    with pytest.raises(InvalidRequest, match=f"{state}: resume it first"):
        await hooks.service.replay(hooks.account, endpoint.id, ReplayFilter(after=0))


async def test_a_deleted_endpoint_leaves_its_deliveries_as_gone(hooks: HOOKS, receiver: RECEIVER):
    endpoint = await hooks.add(receiver.url)
    receiver.answer = answer("500 Oops")
    await hooks.accept(3)
    await hooks.deliver()
    await hooks.service.delete(hooks.account, endpoint.id)
    rows = await hooks.deliveries(endpoint)
    assert {each.state for each in rows} == {DeliveryState.ENDPOINT_GONE}
    with pytest.raises(UnknownWebhook):
        await hooks.service.find(hooks.account, endpoint.id)


async def test_endpoints_deleted_at_random_never_break_the_job(hooks: HOOKS, receiver: RECEIVER):
    chance = random.Random(11)
    receiver.answer = lambda _: OK if chance.random() < 0.7 else answer("500 Oops")
    kept = await hooks.add(f"{receiver.url}kept")
    others = [await hooks.add(f"{receiver.url}{number}") for number in range(10)]
    for _ in range(12):
        await hooks.accept(5)
        await hooks.job.run_once()
        if others and chance.random() < 0.8:
            await hooks.service.delete(hooks.account, others.pop().id)
        await hooks.job.wait_idle()
        hooks.now_ms += 10_000
    receiver.answer = OK
    for _ in range(20):
        hooks.now_ms += 3_600_000
        await hooks.deliver()
    got = {each.document["sequence"] for each in receiver.got if each.path == "/hookkept"}
    page = await hooks.store.events.events_after(1, None, limit=1_000)
    wanted = {each.sequence for each in page.events if each.subject != format_id(kept.id)}
    assert got == wanted


async def test_two_accounts_see_nothing_of_each_other(hooks: HOOKS, receiver: RECEIVER):
    endpoint = await hooks.add(receiver.url)
    await hooks.service.add(hooks.other, f"{receiver.url}other")
    await hooks.accept(2)
    await hooks.deliver()
    assert {each.path for each in receiver.got} == {"/hook"}
    other = hooks.other
    for call in (
        hooks.service.find,
        hooks.service.pause,
        hooks.service.resume,
        hooks.service.delete,
        hooks.service.test,
    ):
        with pytest.raises(UnknownWebhook):
            await call(other, endpoint.id)
    with pytest.raises(UnknownWebhook):
        await hooks.service.rotate_secret(other, endpoint.id, overlap_s=0)
    with pytest.raises(UnknownWebhook):
        await hooks.service.replay(other, endpoint.id, ReplayFilter(after=0))
    assert len(await hooks.service.list_all(other)) == 1
    assert (await hooks.endpoint(endpoint)).state is EndpointState.ENABLED


async def test_the_notify_envelope_is_the_documented_one(hooks: HOOKS, receiver: RECEIVER):
    endpoint, _ = await hooks.service.add(
        hooks.account, receiver.url, format=EndpointFormat.NOTIFY, types=MESSAGE_EVENTS
    )
    [message_id] = await hooks.accept()
    await hooks.deliver()
    [got] = receiver.got
    document = got.document
    assert got.headers["webhook-id"] == f"evt_{document['notifyId']}"
    assert len(document.pop("notifyId")) == 32
    assert document == {
        "notifyType": "SMS_STATUS",
        "eventGenerateTime": "2026-01-01T00:00:00.000Z",
        "content": {
            "messageId": format_id(message_id),
            "messageStatus": "accepted",
            "sequence": 1,
            "carrier": "smsc",
            "reason": None,
            "parts": 1,
            "deliveredParts": 0,
            "category": "service",
            "esimTranNo": "23072017992029",
            "iccid": "8985200000000000001",
            "reference": None,
        },
    }
    assert got.is_signed_with(endpoint.secret)


async def test_another_saved_url_replaces_the_one_before(hooks: HOOKS, receiver: RECEIVER):
    given = {"format": EndpointFormat.NOTIFY, "types": MESSAGE_EVENTS}
    first, _ = await hooks.service.add(hooks.account, f"{receiver.url}1", **given)
    await hooks.service.pause(hooks.account, first.id)
    second, is_new = await hooks.service.add(hooks.account, f"{receiver.url}2", **given)
    assert (second.id, second.secret, is_new) == (first.id, first.secret, False)
    await hooks.accept()
    await hooks.deliver()
    assert [each.path for each in receiver.got] == ["/hook2"]
