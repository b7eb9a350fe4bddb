"""Codes to an eSIM: counted over all accounts in the start of a verification, one at a time."""

import asyncio

from simpost.domain.code_budgets import CodeBudget, CodeLimits, CodeRefusal, CodeSubjects
from simpost.ports.store.verifications import NewVerification
from tests.contract.store_facts import NOW_MS
from tests.contract.test_store_verifications import CODE, OTHER_CODE, check, find, new, start

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
    preview = await store.verifications.preview_start(new(session="another"), WAIT, now_ms=NOW_MS)
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
    assert (await start(store, new(session="2"), now_ms=at_ms + HOUR_MS, limits=LIMITS)).code
    day = await start(store, new(session="3"), now_ms=at_ms + 2 * HOUR_MS, limits=LIMITS)
    assert (day.budget, day.until_ms) == ("code:esim:day", at_ms + 24 * HOUR_MS)
    assert "3 of 3 used" in day.detail


async def test_a_send_that_is_undone_counts_for_nothing(store):
    first = (await start(store, limits=LIMITS)).verification
    await store.verifications.undo_send(1, first.id, 1, now_ms=NOW_MS)
    assert (await find(store, first)).state == "cancelled"
    for _ in range(3):  # the second is done twice, the third is of a send that was not made
        await store.verifications.undo_send(1, first.id, 1, now_ms=NOW_MS)
    second = (await start(store, limits=LIMITS)).verification
    await store.verifications.note_message(1, second.id, 1, b"m" * 16)
    again_ms = NOW_MS + 60_000
    again = await start(store, now_ms=again_ms, limits=LIMITS)
    assert (again.step, again.verification.sends) == ("send_again", 2)
    await store.verifications.undo_send(1, second.id, 2, now_ms=again_ms)
    found = await find(store, second)
    assert (found.state, found.sends, found.resend_ms) == ("pending", 1, again_ms)
    assert (await check(store, second, CODE, now_ms=again_ms)).verdict == "verified"
    assert (await start(store, new(session="2"), now_ms=again_ms, limits=LIMITS)).code


async def test_a_send_that_has_its_message_is_not_undone(store):
    begun = (await start(store, limits=LIMITS)).verification
    await store.verifications.note_message(1, begun.id, 1, b"m" * 16)
    await store.verifications.undo_send(1, begun.id, 1, now_ms=NOW_MS)
    assert (await find(store, begun)).state == "pending"
    assert isinstance(await start(store, new(session="2"), limits=LIMITS), CodeRefusal)


async def test_of_concurrent_sessions_one_sends(store):
    done = await asyncio.gather(
        *(start(store, new(session=f"{number}"), limits=WAIT) for number in range(100))
    )
    refused = [each for each in done if isinstance(each, CodeRefusal)]
    assert (len(done) - len(refused), {each.budget for each in refused}) == (1, {"code:esim:wait"})
