"""Tags of eSIMs: set, added, removed and searched; each account sees its own."""

import asyncio

from simpost.domain.tags import MAX_TAGS
from simpost.ports.store import EsimSearch
from simpost.ports.store.esim_tags import TagChange
from tests.contract.store_facts import esim


async def fill(store, *names):
    await store.catalogue.save_esims(1, [esim(name) for name in names])


async def test_tags_are_replaced_and_counted(store):
    await fill(store, "e1", "e2")
    assert await store.esim_tags.set_tags(1, {"e1": ["vip", "beta", "vip"], "none": ["vip"]}) == 1
    assert await store.esim_tags.set_tags(1, {"e1": ["beta", "vip"], "e2": ["vip"]}) == 1
    assert await store.esim_tags.find_tags(1, ["e1", "e2", "none"]) == {
        "e1": ("beta", "vip"),
        "e2": ("vip",),
    }
    assert await store.esim_tags.set_tags(1, {"e1": []}) == 1
    assert await store.esim_tags.list_tagged(1, "vip", after="", limit=9) == ["e2"]


async def test_tags_are_added_and_removed_up_to_their_limit(store):
    await fill(store, "e1", "e2")
    await store.esim_tags.set_tags(1, {"e1": [f"t{number}" for number in range(MAX_TAGS)]})
    done = await store.esim_tags.change_tags(1, TagChange(("e2", "e1", "none", "e2"), ("vip",)))
    assert (done.changed, done.unknown, done.full) == (1, ("none",), ("e1",))
    done = await store.esim_tags.change_tags(1, TagChange(("e1", "e2"), ("vip",), ("t0", "t1")))
    assert (done.changed, done.unknown, done.full) == (1, (), ())
    assert len((await store.esim_tags.find_tags(1, ["e1"]))["e1"]) == MAX_TAGS - 1


async def test_concurrent_changes_lose_no_tag(store):
    names = [f"e{number}" for number in range(5)]
    await fill(store, *names)
    await asyncio.gather(
        *(store.esim_tags.change_tags(1, TagChange(tuple(names), (f"t{n}",))) for n in range(8))
    )
    tags = await store.esim_tags.find_tags(1, names)
    assert {len(each) for each in tags.values()} == {8}


async def test_tagged_esims_come_in_pages_of_their_account(store):
    await fill(store, "e1", "e2", "e3")
    await store.catalogue.save_esims(2, [esim("e9")])
    await store.esim_tags.set_tags(1, {"e1": ["vip"], "e2": ["vip"], "e3": ["vip"], "e9": ["vip"]})
    await store.esim_tags.set_tags(2, {"e9": ["vip"], "e1": ["stolen"]})
    assert await store.esim_tags.list_tagged(1, "vip", after="", limit=2) == ["e1", "e2"]
    assert await store.esim_tags.list_tagged(1, "vip", after="e2", limit=2) == ["e3"]
    assert await store.esim_tags.list_tagged(1, "stolen", after="", limit=2) == []
    found = await store.catalogue.search_esims(EsimSearch(tag="vip", after="e1"))
    assert [(owner, row.esim_tran_no) for owner, row in found] == [(1, "e2"), (1, "e3"), (2, "e9")]


async def test_tags_go_with_their_esim(store):
    await fill(store, "e1")
    await store.esim_tags.set_tags(1, {"e1": ["vip"]})
    assert await store.catalogue.delete_esim("e1")
    assert await store.esim_tags.find_tags(1, ["e1"]) == {}
