"""Endpoints that fail in every way: what is retried, when, and what others notice of it."""

import socket
from typing import Any

import pytest

from simpost.domain.webhooks import DeliveryState, EndpointState
from simpost.features.webhooks import round as rounds
from simpost.features.webhooks import sender
from simpost.features.webhooks.replay import ReplayFilter
from simpost.features.webhooks.retry import BREAK_AFTER, MAX_ATTEMPTS
from tests.integration.webhooks.receiver import OK, answer, receiving

HOOKS = Any  # the `hooks` fixture of conftest.py
RECEIVER = Any
DAY_MS = 86_400_000


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(sender, "RESPONSE_TIMEOUT_S", 0.3)
    monkeypatch.setattr(sender, "CONNECT_TIMEOUT_S", 0.3)


async def types(hooks: HOOKS) -> list[str]:
    """Types of events about endpoints."""
    page = await hooks.store.events.events_after(1, None, limit=1_000)
    return [each.type for each in page.events if each.type.startswith("webhook.")]


@pytest.mark.parametrize(
    "response",
    [
        answer("500 Internal Server Error", body=b"oops"),
        answer("302 Found", "Location: http://127.0.0.1:1/elsewhere"),
        answer("301 Moved Permanently", "Location: /hook2"),
        answer("404 Not Found"),
        b"HTTP/1.1 nonsense\r\n\r\n",
        None,
    ],
    ids=["500", "302", "301", "404", "nonsense", "silent"],
)
async def test_an_event_that_is_not_accepted_is_tried_again(
    hooks: HOOKS, receiver: RECEIVER, response: bytes | None
):
    endpoint = await hooks.add(receiver.url)
    receiver.answer = response
    await hooks.accept()
    await hooks.deliver()
    assert len(receiver.got) == 1
    [failed] = await hooks.deliveries(endpoint)
    assert (failed.state, failed.sequence) == (DeliveryState.PENDING, 1)
    assert 4_500 <= failed.due_ms - hooks.now_ms <= 6_000
    receiver.answer = OK
    hooks.now_ms = failed.due_ms
    await hooks.deliver()
    first, second = receiver.got
    assert first.path == second.path == "/hook"  # no redirect is followed
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    [done] = await hooks.deliveries(endpoint)
    assert (done.state, done.due_ms) == (DeliveryState.DELIVERED, None)
    assert [each.status == 200 for each in done.attempts] == [False, True]
    assert (await hooks.endpoint(endpoint)).failures == 0


async def test_an_attempt_shows_the_beginning_of_the_response(hooks: HOOKS, receiver: RECEIVER):
    endpoint = await hooks.add(receiver.url)
    receiver.answer = answer("500 Oops", body="é\0".encode() * 100_000)
    await hooks.accept()
    await hooks.deliver()
    [failed] = await hooks.deliveries(endpoint)
    [attempt] = failed.attempts
    assert attempt.status == 500
    assert attempt.body.startswith("é\0é\0")
    assert len(attempt.body.encode()) <= sender.MAX_BODY_OCTETS + 2


async def test_a_connection_that_is_refused_is_named(hooks: HOOKS):
    async with receiving() as gone:
        endpoint = await hooks.add(gone.url)
    await hooks.accept()
    await hooks.deliver()
    [failed] = await hooks.deliveries(endpoint)
    assert failed.attempts[0].status is None
    assert "connect" in failed.attempts[0].error.lower()


async def test_any_2xx_accepts(hooks: HOOKS, receiver: RECEIVER):
    endpoint = await hooks.add(receiver.url)
    receiver.answer = b"HTTP/1.1 204 No Content\r\n\r\n"
    await hooks.accept(3)
    await hooks.deliver()
    assert (await hooks.endpoint(endpoint)).delivered == 3


async def test_410_stops_the_endpoint_and_ends_its_deliveries(hooks: HOOKS, receiver: RECEIVER):
    endpoint = await hooks.add(receiver.url)
    receiver.answer = answer("500 Oops")
    await hooks.accept()
    await hooks.deliver()
    receiver.answer = answer("410 Gone")
    await hooks.accept()
    await hooks.deliver()
    assert (await hooks.endpoint(endpoint)).state is EndpointState.GONE
    states = {each.state for each in await hooks.deliveries(endpoint)}
    assert states == {DeliveryState.ENDPOINT_GONE}
    assert await types(hooks) == ["webhook.disabled"]
    count = len(receiver.got)
    hooks.now_ms += DAY_MS
    await hooks.accept()
    await hooks.deliver()
    assert len(receiver.got) == count


@pytest.mark.parametrize("status", ["503 Busy", "429 Too Many Requests"])
async def test_retry_after_is_honoured(hooks: HOOKS, receiver: RECEIVER, status: str):
    await hooks.add(receiver.url)
    receiver.answer = answer(status, "Retry-After: 100")
    await hooks.accept(5)
    await hooks.deliver()
    count = len(receiver.got)
    assert count <= rounds.WINDOW
    receiver.answer = OK
    hooks.now_ms += 99_000
    await hooks.deliver()
    assert len(receiver.got) == count
    hooks.now_ms += 2_000
    await hooks.deliver()
    assert sorted(set(receiver.sequences)) == [1, 2, 3, 4, 5]


async def test_a_senseless_retry_after_is_an_ordinary_failure(hooks: HOOKS, receiver: RECEIVER):
    endpoint = await hooks.add(receiver.url)
    receiver.answer = answer("503 Busy", "Retry-After: Mon, 01 Jan 99999999999 00:00:00 GMT")
    await hooks.accept()
    await hooks.deliver()
    (row,) = await hooks.deliveries(endpoint)
    assert (row.state, len(row.attempts)) == (DeliveryState.PENDING, 1)
    assert (await hooks.endpoint(endpoint)).failures == 1


async def test_a_dead_endpoint_gets_one_request_at_a_time_and_keeps_its_queue(hooks: HOOKS):
    async with receiving() as gone:
        endpoint = await hooks.add(gone.url)
    await hooks.accept(50)
    await hooks.deliver()
    now = await hooks.endpoint(endpoint)
    assert now.failures == BREAK_AFTER
    assert now.cursor < 50
    rows = await hooks.deliveries(endpoint)
    assert len(rows) == BREAK_AFTER  # the others wait behind the cursor
    for _ in range(3):
        hooks.now_ms = now.next_ms
        await hooks.deliver()
        after = await hooks.endpoint(endpoint)
        assert after.failures == now.failures + 1
        assert after.next_ms > hooks.now_ms
        now = after


async def test_one_notice_at_trouble_and_one_at_recovery(hooks: HOOKS, receiver: RECEIVER):
    endpoint = await hooks.add(receiver.url, types=("message.*",))
    receiver.answer = answer("500 Oops")
    await hooks.accept(50)
    for _ in range(4):
        await hooks.deliver()
        hooks.now_ms = (await hooks.endpoint(endpoint)).next_ms
    assert await types(hooks) == ["webhook.failing"]
    receiver.answer = OK
    for _ in range(4):
        await hooks.deliver()
        hooks.now_ms += 3_600_000
    assert await types(hooks) == ["webhook.failing", "webhook.recovered"]
    good = {each["sequence"] for each in receiver.documents}
    assert good == set(range(1, 51))
    states = {each.state for each in await hooks.deliveries(endpoint)}
    assert states == {DeliveryState.DELIVERED}


async def test_notices_of_an_endpoint_that_comes_and_goes_do_not_flood(
    hooks: HOOKS, receiver: RECEIVER
):
    endpoint = await hooks.add(receiver.url, types=("message.*",))
    for _ in range(5):
        receiver.answer = answer("500 Oops")
        await hooks.accept(6)
        await hooks.deliver()
        hooks.now_ms = max(hooks.now_ms, (await hooks.endpoint(endpoint)).next_ms)
        receiver.answer = OK
        await hooks.deliver()
    assert await types(hooks) == ["webhook.failing", "webhook.recovered"]


async def test_after_three_days_it_is_disabled_and_resumed_without_a_loss(
    hooks: HOOKS, receiver: RECEIVER
):
    endpoint = await hooks.add(receiver.url, types=("message.*",))
    receiver.answer = answer("500 Oops")
    await hooks.accept(20)
    started_ms = hooks.now_ms
    now = await hooks.endpoint(endpoint)
    while now.state is EndpointState.ENABLED:
        await hooks.deliver()
        now = await hooks.endpoint(endpoint)
        hooks.now_ms = max(hooks.now_ms + 1_000, now.next_ms)
        assert hooks.now_ms < started_ms + 4 * DAY_MS
    assert now.state is EndpointState.DISABLED
    assert hooks.now_ms >= started_ms + 3 * DAY_MS - DAY_MS // 2
    assert await types(hooks) == ["webhook.failing", "webhook.disabled"]
    assert len(receiver.got) < 60
    await hooks.accept(5)
    receiver.answer = OK
    receiver.got.clear()
    await hooks.service.resume(hooks.account, endpoint.id)
    hooks.now_ms += DAY_MS
    await hooks.deliver()
    page = await hooks.store.events.events_after(1, None, limit=100)
    messages = {each.sequence for each in page.events if each.type == "message.accepted"}
    exhausted = {
        each.sequence
        for each in await hooks.deliveries(endpoint)
        if each.state is DeliveryState.EXHAUSTED
    }
    assert set(receiver.sequences) | exhausted == messages
    assert (await hooks.endpoint(endpoint)).exhausted == len(exhausted)


async def test_an_event_that_is_never_accepted_is_exhausted_and_can_be_replayed(
    hooks: HOOKS, receiver: RECEIVER
):
    endpoint = await hooks.add(receiver.url, types=("message.*",))
    receiver.answer = lambda got: answer("500 Oops") if got.document["sequence"] == 2 else OK
    await hooks.accept(3)
    started_ms = hooks.now_ms
    await hooks.deliver()
    [poison] = await hooks.deliveries(endpoint)
    attempts = 1
    while poison.state is DeliveryState.PENDING:
        hooks.now_ms = poison.due_ms
        await hooks.accept()  # others are accepted all the time
        await hooks.deliver()
        [poison] = await hooks.deliveries(endpoint)
        attempts += 1
    assert (poison.state, attempts) == (DeliveryState.EXHAUSTED, MAX_ATTEMPTS)
    assert len(poison.attempts) == MAX_ATTEMPTS
    assert 2.5 * DAY_MS < hooks.now_ms - started_ms < 3.5 * DAY_MS
    assert (await hooks.endpoint(endpoint)).exhausted == 1
    receiver.answer = OK
    receiver.got.clear()
    which = ReplayFilter(exhausted=True)
    assert (await hooks.service.replay(hooks.account, endpoint.id, which)).queued == 1
    await hooks.deliver()
    assert receiver.sequences == [2]


async def test_a_silent_endpoint_delays_no_other(
    hooks: HOOKS, receiver: RECEIVER, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sender, "RESPONSE_TIMEOUT_S", 3_600)  # none ends before all have arrived
    async with receiving() as silent:
        silent.answer = None
        await hooks.add(silent.url)
        await hooks.add(receiver.url)
        await hooks.accept(100)
        await hooks.job.run_once()
        await receiver.wait_for(100)
        await silent.wait_for(1)
        assert silent.open_requests == len(silent.got) < 10
        silent.answer = OK
        await silent.close()
        await hooks.job.wait_idle()


async def test_private_addresses_are_refused_after_the_name_is_resolved(
    hooks: HOOKS, receiver: RECEIVER, monkeypatch
):
    resolve = socket.getaddrinfo

    def to_loopback(host, *given):
        return resolve("127.0.0.1" if host == "hook.example.com" else host, *given)

    monkeypatch.setattr(socket, "getaddrinfo", to_loopback)
    hooks.sender._allow_private = False
    port = receiver.url.rpartition(":")[2]
    endpoint = await hooks.add(f"http://hook.example.com:{port}")
    await hooks.accept()
    await hooks.deliver()
    assert receiver.got == []
    [failed] = await hooks.deliveries(endpoint)
    assert failed.attempts[0].status is None
    assert "no public address" in failed.attempts[0].error
