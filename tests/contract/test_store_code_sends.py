"""Codes to an eSIM: counted over all accounts in the start of a verification, one at a time."""

import asyncio

import msgspec
import pytest

from simpost.domain.code_budgets import (
    CodeBudget,
    CodeLimits,
    CodeRefusal,
    CodeSubjects,
    esim_quotas,
)
from simpost.domain.policy.quotas import Quota, QuotaReached, key_of
from simpost.domain.reasons import Reason
from simpost.ports.store.verifications import NewVerification
from tests.contract.store_facts import NOW_MS
from tests.contract.test_store_verifications import (
    CODE,
    OTHER_CODE,
    RULES,
    check,
    find,
    new,
    start,
    texts_of,
)

HOUR_MS = 3_600_000
WAIT = CodeLimits(esim_wait_ms=60_000)
LIMITS = CodeLimits(esim_wait_ms=60_000, hour={CodeBudget.ESIM: 2}, day={CodeBudget.ESIM: 3})


def other_account(session=""):
    return new(account_id=2, esim="26010100000002", session=session)


def of_same_esim(asked: NewVerification) -> NewVerification:
    """The eSIM of another account with the same ICCID."""
    fields = {name: getattr(asked, name) for name in asked.__struct_fields__}
    return NewVerification(**fields | {"subjects": CodeSubjects("26010100000001")})


async def test_codes_to_an_esim_wait_for_each_other_over_all_accounts(store):
    begun = (await start(store, limits=WAIT)).verification
    refused = await start(store, of_same_esim(other_account()), limits=WAIT)
    assert isinstance(refused, CodeRefusal)
    assert (refused.budget, refused.until_ms) == ("code:esim:wait", NOW_MS + 60_000)
    assert (await start(store, other_account(), limits=WAIT)).step == "create"
    kept = await start(store, now_ms=NOW_MS + 59_999, limits=WAIT)
    assert (kept.step, kept.verification) == ("keep", begun)


async def test_a_refused_start_changes_nothing(store):
    begun = (await start(store, limits=WAIT)).verification
    refused = await start(store, new(session="another"), limits=WAIT)
    assert isinstance(refused, CodeRefusal)
    assert await find(store, begun) == begun
    preview = await store.verifications.preview_start(
        new(session="another"), RULES, WAIT, now_ms=NOW_MS
    )
    assert (preview.step, preview.refusal, preview.pending) == ("supersede", refused, begun)


async def test_a_verified_code_ends_the_wait_and_a_wrong_one_does_not(store):
    begun = (await start(store, limits=WAIT)).verification
    await check(store, begun, OTHER_CODE)
    assert isinstance(await start(store, new(purpose="other"), limits=WAIT), CodeRefusal)
    await check(store, begun, CODE)
    assert (await start(store, new(purpose="other"), limits=WAIT)).step == "create"


async def test_sends_count_in_the_hour_and_the_day(store):
    at_ms = NOW_MS - NOW_MS % (24 * HOUR_MS)
    for number, step in enumerate(("create", "supersede")):
        begun = await start(
            store, new(session=f"{number}"), now_ms=at_ms + 60_000 * number, limits=LIMITS
        )
        assert begun.step == step
    hour = await start(store, new(session="2"), now_ms=at_ms + 120_000, limits=LIMITS)
    assert (hour.budget, hour.until_ms) == ("code:esim:hour", at_ms + HOUR_MS)
    assert (await start(store, new(session="2"), now_ms=at_ms + HOUR_MS, limits=LIMITS)).message
    day = await start(store, new(session="3"), now_ms=at_ms + 2 * HOUR_MS, limits=LIMITS)
    assert (day.budget, day.until_ms) == ("code:esim:day", at_ms + 24 * HOUR_MS)
    assert "3 of 3 used" in day.detail


def quota(limit):
    reason = Reason.CODE_BUDGET_REACHED
    return Quota("budget:code:account:day:", "2026-01-01", 1, limit, reason, NOW_MS + HOUR_MS)


async def snapshot(store, verification):
    """What a refused start must not change."""
    used = await store.quotas.find_used(
        [*(key_of(0, each) for each in esim_quotas(LIMITS, verification.esim, NOW_MS))]
    )
    preview = await store.verifications.preview_start(
        new(session="x"), RULES, LIMITS, now_ms=NOW_MS
    )
    return await find(store, verification), used, preview, await texts_of(store)


@pytest.mark.parametrize("fields", [{}, {"session": "another"}, {"purpose": "payment"}])
async def test_a_start_whose_message_is_refused_changes_nothing(store, fields):
    """Also a send again: the life of the code that came is not extended."""
    one = (quota(1),)
    begun = (await start(store, limits=LIMITS, quotas=one)).verification
    before = await snapshot(store, begun)
    later_ms = NOW_MS + 60_000
    for _ in range(2):
        refused = await start(
            store, new(OTHER_CODE, **fields), now_ms=later_ms, limits=LIMITS, quotas=one
        )
        assert isinstance(refused, QuotaReached)
        assert (refused.quota.counter, refused.used) == (one[0].counter, 1)
        assert await snapshot(store, begun) == before
    assert (await check(store, begun, CODE, now_ms=later_ms)).verdict == "verified"


async def test_a_start_that_sends_nothing_needs_no_budget(store):
    one = (quota(1),)
    begun = (await start(store, limits=WAIT, quotas=one)).verification
    kept = await start(store, now_ms=NOW_MS + 1, limits=WAIT, quotas=one)
    assert (kept.step, kept.verification) == ("keep", begun)


async def test_of_concurrent_starts_as_many_send_as_the_budget_allows(store):
    some = (quota(7),)
    asked = [start(store, new(esim=f"{number}"), quotas=some) for number in range(30)]
    done = await asyncio.gather(*asked)
    assert len([each for each in done if isinstance(each, QuotaReached)]) == 23
    begun = [each for each in done if not isinstance(each, QuotaReached)]
    assert {each.message.id for each in begun} == {each.verification.message_id for each in begun}
    assert len(await texts_of(store)) == 7
    assert await store.quotas.find_used([key_of(1, some[0])]) == [7]


async def test_the_alarm_of_a_budget_comes_with_the_start(store):
    own = msgspec.structs.replace(quota(2), alarms=(50, 100))
    begun = [await start(store, new(esim=f"{number}"), quotas=(own,)) for number in range(3)]
    alarms = [each.alarms for each in (begun[0].accepted, begun[1].accepted, begun[2])]
    assert [[one.percent for one in each] for each in alarms] == [[50], [100], []]


async def test_of_concurrent_sessions_one_sends(store):
    done = await asyncio.gather(
        *(start(store, new(session=f"{number}"), limits=WAIT) for number in range(100))
    )
    refused = [each for each in done if isinstance(each, CodeRefusal)]
    assert (len(done) - len(refused), {each.budget for each in refused}) == (1, {"code:esim:wait"})


@pytest.mark.parametrize("behind_ms", [1, 4_000])
@pytest.mark.parametrize("fields", [{"session": "another"}, {"purpose": "payment"}])
async def test_a_start_with_an_earlier_time_waits_too(store, behind_ms, fields):
    """Of a node whose clock is behind, or that began first and commits last."""
    await start(store, limits=WAIT)
    refused = await start(store, new(**fields), now_ms=NOW_MS - behind_ms, limits=WAIT)
    assert isinstance(refused, CodeRefusal)
    assert (refused.budget, refused.until_ms) == ("code:esim:wait", NOW_MS + 60_000)


async def test_a_verified_code_ends_the_wait_for_clocks_that_are_behind(store):
    begun = (await start(store, limits=WAIT)).verification
    await check(store, begun, CODE, now_ms=NOW_MS + 1000)
    again = await start(store, new(purpose="other"), now_ms=NOW_MS + 999, limits=WAIT)
    assert again.step == "create"
