"""API keys: saved without their secrets, limited in number, with the time of their last use."""

from simpost.domain.api_keys import ApiKey, KeyScope, digest_of
from simpost.ports.store.api_keys import ApiKeyUse
from tests.contract.store_facts import NOW_MS


def key(key_id="0123456789", account_id=1, **fields):
    return ApiKey(
        account_id=account_id,
        id=key_id,
        name=f"key {key_id}",
        digest=digest_of(key_id),
        scopes=frozenset({KeyScope.MESSAGES_READ, KeyScope.MESSAGES_WRITE}),
        created_ms=NOW_MS,
        **fields,
    )


async def ids(store):
    return [(each.account_id, each.id) for each in await store.api_keys.list_api_keys()]


async def last_used(store):
    return {each.id: each.last_used_ms for each in await store.api_keys.list_api_keys()}


async def test_a_key_is_found_as_it_was_saved(opening):
    plain, short_lived = key("a" * 10), key("b" * 10, expires_ms=NOW_MS + 1)
    async with opening() as store:
        assert await store.api_keys.add_api_key(plain)
        assert await store.api_keys.add_api_key(short_lived)
    async with opening() as store:
        assert await store.api_keys.list_api_keys() == [plain, short_lived]


async def test_only_its_account_deletes_a_key(store):
    await store.api_keys.add_api_key(key())
    assert not await store.api_keys.delete_api_key(2, "0123456789")
    assert await ids(store) == [(1, "0123456789")]
    assert await store.api_keys.delete_api_key(1, "0123456789")
    assert not await store.api_keys.delete_api_key(1, "0123456789")
    assert await ids(store) == []


async def test_an_account_has_a_limited_number_of_keys(store, monkeypatch):
    monkeypatch.setattr("simpost.store.shared.api_keys.MAX_API_KEYS", 2)
    assert await store.api_keys.add_api_key(key("a" * 10))
    assert await store.api_keys.add_api_key(key("b" * 10))
    assert not await store.api_keys.add_api_key(key("c" * 10))
    assert await store.api_keys.add_api_key(key("d" * 10, account_id=2))
    await store.api_keys.delete_api_key(1, "a" * 10)
    assert await store.api_keys.add_api_key(key("c" * 10))
    assert await ids(store) == [(1, "b" * 10), (1, "c" * 10), (2, "d" * 10)]


async def test_the_time_of_the_last_use_never_goes_back(store):
    await store.api_keys.add_api_key(key("a" * 10))
    await store.api_keys.add_api_key(key("b" * 10))
    uses = [ApiKeyUse(1, "a" * 10, NOW_MS + 2), ApiKeyUse(1, "z" * 10, NOW_MS)]
    await store.api_keys.note_api_key_uses(uses)
    assert await last_used(store) == {"a" * 10: NOW_MS + 2, "b" * 10: None}
    await store.api_keys.note_api_key_uses([ApiKeyUse(1, "a" * 10, NOW_MS + 1)])
    await store.api_keys.note_api_key_uses([ApiKeyUse(2, "b" * 10, NOW_MS)])
    assert await last_used(store) == {"a" * 10: NOW_MS + 2, "b" * 10: None}
