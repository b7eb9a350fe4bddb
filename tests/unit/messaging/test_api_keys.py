"""The keys in memory: verified without a look at the store, and their use written now and then."""

import asyncio

import pytest

from simpost.domain.accounts import Account
from simpost.domain.api_keys import KeyScope
from simpost.errors import StoreError
from simpost.messaging.api_keys import NO_KEY, ApiKeys

NOW_MS = 1_767_225_600_000
ACCOUNT = Account(1, "demo", "demo-secret-of-16")


class Store:
    """Keeps keys in memory; `fails` raises, and a read waits while `gate` is set."""

    def __init__(self):
        self.keys = []
        self.written = []
        self.fails = False
        self.gate = None

    async def list_api_keys(self):
        found = list(self.keys)
        gate, self.gate = self.gate, None
        if gate:
            await gate.wait()
        return found

    async def add_api_key(self, key):
        self.keys.append(key)
        return True

    async def delete_api_key(self, account_id, key_id):
        before = len(self.keys)
        self.keys = [key for key in self.keys if (key.account_id, key.id) != (account_id, key_id)]
        return len(self.keys) < before

    async def note_api_key_uses(self, uses):
        if self.fails:
            raise StoreError
        self.written.append([(use.key_id, use.used_ms) for use in uses])


class World:
    def __init__(self):
        self.now_ms = NOW_MS
        self.store = Store()
        self.keys = ApiKeys(self.store, lambda: self.now_ms)

    async def add(self, expires_ms=None):
        return await self.keys.add(ACCOUNT, "shop", [KeyScope.MESSAGES_READ], expires_ms)

    def is_valid(self, text):
        return self.keys.is_valid(self.keys.find(text), text)


@pytest.fixture
def world():
    return World()


async def test_only_the_whole_key_is_valid(world):
    text = (await world.add()).text
    assert world.is_valid(text)
    for wrong in ("", "sp_live_", text[:-1], f"{text}0", text[:-1] + "_", text.swapcase()):
        assert not world.is_valid(wrong)


async def test_the_stand_in_for_no_key_is_never_valid(world):
    text = (await world.add()).text
    assert not world.keys.is_valid(NO_KEY, text)
    assert world.keys.find("sp_live_0123456789_") is NO_KEY


async def test_a_slow_read_does_not_bring_back_a_revoked_key(world):
    added = await world.add()
    world.store.gate = asyncio.Event()
    gate = world.store.gate
    slow = asyncio.create_task(world.keys.reload())
    await asyncio.sleep(0)
    revoked = asyncio.create_task(world.keys.revoke(ACCOUNT, added.key.id))
    await asyncio.sleep(0)
    gate.set()
    await asyncio.gather(slow, revoked)
    assert not world.is_valid(added.text)


async def test_a_use_is_written_once_a_minute(world):
    key = (await world.add()).key
    for _ in range(100):
        world.keys.note_use(key)
        world.now_ms += 599
    await world.keys.write_uses()
    await world.keys.write_uses()
    world.now_ms = NOW_MS + 60_000
    world.keys.note_use(key)
    await world.keys.write_uses()
    assert world.store.written == [[(key.id, NOW_MS)], [(key.id, NOW_MS + 60_000)]]


async def test_uses_are_written_later_if_the_store_fails(world):
    key = (await world.add()).key
    world.keys.note_use(key)
    world.store.fails = True
    with pytest.raises(StoreError):
        await world.keys.write_uses()
    await world.keys.finish()
    world.store.fails = False
    await world.keys.finish()
    assert world.store.written == [[(key.id, NOW_MS)]]


async def test_many_uses_are_written_in_batches(world):
    keys = [(await world.add()).key for _ in range(501)]
    for key in keys:
        world.keys.note_use(key)
    await world.keys.write_uses()
    assert [len(batch) for batch in world.store.written] == [500, 1]


async def test_nothing_is_remembered_of_a_revoked_key(world):
    added = await world.add()
    world.keys.note_use(added.key)
    await world.keys.revoke(ACCOUNT, added.key.id)
    await world.keys.write_uses()
    assert world.store.written == []
    assert world.keys._used_ms == {}
