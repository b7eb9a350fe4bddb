"""Users of the console, their sessions and the audit log."""

import asyncio

import pytest

from simpost.domain.accounts import Account
from simpost.domain.console_users import AuditRow, ConsoleRole, ConsoleSession, ConsoleUser
from simpost.errors import InvalidRequest
from simpost.messaging.accounts import Accounts
from simpost.messaging.look_up import look_up
from tests.contract.store_facts import CARRIER, NOW_MS, leased, new_id, receipt, settlement

DIGEST = "$argon2id$of-ann"


def user(name="ann", role=ConsoleRole.SUPPORT, account_id=None):
    return ConsoleUser(name, role, account_id, DIGEST, NOW_MS)


def session(mark, name="ann", *, created_ms=NOW_MS, seen_ms=None):
    return ConsoleSession(bytes([mark]) * 32, name, created_ms, seen_ms or created_ms, "192.0.2.7")


@pytest.fixture
def console(store):
    return store.console


async def begin(console, *sessions):
    for each in sessions:
        assert await console.add_session(each, expected_digest=DIGEST)


async def marks(console, name="ann"):
    return [each.digest[0] for each in await console.list_sessions(name)]


async def test_a_user_is_found_as_it_was_saved(console):
    wanted = [user("ann"), user("bob@example.com", ConsoleRole.ADMIN, 2)]
    for each in reversed(wanted):
        assert await console.add_user(each)
    assert await console.list_users() == wanted
    assert await console.find_user("bob@example.com") == wanted[1]
    assert await console.find_user("Ann") is None


async def test_a_name_is_taken_once(console):
    await console.add_user(user())
    with pytest.raises(InvalidRequest):
        await console.add_user(user(role=ConsoleRole.ADMIN))
    assert await console.list_users() == [user()]


async def test_the_number_of_users_is_limited(console, monkeypatch):
    monkeypatch.setattr("simpost.store.shared.console.MAX_USERS", 1)
    assert await console.add_user(user("ann"))
    assert not await console.add_user(user("bob"))


async def test_a_session_is_found_with_its_user(console):
    await console.add_user(user(account_id=2))
    await begin(console, session(1))
    assert await console.find_session(bytes([1]) * 32) == (session(1), user(account_id=2))
    assert await console.find_session(bytes([2]) * 32) is None


async def test_a_new_password_ends_all_sessions(console):
    await console.add_user(user())
    await console.add_user(user("bob"))
    await begin(console, session(1), session(2), session(3, "bob"))
    assert await console.set_password("ann", "$argon2id$new")
    assert await marks(console) == []
    assert await marks(console, "bob") == [3]
    assert not await console.set_password("nobody", "$argon2id$new")


async def test_no_session_begins_with_a_password_that_was_replaced(console):
    await console.add_user(user())
    await console.set_password("ann", "$argon2id$new")
    assert not await console.add_session(session(1), expected_digest=DIGEST)
    assert await marks(console) == []


async def test_a_removed_user_has_no_session(console):
    await console.add_user(user())
    await begin(console, session(1))
    assert await console.delete_user("ann")
    assert await console.find_session(bytes([1]) * 32) is None
    assert not await console.delete_user("ann")
    await console.add_user(user())
    assert await marks(console) == []


async def test_the_oldest_session_ends_beyond_the_limit(console, monkeypatch):
    monkeypatch.setattr("simpost.store.shared.console.MAX_SESSIONS", 2)
    await console.add_user(user())
    await begin(console, *(session(mark, created_ms=NOW_MS + mark) for mark in (1, 2, 3)))
    assert await marks(console) == [3, 2]


async def test_a_user_ends_only_own_sessions(console):
    await console.add_user(user())
    await console.add_user(user("bob"))
    await begin(console, session(1), session(2, "bob"))
    assert not await console.delete_session("ann", bytes([2]) * 32)
    assert await console.delete_session("ann", bytes([1]) * 32)
    assert await marks(console, "bob") == [2]


async def test_old_and_idle_sessions_are_deleted(console):
    await console.add_user(user())
    await begin(console, session(1, seen_ms=NOW_MS + 50), session(2, created_ms=NOW_MS + 10))
    await begin(console, session(3, created_ms=NOW_MS + 10, seen_ms=NOW_MS + 30))
    await console.touch_session(bytes([3]) * 32, now_ms=NOW_MS + 20)  # never back
    ages = {"created_before_ms": NOW_MS + 5, "seen_before_ms": NOW_MS + 25}
    assert await console.delete_old_sessions(**ages) == 2
    assert await marks(console) == [3]
    await console.touch_session(bytes([3]) * 32, now_ms=NOW_MS + 60)
    [left] = await console.list_sessions("ann")
    assert left.seen_ms == NOW_MS + 60


def act(account_id=None, at_ms=NOW_MS):
    return AuditRow(new_id(at_ms), at_ms, "ann", account_id, "message.reveal", "0190", "192.0.2.7")


async def test_the_audit_log_is_read_newest_first_by_account_or_whole(console):
    rows = [act(), act(1, NOW_MS + 1), act(2, NOW_MS + 2), act(1, NOW_MS + 3)]
    for each in rows:
        await console.add_audit(each)
    assert await console.list_audit(None, before=None, limit=3) == rows[:0:-1]
    assert await console.list_audit(None, before=rows[1].id, limit=3) == [rows[0]]
    assert await console.list_audit(1, before=None, limit=9) == [rows[3], rows[1]]
    assert await console.list_audit(1, before=rows[3].id, limit=9) == [rows[1]]


async def test_an_act_is_written_once(console):
    row = act()
    written = await asyncio.gather(*(console.add_audit(row) for _ in range(5)))
    assert sorted(written) == [False, False, False, False, True]
    assert await console.list_audit(None, before=None, limit=9) == [row]


async def test_old_acts_are_deleted(console):
    old, young = act(at_ms=NOW_MS - 1), act()
    await console.add_audit(old)
    await console.add_audit(young)
    assert await console.delete_audit(before_ms=NOW_MS) == 1
    assert await console.list_audit(None, before=None, limit=9) == [young]


async def test_the_id_of_a_carrier_finds_a_message_before_and_after_its_receipt(store, console):
    account = Account(0, "one", "secret-of-account")
    one = leased("Hello", account_id=await store.accounts.add_account(account))
    await store.queue.accept(one)
    await store.queue.record([settlement(one, carrier_message_id="abc-1")])
    assert await console.find_by_carrier_id(["none", CARRIER], "abc-1") == [
        (one.account_id, one.id)
    ]
    assert await console.find_by_carrier_id(["none"], "abc-1") == []
    accounts = Accounts(store.accounts)
    await accounts.reload()
    seen = ((None, 1), (one.account_id, 1), (one.account_id + 1, 0))

    async def assert_found():
        for account_id, count in seen:
            found = await look_up(store, accounts, [CARRIER], " abc-1 ", account_id=account_id)
            assert [each.id for each in found.messages] == [one.id] * count
            assert not found.is_cut

    await assert_found()
    await store.queue.record((), [receipt("abc-1")])
    await assert_found()


async def test_a_look_up_walks_a_bounded_way_for_the_id_of_a_carrier(store, monkeypatch):
    for package in ("sqlite", "postgres"):
        monkeypatch.setattr(f"simpost.store.{package}.log.MOST_WALKED", 2)
    monkeypatch.setattr("simpost.messaging.look_up.MOST_STEPS", 2)
    sent = [leased(f"m{at}", at_ms=NOW_MS + at) for at in range(9)]
    for one in sent:
        await store.queue.accept(one)
        await store.queue.record([settlement(one, carrier_message_id=f"id-{one.text}")])
        await store.queue.record((), [receipt(f"id-{one.text}")])
    accounts = Accounts(store.accounts)

    async def find(text):  # without the name of a carrier no index is asked
        found = await look_up(store, accounts, [], text, account_id=1)
        return [each.text for each in found.messages], found.is_cut

    assert await find("id-m8") == (["m8"], False)
    assert await find("id-m3") == (["m3"], False)
    assert await find("id-m0") == ([], True)
    monkeypatch.setattr("simpost.messaging.look_up.MOST_STEPS", 9)
    assert await find("id-m0") == (["m0"], False)
    assert await find("id-none") == ([], False)
