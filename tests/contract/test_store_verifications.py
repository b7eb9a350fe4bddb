"""Verifications: one pending code per eSIM and purpose, checked once, wiped at its end."""

import asyncio
from itertools import count

import msgspec
import pytest

from simpost.domain.code_budgets import CodeLimits, CodeSubjects
from simpost.domain.code_modes import known_key
from simpost.domain.messages import Category, Priority
from simpost.domain.verifications import (
    CheckVerdict,
    StartStep,
    VerificationRules,
    VerificationState,
)
from simpost.ports.store.verifications import (
    CodeMessage,
    NewVerification,
    PrefixHour,
    VerificationFilter,
)
from tests.contract.store_facts import CARRIER, DAY_MS, NOW_MS, message, new_id

NO_LIMITS = CodeLimits()
RULES = VerificationRules()
CODE, OTHER_CODE = "482910", "555555"
_ids = count(1)


def new(code=CODE, *, account_id=1, esim="26010100000001", purpose="login", session=""):
    subjects = CodeSubjects(esim, prefix="6681000", country="TH")
    new_id = next(_ids).to_bytes(16, "big")
    return NewVerification(new_id, account_id, esim, purpose, session, code, subjects)


def outgoing(asked, *, at_ms=NOW_MS, **changes):
    """The message of a start, whose text is the code."""
    account_id, esim = asked.account_id, asked.esim_tran_no
    made = message(
        asked.code,
        at_ms=at_ms,
        account_id=account_id,
        esim_tran_no=esim,
        category=Category.CODE,
        priority=Priority.CODE,
        **changes,
    )

    def with_code(code):
        return msgspec.structs.replace(made, text=code, parts=(code,))

    return CodeMessage(made, with_code)


async def start(store, asked=None, *, now_ms=NOW_MS, rules=RULES, limits=NO_LIMITS, **changes):
    """`changes` are those of the message."""
    asked = asked or new()
    of_message = outgoing(asked, at_ms=now_ms, **changes)
    return await store.verifications.start(asked, of_message, rules, limits, now_ms=now_ms)


async def texts_of(store):
    """The texts of all messages that are queued, the first ones first."""
    queued = await store.routing.queued_messages(CARRIER, after=None, limit=999)
    return [each.text for each in sorted(queued, key=lambda one: one.message_id)]


async def check(store, verification, code, *, now_ms=NOW_MS, account_id=1):
    return await store.verifications.check(account_id, verification.id, code, now_ms=now_ms)


async def find(store, verification, *, now_ms=NOW_MS, account_id=1):
    return await store.verifications.find(account_id, verification.id, now_ms=now_ms)


async def test_a_verification_begins_with_all_its_checks(opening):
    asked = new()
    async with opening() as store:
        begun = await start(store, asked)
        assert (begun.step, begun.message.text) == (StartStep.CREATE, CODE)
        assert begun.message.expires_ms == begun.verification.expires_ms
    async with opening() as store:
        found = await find(store, begun.verification)
    assert found == begun.verification
    assert (found.id, found.state, found.sends) == (asked.id, VerificationState.PENDING, 1)
    assert (found.checks_left, found.expires_ms - NOW_MS) == (5, 600_000)
    assert found.resend_ms == NOW_MS + 60_000
    assert found.message_id == begun.message.id


async def test_the_right_code_verifies_once(store):
    begun = (await start(store)).verification
    assert (await check(store, begun, CODE)).verdict is CheckVerdict.VERIFIED
    again = await check(store, begun, CODE)
    assert again.verdict is CheckVerdict.ALREADY_USED
    assert again.verification.state is VerificationState.VERIFIED
    assert again.verification.ended_ms == NOW_MS


async def test_of_concurrent_right_codes_one_verifies(store):
    begun = (await start(store)).verification
    done = await asyncio.gather(*(check(store, begun, CODE) for _ in range(20)))
    assert sorted(each.verdict for each in done) == ["already_used"] * 19 + ["verified"]


async def test_concurrent_wrong_codes_use_no_more_than_the_checks(store):
    begun = (await start(store)).verification
    done = await asyncio.gather(*(check(store, begun, OTHER_CODE) for _ in range(20)))
    assert sorted(each.verdict for each in done) == ["too_many_checks"] * 15 + ["wrong_code"] * 5
    assert (await check(store, begun, CODE)).verdict is CheckVerdict.TOO_MANY_CHECKS


async def test_the_last_check_may_be_the_right_one(store):
    begun = (await start(store)).verification
    left = [(await check(store, begun, OTHER_CODE)).verification.checks_left for _ in range(4)]
    assert left == [4, 3, 2, 1]
    assert (await check(store, begun, CODE)).verdict is CheckVerdict.VERIFIED


async def test_a_code_is_invalid_from_its_expiry_on(store):
    begun = (await start(store)).verification
    assert (await find(store, begun, now_ms=begun.expires_ms - 1)).state == "pending"
    assert (await find(store, begun, now_ms=begun.expires_ms)).state == "expired"
    late = await check(store, begun, CODE, now_ms=begun.expires_ms)
    assert late.verdict is CheckVerdict.EXPIRED
    in_time = await check(store, begun, CODE, now_ms=begun.expires_ms - 1)
    assert in_time.verdict is CheckVerdict.VERIFIED


async def test_concurrent_starts_are_one_verification(store):
    begun = await asyncio.gather(*(start(store, new(f"{n:06}")) for n in range(20)))
    assert len({each.verification.id for each in begun}) == 1
    [sent] = [each.message for each in begun if each.message]
    assert {each.verification.message_id for each in begun} == {sent.id}
    assert await texts_of(store) == [sent.text]
    steps = sorted(each.step for each in begun)
    assert steps == [StartStep.CREATE, *[StartStep.KEEP] * 19]


async def test_a_start_before_the_wait_is_over_sends_nothing(store):
    begun = await start(store)
    again = await start(store, new(OTHER_CODE), now_ms=NOW_MS + 59_999)
    assert (again.step, again.message, again.accepted) == (StartStep.KEEP, None, None)
    assert again.verification == begun.verification
    assert await texts_of(store) == [CODE]


async def test_a_clock_that_is_set_back_does_not_extend_the_wait(store):
    await start(store)
    assert (await start(store, now_ms=NOW_MS - 9_000)).step is StartStep.KEEP
    again = await start(store, now_ms=NOW_MS - 3_600_000)
    assert (again.step, again.message.text) == (StartStep.SEND_AGAIN, CODE)
    assert again.verification.resend_ms == NOW_MS - 3_600_000 + 60_000


async def test_a_send_again_repeats_the_code_and_extends_its_life(store):
    begun = (await start(store)).verification
    again = await start(store, new(OTHER_CODE), now_ms=NOW_MS + 60_000)
    assert (again.step, again.message.text) == (StartStep.SEND_AGAIN, CODE)
    assert (again.verification.sends, again.verification.message_id) == (2, again.message.id)
    assert await texts_of(store) == [CODE, CODE]
    assert again.message.expires_ms == again.verification.expires_ms
    assert again.verification.expires_ms == begun.expires_ms + 60_000
    assert (await check(store, begun, CODE)).verdict is CheckVerdict.VERIFIED


async def test_a_send_again_with_a_new_code_ends_the_earlier_one(store):
    rules = msgspec.structs.replace(RULES, repeat_code=False)
    begun = (await start(store)).verification
    again = await start(store, new(OTHER_CODE), now_ms=NOW_MS + 60_000, rules=rules)
    assert again.message.text == OTHER_CODE
    assert (await check(store, begun, CODE)).verdict is CheckVerdict.WRONG_CODE
    assert (await check(store, begun, OTHER_CODE)).verdict is CheckVerdict.VERIFIED


async def test_a_code_that_would_take_more_parts_is_not_repeated(store):
    await start(store)
    asked = new(OTHER_CODE)
    made = msgspec.structs.replace(outgoing(asked), with_code=lambda _: None)
    again = await store.verifications.start(asked, made, RULES, NO_LIMITS, now_ms=NOW_MS + 60_000)
    assert (again.step, again.message.text) == (StartStep.SEND_AGAIN, OTHER_CODE)
    assert (await check(store, again.verification, OTHER_CODE)).verdict is CheckVerdict.VERIFIED


async def test_a_code_is_sent_at_most_as_often_as_allowed(store):
    at_ms = NOW_MS
    steps = []
    for _ in range(7):
        begun = await start(store, now_ms=at_ms)
        steps.append(begun.step)
        at_ms += 60_000
    assert steps == ["create", *["send_again"] * 4, "keep", "keep"]
    assert begun.verification.resend_ms is None


async def test_sends_again_never_extend_a_life_beyond_the_longest(store):
    rules = VerificationRules(max_sends=100, longest_life_ms=700_000)
    begun = (await start(store, rules=rules)).verification
    for wait_ms in range(60_000, 600_000, 60_000):
        begun = (await start(store, now_ms=NOW_MS + wait_ms, rules=rules)).verification
    assert begun.expires_ms == NOW_MS + 700_000


async def test_another_session_supersedes(store):
    first = (await start(store, new(session="a"))).verification
    second = await start(store, new(OTHER_CODE, session="b"))
    assert second.step is StartStep.SUPERSEDE
    assert (await check(store, first, CODE)).verdict is CheckVerdict.SUPERSEDED
    assert (await check(store, second.verification, OTHER_CODE)).verdict is CheckVerdict.VERIFIED


@pytest.mark.parametrize(
    "other", [{"purpose": "payment"}, {"esim": "26010100000002"}, {"account_id": 2}]
)
async def test_other_purposes_esims_and_accounts_are_apart(store, other):
    first = (await start(store)).verification
    assert (await start(store, new(OTHER_CODE, **other))).step is StartStep.CREATE
    assert (await check(store, first, CODE)).verdict is CheckVerdict.VERIFIED


async def test_a_verification_after_the_end_of_another_is_new(store):
    first = (await start(store)).verification
    await check(store, first, CODE)
    second = await start(store, new(OTHER_CODE))
    assert second.step is StartStep.CREATE
    third = await start(store, now_ms=second.verification.expires_ms)
    assert third.step is StartStep.CREATE
    assert (await find(store, second.verification)).state == "expired"


async def test_wrong_guesses_count_for_the_esim_and_leave_one_check(store):
    for _ in range(4):
        begun = (await start(store)).verification
        for _ in range(5):
            await check(store, begun, OTHER_CODE)
    last = (await start(store)).verification
    assert last.checks_left == 1
    assert (await start(store, new(purpose="payment"))).verification.checks_left == 1
    assert (await start(store, new(esim="26010100000002"))).verification.checks_left == 5
    tomorrow = await start(store, new(purpose="email"), now_ms=NOW_MS + DAY_MS)
    assert tomorrow.verification.checks_left == 5


async def test_an_account_finds_its_own_verifications_only(store):
    begun = (await start(store)).verification
    assert await find(store, begun, account_id=2) is None
    assert await check(store, begun, CODE, account_id=2) is None
    assert await store.verifications.cancel(2, begun.id, now_ms=NOW_MS) is None
    assert (await find(store, begun)).checks == 0


async def test_a_cancelled_verification_stays_cancelled(store):
    begun = (await start(store)).verification
    cancelled = await store.verifications.cancel(1, begun.id, now_ms=NOW_MS)
    assert cancelled.state is VerificationState.CANCELLED
    assert (await check(store, begun, CODE)).verdict is CheckVerdict.CANCELLED
    assert await store.verifications.cancel(1, begun.id, now_ms=NOW_MS + 1) == cancelled


async def test_expired_ones_are_ended_in_steps_and_deleted_later(store):
    for number in range(120):
        await start(store, new(esim=f"{number}"))
    kept = (await start(store, new(esim="kept"), now_ms=NOW_MS + 1)).verification
    end_ms = NOW_MS + 600_000
    ended = [await store.verifications.end_expired(now_ms=end_ms) for _ in range(3)]
    assert [len(each) for each in ended] == [100, 20, 0]
    assert {each.state for each in ended[0]} == {VerificationState.EXPIRED}
    assert await store.verifications.delete_ended(before_ms=end_ms) == 0
    assert await store.verifications.delete_ended(before_ms=end_ms + 1) == 100
    assert await store.verifications.delete_ended(before_ms=end_ms + 1) == 20
    assert (await find(store, kept)).state is VerificationState.PENDING


async def is_known(store, account_id=1, esim="26010100000001"):
    return await store.quotas.find_used([known_key(account_id, esim)]) == [1]


async def test_an_esim_is_known_to_the_account_that_verified_it_for_a_year(store):
    begun = (await start(store)).verification
    await check(store, begun, OTHER_CODE)
    assert not await is_known(store)
    await check(store, begun, CODE)
    assert await is_known(store)
    assert not await is_known(store, account_id=2)
    assert not await is_known(store, esim="26010100000002")
    later_ms = NOW_MS + 300 * DAY_MS
    again = await start(store, now_ms=later_ms)
    await check(store, again.verification, CODE, now_ms=later_ms)
    await store.retention.purge(now_ms=NOW_MS + 366 * DAY_MS, limit=100)
    assert await is_known(store)
    await store.retention.purge(now_ms=later_ms + 366 * DAY_MS, limit=100)
    assert not await is_known(store)


async def test_verifications_are_listed_newest_first_by_state_and_esim(store):
    for number in range(5):
        asked = new(esim=f"2601010000000{number}")
        begun = (await start(store, asked)).verification
        if number == 1:
            await check(store, begun, CODE)
    await start(store, new(account_id=2))

    async def listed(now_ms=NOW_MS, **which):
        found = await store.verifications.list_verifications(
            1, VerificationFilter(**which), now_ms=now_ms
        )
        assert found.examined_to is None
        return [int(each.esim_tran_no[-1]) for each in found.verifications]

    assert await listed() == [4, 3, 2, 1, 0]
    assert await listed(limit=2) == [4, 3]
    assert await listed(state=VerificationState.VERIFIED) == [1]
    assert await listed(esim_tran_no="26010100000002") == [2]
    assert await listed(state=VerificationState.EXPIRED) == []
    later_ms = NOW_MS + DAY_MS
    assert await listed(later_ms, state=VerificationState.EXPIRED) == [4, 3, 2, 0]
    assert await listed(later_ms, state=VerificationState.PENDING) == []
    first = await store.verifications.list_verifications(
        1, VerificationFilter(limit=3), now_ms=NOW_MS
    )
    assert await listed(before=first.verifications[-1].id) == [1, 0]


async def test_what_became_of_verifications_is_counted_by_prefix_and_hour(store):
    hour_ms = 3_600_000
    wrong = VerificationRules(max_checks=1)
    for number, (at_ms, code) in enumerate(
        [(NOW_MS, CODE), (NOW_MS, CODE), (NOW_MS, "000000"), (NOW_MS, ""), (NOW_MS - hour_ms, CODE)]
    ):
        asked = new(esim=f"2601010000000{number}")
        asked = msgspec.structs.replace(asked, id=new_id(at_ms))
        begun = (await start(store, asked, now_ms=at_ms, rules=wrong)).verification
        if code:
            await check(store, begun, code, now_ms=at_ms)
    start_ms = NOW_MS // hour_ms * hour_ms
    counted = await store.verifications.count_by_prefix(1, from_ms=NOW_MS - 2 * hour_ms)
    assert counted == [
        PrefixHour("TH", "6681000", start_ms, 4, 2, 1),
        PrefixHour("TH", "6681000", start_ms - hour_ms, 1, 1, 0),
    ]
    assert counted[0].ratio == 2 / 3
    assert PrefixHour("TH", "6681000", start_ms, 1, 0, 0).ratio is None
    assert await store.verifications.count_by_prefix(2, from_ms=0) == []
    assert len(await store.verifications.count_by_prefix(1, from_ms=NOW_MS)) == 1
