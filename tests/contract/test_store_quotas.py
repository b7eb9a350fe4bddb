"""Quotas: counted in the commit of a message, and never exceeded."""

import asyncio

import msgspec
import pytest
import pytest_asyncio

from simpost.domain.accounts import Account
from simpost.domain.policy.quotas import Quota, QuotaKey, QuotaReached
from simpost.domain.reasons import Reason
from simpost.domain.states import State
from simpost.ports.store import Accepted, IdempotentReplay, MessageFilter
from tests.contract.store_facts import DAY_MS, DUE_MS, NOW_MS, held, key, message

pytestmark = pytest.mark.asyncio

TODAY = "2026-01-01"


def quota(counter="notice:1", *, limit=2, amount=1, period=TODAY, expires_ms=NOW_MS + DAY_MS):
    return Quota(counter, period, amount, limit, Reason.CAP_REACHED, expires_ms)


def limited(*quotas, **changes):
    return message(quotas=quotas or (quota(),), **changes)


async def used(store, *counters, account_id=1, period=TODAY):
    keys = [QuotaKey(account_id, each, period) for each in counters or ("notice:1",)]
    return await store.quotas.find_used(keys)


async def texts(store):
    return len(await store.log.list_messages(1, MessageFilter(limit=200)))


async def test_messages_are_counted_until_the_quota_is_reached(store):
    for count in (1, 2):
        assert await store.queue.accept(limited()) == Accepted()
        assert await used(store) == [count]
    assert await store.queue.accept(limited()) == QuotaReached(quota(), 2)
    assert await used(store) == [2]
    assert await texts(store) == 2


async def test_cost_is_counted_beyond_32_bits(store):
    cost = quota("budget:cost:day:", limit=10**13, amount=6 * 10**12)
    assert await store.queue.accept(limited(cost)) == Accepted()
    reached = await store.queue.accept(limited(cost))
    assert reached == QuotaReached(cost, 6 * 10**12)
    assert reached.detail.startswith("600000000.0000 of 1000000000.0000 used")
    rest = quota("budget:cost:day:", limit=10**13, amount=4 * 10**12)
    assert await store.queue.accept(limited(rest)) == Accepted()
    assert await used(store, "budget:cost:day:") == [10**13]


async def test_messages_without_quotas_count_nowhere(store):
    for _ in range(3):
        assert await store.queue.accept(message()) == Accepted()
    await store.queue.accept(limited())
    assert await used(store) == [1]


@pytest.mark.parametrize(
    "other",
    [
        {"quotas": (quota("notice:2"),)},
        {"quotas": (quota(period="2026-01-02"),)},
        {"quotas": (quota(),), "account_id": 2},
    ],
)
async def test_counters_periods_and_accounts_are_counted_apart(store, other):
    await store.queue.accept(limited(quota(limit=1)))
    assert await store.queue.accept(message(**other)) == Accepted()
    assert await used(store) == [1]


async def test_a_message_counts_for_all_of_its_quotas_or_for_none(store):
    narrow, wide = quota("narrow", limit=1), quota("wide", limit=100, amount=3)
    assert await store.queue.accept(limited(wide, narrow)) == Accepted()
    assert await store.queue.accept(limited(wide, narrow)) == QuotaReached(narrow, 1)
    assert await store.queue.accept(limited(wide)) == Accepted()
    assert await used(store, "wide", "narrow") == [6, 1]


async def test_an_amount_that_does_not_fit_leaves_the_rest_to_smaller_ones(store):
    assert await store.queue.accept(limited(quota(limit=5, amount=4))) == Accepted()
    assert await store.queue.accept(limited(quota(limit=5, amount=2))) == QuotaReached(
        quota(limit=5, amount=2), 4
    )
    assert await store.queue.accept(limited(quota(limit=5, amount=1))) == Accepted()
    assert await used(store) == [5]


async def test_a_repeated_request_counts_once(store):
    first = limited(quota(limit=1), request=key())
    assert await store.queue.accept(first) == Accepted()
    replay = IdempotentReplay(same=True, message_id=first.id, reason=None)
    for _ in range(2):
        assert await store.queue.accept(limited(quota(limit=1), request=key())) == replay
    other = limited(quota(limit=1), request=key(fingerprint=b"other"))
    assert await store.queue.accept(other) == IdempotentReplay(
        same=False, message_id=first.id, reason=None
    )


async def test_a_repeated_request_gives_its_count_back(store):
    first = limited(quota(limit=2), request=key())
    await store.queue.accept(first)
    replays = await asyncio.gather(
        *(store.queue.accept(limited(quota(limit=2), request=key())) for _ in range(5))
    )
    assert {type(replay) for replay in replays} == {IdempotentReplay}
    assert await store.queue.accept(limited(quota(limit=2))) == Accepted()


async def test_a_request_id_is_not_used_by_a_message_over_its_quota(store):
    await store.queue.accept(limited(quota(limit=1)))
    refused = await store.queue.accept(limited(quota(limit=1), request=key()))
    assert isinstance(refused, QuotaReached)
    assert await store.queue.accept(message(request=key())) == Accepted()


async def test_a_signature_is_not_used_by_a_message_over_its_quota(store):
    await store.queue.accept(limited(quota(limit=1)))
    signed = key().__class__("r-2", b"same", NOW_MS - DAY_MS, signature="ab" * 32)
    assert isinstance(
        await store.queue.accept(limited(quota(limit=1), request=signed)), QuotaReached
    )
    one = message(request=signed)
    assert await store.queue.accept(one) == Accepted()
    assert await store.queue.accept(limited(quota(limit=1), request=signed)) == IdempotentReplay(
        same=True, message_id=one.id, reason=None
    )


async def test_of_many_at_once_exactly_as_many_as_allowed_are_committed(store):
    results = await asyncio.gather(
        *(store.queue.accept(limited(quota(limit=7))) for _ in range(100))
    )
    accepted = [one for one in results if isinstance(one, Accepted)]
    assert len(accepted) == await texts(store) == 7
    assert await used(store) == [7]


async def test_a_held_message_counts_when_it_is_released(store):
    await store.held.hold(held(quotas=(quota(limit=1),)))
    first, second = held(quotas=(quota(limit=1),)), held(quotas=(quota(limit=1),))
    await store.held.hold(first)
    await store.held.hold(second)
    released = await store.held.release_held([first.message, second.message], now_ms=DUE_MS)
    assert released == [Accepted(), QuotaReached(quota(limit=1), 1)]
    shown = await store.log.find_message(1, second.message.id)
    assert shown.state is State.SCHEDULED


async def test_a_message_that_is_not_released_gives_its_count_back(store):
    one = held(quotas=(quota(limit=1),))
    await store.held.hold(one)
    assert await store.held.cancel_message(1, one.message.id, now_ms=NOW_MS)
    assert await store.held.release_held([one.message], now_ms=DUE_MS) == [None]
    assert await store.queue.accept(limited(quota(limit=1))) == Accepted()


async def test_counts_of_past_periods_are_deleted(store):
    await store.queue.accept(limited(quota(limit=1, expires_ms=NOW_MS)))
    assert await store.retention.purge(now_ms=NOW_MS, limit=10) == 0
    assert await store.retention.purge(now_ms=NOW_MS + 1, limit=10) == 1
    assert await store.queue.accept(limited(quota(limit=1))) == Accepted()


def budget(*, limit=10, amount=1, counter="budget:day:66"):
    quota = Quota(counter, TODAY, amount, limit, Reason.BUDGET_REACHED, NOW_MS + DAY_MS)
    return msgspec.structs.replace(quota, alarms=(50, 80, 100))


async def alarms(store, account_id=1):
    page = await store.events.events_after(account_id, None, limit=1000)
    return [
        (event.subject, event.data["percent"], event.data["used"])
        for event in page.events
        if event.type == "budget.reached"
    ]


def percents(results):
    return [
        alarm.percent
        for one in results
        if isinstance(one, Accepted | QuotaReached)
        for alarm in one.alarms
    ]


@pytest_asyncio.fixture
async def keeping(store):
    """The store, with an account that keeps events."""
    await store.accounts.add_account(Account(0, "demo", "demo-secret", events=True))
    return store


async def test_each_alarm_of_a_budget_is_one_event(keeping):
    for _ in range(12):
        await keeping.queue.accept(limited(budget()))
    assert await alarms(keeping) == [("day:66", 50, 5), ("day:66", 80, 8), ("day:66", 100, 10)]
    page = await keeping.events.events_after(1, None, limit=1000)
    [event, *_] = [event for event in page.events if event.type == "budget.reached"]
    assert event.at_ms == NOW_MS
    assert event.data == {"period": TODAY, "percent": 50, "used": 5, "limit": 10}


async def test_one_message_may_cross_several_alarms(keeping):
    await keeping.queue.accept(limited(budget(amount=9, counter="budget:month:")))
    assert await alarms(keeping) == [("month", 50, 9), ("month", 80, 9)]


async def test_alarms_of_many_at_once_are_raised_once(keeping):
    one_id = key()
    results = await asyncio.gather(
        *(keeping.queue.accept(limited(budget(), request=one_id)) for _ in range(6)),
        *(keeping.queue.accept(limited(budget())) for _ in range(3)),
    )
    results += await asyncio.gather(*(keeping.queue.accept(limited(budget())) for _ in range(50)))
    assert sum(isinstance(one, Accepted) for one in results) == 10
    assert await used(keeping, "budget:day:66") == [10]
    assert [percent for _, percent, _ in await alarms(keeping)] == [50, 80, 100]
    assert percents(results) == [50, 80, 100]


async def test_released_messages_raise_alarms_too(keeping):
    messages = [held(quotas=(budget(limit=4),)) for _ in range(3)]
    for one in messages:
        await keeping.held.hold(one)
    released = await keeping.held.release_held([one.message for one in messages], now_ms=DUE_MS)
    assert percents(released) == [50]
    assert await alarms(keeping) == [("day:66", 50, 2)]
    first, second = (held(quotas=(budget(limit=4, amount=2),)) for _ in range(2))
    await keeping.held.hold(first)
    await keeping.held.hold(second)
    released = await keeping.held.release_held([first.message, second.message], now_ms=DUE_MS)
    assert [type(each) for each in released] == [QuotaReached, QuotaReached]
    assert percents(released) == [100]
    assert (await alarms(keeping))[1:] == [("day:66", 100, 3)]


async def test_the_first_refusal_raises_the_last_alarm_once(keeping):
    await keeping.queue.accept(limited(budget(limit=4, amount=3)))
    answers = [await keeping.queue.accept(limited(budget(limit=4, amount=2))) for _ in range(3)]
    assert [type(each) for each in answers] == [QuotaReached] * 3
    assert percents(answers) == [100]
    last = await keeping.queue.accept(limited(budget(limit=4)))
    assert percents([last]) == [80]
    assert await alarms(keeping) == [("day:66", 50, 3), ("day:66", 100, 3), ("day:66", 80, 4)]


async def test_refusals_of_many_at_once_raise_one_alarm(keeping):
    await keeping.queue.accept(limited(budget(limit=4, amount=3)))
    answers = await asyncio.gather(
        *(keeping.queue.accept(limited(budget(limit=4, amount=2))) for _ in range(50))
    )
    assert percents(answers) == [100]
    assert await used(keeping, "budget:day:66") == [3]


async def test_a_raised_budget_raises_the_last_alarm_again(keeping):
    for limit, expected in ((1, [50, 80, 100]), (2, [80, 100]), (1, [])):
        answers = [await keeping.queue.accept(limited(budget(limit=limit))) for _ in range(2)]
        assert percents(answers) == expected


async def test_a_lowered_budget_raises_the_last_alarm_at_the_next_refusal(keeping):
    await keeping.queue.accept(limited(budget(limit=20, amount=6)))
    answers = [await keeping.queue.accept(limited(budget(limit=5))) for _ in range(2)]
    assert percents(answers) == [100]


async def test_a_repeated_request_raises_no_alarm(keeping):
    await keeping.queue.accept(limited(budget(limit=4, amount=3), request=key()))
    answer = await keeping.queue.accept(limited(budget(limit=4, amount=3), request=key()))
    assert isinstance(answer, IdempotentReplay)
    assert await alarms(keeping) == [("day:66", 50, 3)]


async def test_without_an_event_log_no_event_is_written(store):
    await store.queue.accept(limited(budget(limit=1)))
    assert await alarms(store) == []


async def test_counts_are_read_by_key(store):
    await store.queue.accept(limited(budget(amount=3)))
    keys = [QuotaKey(1, "budget:day:66", TODAY), QuotaKey(2, "budget:day:66", TODAY)]
    assert await store.quotas.find_used(keys) == [3, 0]
    assert await store.quotas.find_used([]) == []
