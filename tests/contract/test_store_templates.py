"""Templates: numbered versions by account and name, which never change."""

import asyncio

from simpost.ports.store.templates import SavedTemplate, TemplateRecord
from tests.contract.store_facts import NOW_MS


async def save(store, name="welcome", content="{}", account_id=1, now_ms=NOW_MS):
    return await store.templates.save_template(account_id, name, content, now_ms=now_ms)


async def names(store, account_id=1, **page):
    return [each.name for each in await store.templates.list_templates(account_id, **page)]


async def test_a_version_is_found_as_it_was_saved(opening):
    first = TemplateRecord("welcome", 1, '{"ü": 1}', NOW_MS)
    second = TemplateRecord("welcome", 2, "{}", NOW_MS + 1)
    async with opening() as store:
        assert await save(store, content=first.content) == SavedTemplate(first, is_new=True)
        assert await save(store, now_ms=NOW_MS + 1) == SavedTemplate(second, is_new=True)
    async with opening() as store:
        assert await store.templates.find_template(1, "welcome") == second
        assert await store.templates.find_template(1, "welcome", 1) == first
        assert await store.templates.find_template(1, "welcome", 3) is None


async def test_the_same_content_again_is_no_new_version(store):
    first = await save(store)
    assert await save(store, now_ms=NOW_MS + 1) == SavedTemplate(first.record, is_new=False)
    assert (await save(store, content="[]")).record.version == 2
    assert (await save(store)).record.version == 3


async def test_an_account_sees_its_own_templates_only(store):
    await save(store, account_id=2)
    assert await names(store) == []
    assert await store.templates.find_template(1, "welcome") is None
    assert await store.templates.find_template(1, "welcome", 1) is None
    assert not await store.templates.delete_template(1, "welcome", now_ms=NOW_MS)
    assert (await save(store, content="[]")).record.version == 1
    assert (await store.templates.find_template(2, "welcome")).content == "{}"


async def test_names_are_listed_in_pages_with_their_latest_version(store):
    for name in ("b", "a.b", "c", "a-b", "a"):
        await save(store, name)
    await save(store, "a", "[]")
    assert await names(store, limit=3) == ["a", "a-b", "a.b"]
    assert await names(store, after="a.b", limit=3) == ["b", "c"]
    [latest, *_] = await store.templates.list_templates(1)
    assert (latest.version, latest.content) == (2, "[]")


async def test_a_deleted_name_is_gone_and_its_numbers_are_not_used_again(store):
    await save(store)
    await save(store, content="[]")
    assert await store.templates.delete_template(1, "welcome", now_ms=NOW_MS)
    assert not await store.templates.delete_template(1, "welcome", now_ms=NOW_MS)
    assert await names(store) == []
    assert await store.templates.find_template(1, "welcome") is None
    assert await store.templates.find_template(1, "welcome", 2) is None
    assert (await save(store, content="[]")).record.version == 3
    assert await names(store) == ["welcome"]


async def test_old_versions_are_deleted(store, monkeypatch):
    monkeypatch.setattr("simpost.store.shared.templates.KEPT_VERSIONS", 2)
    for content in "abc":
        await save(store, content=content)
    assert await store.templates.find_template(1, "welcome", 1) is None
    assert (await store.templates.find_template(1, "welcome", 2)).content == "b"
    assert (await store.templates.find_template(1, "welcome")).content == "c"


async def test_an_account_has_a_limited_number_of_names(store, monkeypatch):
    monkeypatch.setattr("simpost.store.shared.templates.MAX_TEMPLATES", 2)
    await save(store, "a")
    await save(store, "b")
    assert await save(store, "c") is None
    assert (await save(store, "a", "[]")).record.version == 2
    assert (await save(store, "c", account_id=2)).is_new
    await store.templates.delete_template(1, "b", now_ms=NOW_MS)
    assert (await save(store, "c")).is_new
    assert await names(store) == ["a", "c"]


async def test_numbers_of_deleted_names_are_kept_up_to_a_limit(store, monkeypatch):
    monkeypatch.setattr("simpost.store.shared.templates.KEPT_NUMBERS", 1)
    for age, name in enumerate("ab"):
        await save(store, name)
        await store.templates.delete_template(1, name, now_ms=NOW_MS + age)
    assert (await save(store, "a")).record.version == 1
    assert (await save(store, "b")).record.version == 2


async def test_versions_that_are_saved_at_the_same_time_have_different_numbers(store):
    saved = await asyncio.gather(*(save(store, content=f"[{n}]") for n in range(20)))
    assert sorted(each.record.version for each in saved) == list(range(1, 21))
