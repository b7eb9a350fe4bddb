"""SMPP logins: saved without their passwords, leased to one node, with a cursor of their own."""

import pytest

from simpost.domain.accounts import Account
from simpost.domain.smpp_logins import SmppLogin
from simpost.errors import InvalidRequest
from tests.contract.store_facts import NOW_MS, message

NODE, OTHER = "node-1", "node-2"


def login(system_id="shop", account_id=1, **fields):
    return SmppLogin(account_id, system_id, b"salt\0", b"\xff" * 32, NOW_MS, **fields)


@pytest.fixture
async def logins(store):
    """The verbs, and two accounts that keep events."""
    for code in ("one", "two"):
        await store.accounts.add_account(Account(0, code, "secret-of-account", events=True))
    return store.smpp_logins


async def claim(store, owner=NODE, *system_ids, now_ms=NOW_MS):
    return await store.smpp_logins.claim_smpp_logins(
        owner, system_ids or ("shop",), now_ms=now_ms, lease_ms=now_ms + 10
    )


async def record(store, cursor, owner=NODE, *, now_ms=NOW_MS, lease_ms=NOW_MS):
    return await store.smpp_logins.record_smpp_cursor(
        owner, "shop", cursor, now_ms=now_ms, lease_ms=lease_ms
    )


async def happen(store):
    """One event of the account."""
    await store.queue.accept(message("Hello", account_id=1))
    await store.events.assign_sequence(limit=100)


async def test_a_login_is_found_as_it_was_saved(store, logins):
    wanted = [login(), login("from-office", ip_allow=("192.0.2.0/24", "2001:db8::/32"))]
    for each in wanted:
        await logins.add_smpp_login(each)
    found = {each.system_id: each for each in await logins.list_smpp_logins()}
    assert found == {each.system_id: each for each in wanted}


async def test_a_system_id_is_taken_once_in_all_accounts(store, logins):
    await logins.add_smpp_login(login())
    for account_id in (1, 2):
        with pytest.raises(InvalidRequest):
            await logins.add_smpp_login(login(account_id=account_id))
    assert await logins.list_smpp_logins() == [login()]


async def test_only_its_account_deletes_a_login(store, logins):
    await logins.add_smpp_login(login())
    assert not await logins.delete_smpp_login(2, "shop")
    assert await logins.delete_smpp_login(1, "shop")
    assert not await logins.delete_smpp_login(1, "shop")
    assert await logins.list_smpp_logins() == []


async def test_an_account_has_a_limited_number_of_logins(store, logins, monkeypatch):
    monkeypatch.setattr("simpost.store.shared.smpp_logins.MAX_SMPP_LOGINS", 2)
    assert await logins.add_smpp_login(login("a"))
    assert await logins.add_smpp_login(login("b"))
    assert not await logins.add_smpp_login(login("c"))
    assert await logins.add_smpp_login(login("d", account_id=2))


async def test_a_new_login_is_behind_the_events_that_happened_before(store, logins):
    await happen(store)
    await logins.add_smpp_login(login())
    assert await claim(store) == {}
    await happen(store)
    [cursor] = (await claim(store)).values()
    page = await store.events.events_after(1, cursor, limit=10)
    assert len(page.events) == 1


async def test_a_login_is_leased_to_one_node_until_it_gives_it_up(store, logins):
    await logins.add_smpp_login(login())
    await happen(store)
    assert await claim(store) == {"shop": 0}
    assert await claim(store, OTHER) == {}
    assert not await record(store, 1, OTHER)
    assert await record(store, 0)
    assert await claim(store, OTHER) == {"shop": 0}


async def test_the_lease_of_a_dead_node_ends_by_itself(store, logins):
    await logins.add_smpp_login(login())
    await happen(store)
    await claim(store)
    later = NOW_MS + 10
    assert await claim(store, OTHER, now_ms=later) == {"shop": 0}
    assert not await record(store, 1, now_ms=later, lease_ms=later)
    assert await record(store, 1, OTHER, now_ms=later, lease_ms=later)


async def test_a_login_without_new_events_is_not_claimed(store, logins):
    await logins.add_smpp_login(login())
    await happen(store)
    await claim(store)
    await record(store, 1)
    assert await claim(store) == {}
    await happen(store)
    assert await claim(store) == {"shop": 1}


async def test_a_node_that_starts_again_ends_its_own_leases(store, logins):
    await logins.add_smpp_login(login())
    await happen(store)
    await claim(store)
    await logins.release_smpp_logins(OTHER, now_ms=NOW_MS)
    assert await claim(store, OTHER) == {}
    await logins.release_smpp_logins(NODE, now_ms=NOW_MS)
    assert await claim(store, OTHER) == {"shop": 0}
