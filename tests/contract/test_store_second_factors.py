"""Authenticators of console users and their recovery codes."""

import asyncio

import pytest

from simpost.domain.console_users import ConsoleRole, ConsoleSession, ConsoleUser
from simpost.domain.totp import BLOCKED_MS, MAX_FAILURES, STEP_MS, hotp, recovery_digest, step_of
from simpost.ports.store import SecondFactor, SecondFactorCheck
from tests.contract.store_facts import NOW_MS

DIGEST = "$argon2id$of-ann"
SECRET = b"12345678901234567890"
SPARE = ["abcd-efgh-ijkl-mnop", "bcde-fghi-jklm-nopq"]


def code_at(now_ms, secret=SECRET):
    return hotp(secret, step_of(now_ms))


@pytest.fixture
async def factors(store):
    await store.console.add_user(ConsoleUser("ann", ConsoleRole.ADMIN, None, DIGEST, NOW_MS))
    return store.second_factors


async def switch_on(factors, name="ann"):
    assert await factors.begin_totp(name, SECRET, now_ms=NOW_MS)
    digests = [recovery_digest(name, each) for each in SPARE]
    code = code_at(NOW_MS)
    assert await factors.confirm_totp(name, code, digests=digests, now_ms=NOW_MS)


def session(mark):
    return ConsoleSession(bytes([mark]) * 32, "ann", NOW_MS, NOW_MS, "192.0.2.7")


async def test_an_authenticator_counts_once_it_is_confirmed(store, factors):
    assert await factors.begin_totp("ann", b"\0" * 20, now_ms=NOW_MS)
    assert await factors.begin_totp("ann", SECRET, now_ms=NOW_MS)  # in place of the first
    assert await factors.find_unconfirmed("ann") == SECRET
    assert await factors.find_second_factor("ann") is None
    assert not (await store.console.find_user("ann")).has_totp
    assert await factors.use_code("ann", code_at(NOW_MS), now_ms=NOW_MS) is SecondFactorCheck.WRONG
    wrong = code_at(NOW_MS, b"\0" * 20)
    assert not await factors.confirm_totp("ann", wrong, digests=[], now_ms=NOW_MS)
    await switch_on(factors)
    assert await factors.find_second_factor("ann") == SecondFactor(NOW_MS, 2)
    assert await factors.find_unconfirmed("ann") is None
    assert (await store.console.find_user("ann")).has_totp
    assert [each.has_totp for each in await store.console.list_users()] == [True]
    assert not await factors.begin_totp("ann", SECRET, now_ms=NOW_MS)
    assert not await factors.confirm_totp("ann", code_at(NOW_MS), digests=[], now_ms=NOW_MS)


async def test_nobody_else_has_an_authenticator(factors):
    assert not await factors.begin_totp("nobody", SECRET, now_ms=NOW_MS)
    assert await factors.use_code("nobody", "123456", now_ms=NOW_MS) is SecondFactorCheck.WRONG
    assert not await factors.replace_recovery_codes("nobody", [b"\0" * 32])
    assert not await factors.delete_totp("nobody", ends_sessions=True)


async def test_the_code_that_confirmed_is_used_up(factors):
    await switch_on(factors)
    assert await factors.use_code("ann", code_at(NOW_MS), now_ms=NOW_MS) is SecondFactorCheck.WRONG
    later_ms = NOW_MS + STEP_MS
    assert (
        await factors.use_code("ann", code_at(later_ms), now_ms=later_ms) is SecondFactorCheck.TOTP
    )


async def test_of_equal_codes_at_the_same_time_one_counts(factors):
    await switch_on(factors)
    later_ms = NOW_MS + 10 * STEP_MS
    tries = [factors.use_code("ann", code_at(later_ms), now_ms=later_ms) for _ in range(5)]
    checks = await asyncio.gather(*tries)
    assert sorted(checks, key=str) == sorted(
        [SecondFactorCheck.TOTP] + 4 * [SecondFactorCheck.WRONG], key=str
    )


async def test_a_recovery_code_counts_once(factors):
    await switch_on(factors)
    given = [factors.use_code("ann", SPARE[0].upper(), now_ms=NOW_MS) for _ in range(3)]
    checks = await asyncio.gather(*given)
    assert checks.count(SecondFactorCheck.RECOVERY) == 1
    assert await factors.find_second_factor("ann") == SecondFactor(NOW_MS, 1)


async def test_new_recovery_codes_replace_the_old_ones(factors):
    await switch_on(factors)
    assert await factors.replace_recovery_codes("ann", [recovery_digest("ann", "new1")])
    assert await factors.use_code("ann", SPARE[0], now_ms=NOW_MS) is SecondFactorCheck.WRONG
    assert await factors.use_code("ann", "new1", now_ms=NOW_MS) is SecondFactorCheck.RECOVERY


async def test_after_many_wrong_codes_no_code_counts_for_a_time(factors):
    await switch_on(factors)
    start_ms = NOW_MS + 10 * STEP_MS
    for _ in range(MAX_FAILURES):
        assert await factors.use_code("ann", "wrong", now_ms=start_ms) is SecondFactorCheck.WRONG
    for code in (code_at(start_ms), SPARE[0]):
        assert await factors.use_code("ann", code, now_ms=start_ms) is SecondFactorCheck.BLOCKED
    end_ms = start_ms + BLOCKED_MS
    still_ms = end_ms - 1
    assert (
        await factors.use_code("ann", code_at(still_ms), now_ms=still_ms)
        is SecondFactorCheck.BLOCKED
    )
    assert await factors.use_code("ann", "wrong", now_ms=end_ms) is SecondFactorCheck.WRONG
    assert await factors.use_code("ann", code_at(end_ms), now_ms=end_ms) is SecondFactorCheck.TOTP


async def test_a_right_code_forgets_the_wrong_ones(factors):
    await switch_on(factors)
    for turn in range(1, 4):
        now_ms = NOW_MS + turn * STEP_MS
        for _ in range(MAX_FAILURES - 1):
            assert await factors.use_code("ann", "wrong", now_ms=now_ms) is SecondFactorCheck.WRONG
        assert (
            await factors.use_code("ann", code_at(now_ms), now_ms=now_ms) is SecondFactorCheck.TOTP
        )


async def test_switching_on_ends_all_sessions_and_a_password_alone_begins_none(store, factors):
    assert await store.console.add_session(session(1), expected_digest=DIGEST)
    await switch_on(factors)
    assert await store.console.list_sessions("ann") == []
    assert not await store.console.add_session(session(2), expected_digest=DIGEST)
    assert await store.console.add_session(session(3), expected_digest=DIGEST, gave_code=True)
    found = await store.console.find_session(bytes([3]) * 32)
    assert found.user.has_totp


@pytest.mark.parametrize("ends_sessions", [False, True])
async def test_switching_off_deletes_everything(store, factors, ends_sessions):
    await switch_on(factors)
    await store.console.add_session(session(1), expected_digest=DIGEST, gave_code=True)
    assert await factors.delete_totp("ann", ends_sessions=ends_sessions)
    assert await factors.find_second_factor("ann") is None
    assert await factors.use_code("ann", SPARE[0], now_ms=NOW_MS) is SecondFactorCheck.WRONG
    assert len(await store.console.list_sessions("ann")) == (0 if ends_sessions else 1)
    await switch_on(factors)


async def test_a_removed_user_leaves_no_authenticator(store, factors):
    await switch_on(factors)
    assert await store.console.delete_user("ann")
    await store.console.add_user(ConsoleUser("ann", ConsoleRole.VIEWER, 1, DIGEST, NOW_MS))
    assert not (await store.console.find_user("ann")).has_totp
    assert await factors.use_code("ann", SPARE[0], now_ms=NOW_MS) is SecondFactorCheck.WRONG
