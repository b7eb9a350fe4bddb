"""Searches of the log by reason, category, template and reference, alone and together."""

import asyncio
import itertools

import pytest

from simpost.domain.messages import Category
from simpost.domain.options import Options, TemplateRef
from simpost.domain.reasons import Reason
from simpost.domain.states import State
from simpost.ports.store import MessageFilter
from simpost.store.records import message_search
from tests.contract.store_facts import (
    DAY_MS,
    NOW_MS,
    esim,
    held,
    leased,
    receipt,
    refused,
    settlement,
)

ESIMS = {"E-1": "8985200000000000001", "E-2": "8985200000000000002"}
REFERENCES = (None, "order-1", "order-10", "order-2", "invoice-1")
TEMPLATES = (None, "welcome", "low-data")
CATEGORIES = (Category.SERVICE, Category.NOTICE)
COUNT = 60


async def found(store, account_id=1, **which):
    """All pages of a search, by their texts, and how many pages it took."""
    texts, pages, before = [], 0, None
    limit = which.setdefault("limit", 50)
    while True:
        page = await store.log.search_messages(account_id, MessageFilter(before=before, **which))
        texts += [one.text for one in page.messages]
        pages += 1
        before = page.messages[-1].id if len(page.messages) == limit else page.examined_to
        if before is None:
            return texts, pages


def fields_of(at):
    tran_no = "E-2" if at % 5 == 0 else "E-1"
    template = TEMPLATES[at % 3]
    return {
        "esim_tran_no": tran_no,
        "iccid": ESIMS[tran_no],
        "category": CATEGORIES[at % 2],
        "caller_reference": REFERENCES[at % len(REFERENCES)],
        "options": Options(template=TemplateRef(template, 1, "en") if template else None),
        "at_ms": NOW_MS + at * DAY_MS // 10,
    }


@pytest.fixture
async def filled(store):
    """Messages by what the filters must say of them."""
    await store.catalogue.save_esims(1, [esim(no, iccid=iccid) for no, iccid in ESIMS.items()])
    sent, facts = [], []
    for at in range(COUNT):
        fields = fields_of(at)
        state, reason = State.ACCEPTED, None
        if at % 7 == 3:
            state, reason = State.SCHEDULED, Reason.SCHEDULED
            await store.held.hold(held(f"m{at}", **fields))
        else:
            sent.append((at, leased(f"m{at}", **fields)))
        facts.append({**fields, "text": f"m{at}", "state": state, "reason": reason})
    await asyncio.gather(*(store.queue.accept(one) for _, one in sent))
    for at, one in sent:
        if at % 7 == 1:
            await store.queue.record([refused(one)])
            shown = await store.log.find_message(1, one.id)
            facts[at] |= {"state": State.REJECTED, "reason": shown.reason}
            assert shown.reason
        elif at % 7 == 2:
            await store.queue.record([settlement(one, carrier_message_id=one.text)])
            await store.queue.record((), [receipt(one.text, State.FAILED, Reason.UNDELIVERABLE)])
            facts[at] |= {"state": State.FAILED, "reason": Reason.UNDELIVERABLE}
    return facts


def matches(fact, which):
    template = fact["options"].template
    values = {**fact, "template": template and template.name, "reference": fact["caller_reference"]}
    prefix = which.get("reference_prefix")
    return all(values[name] == value for name, value in which.items() if name in values) and (
        prefix is None or (fact["caller_reference"] or "").startswith(prefix)
    )


COMBINATIONS = list(
    itertools.product(
        ({}, {"esim_tran_no": "E-1"}, {"iccid": ESIMS["E-2"]}),
        ({}, {"state": State.FAILED}, {"state": State.ACCEPTED}, {"state": State.SCHEDULED}),
        ({}, {"reason": Reason.UNDELIVERABLE}, {"reason": Reason.SCHEDULED}),
        ({}, {"category": Category.NOTICE}),
        ({}, {"template": "welcome"}),
        ({}, {"reference": "order-1"}, {"reference_prefix": "order-1"}, {"reference_prefix": "o"}),
    )
)


@pytest.mark.parametrize(("chunk", "examined"), [(1_000, 5_000), (4, 8)])
async def test_any_combination_finds_exactly_what_matches(
    store, filled, monkeypatch, chunk, examined
):
    monkeypatch.setattr(message_search, "CHUNK", chunk)
    monkeypatch.setattr(message_search, "MOST_EXAMINED", examined)
    for package in ("sqlite", "postgres"):
        monkeypatch.setattr(f"simpost.store.{package}.log.CHUNK", chunk)
    for filters in COMBINATIONS[:: 1 if chunk > 4 else 5]:
        which = {name: value for each in filters for name, value in each.items()}
        expected = [fact["text"] for fact in reversed(filled) if matches(fact, which)]
        assert (await found(store, **which, limit=7))[0] == expected, which


async def test_a_search_examines_a_bounded_number_of_messages(store, filled, monkeypatch):
    monkeypatch.setattr(message_search, "CHUNK", 4)
    monkeypatch.setattr(message_search, "MOST_EXAMINED", 8)
    for package in ("sqlite", "postgres"):
        monkeypatch.setattr(f"simpost.store.{package}.log.CHUNK", 4)
    page = await store.log.search_messages(1, MessageFilter(template="nobody's"))
    assert page.messages == []
    texts, pages = await found(store, template="nobody's")
    assert (texts, pages) == ([], COUNT // 8 + 1)
    assert (await found(store, reference="order-1", template="nobody's"))[1] <= 3


@pytest.mark.parametrize(("walked", "chunk"), [(200_000, 1_000), (4, 1_000), (4, 2)])
async def test_the_id_of_a_carrier_is_found_in_any_combination(
    store, filled, monkeypatch, walked, chunk
):
    monkeypatch.setattr(message_search, "CHUNK", chunk)
    for package in ("sqlite", "postgres"):
        monkeypatch.setattr(f"simpost.store.{package}.log.MOST_WALKED", walked)
        monkeypatch.setattr(f"simpost.store.{package}.log.CHUNK", chunk)
    # An id that a carrier gave again and again, and one of a single message.
    again = [fact for at, fact in enumerate(filled) if at % 7 in (0, 4) and at > 20]
    sent = {one.text: one for one in await store.log.list_messages(1, MessageFilter(limit=200))}
    for fact in again:
        one = leased(fact["text"], id=sent[fact["text"]].id)
        await store.queue.record([settlement(one, carrier_message_id="0")])
        fact["state"] = State.SENT
    [single] = [fact for fact in filled if fact["text"] == "m9"]
    assert (await found(store, carrier_message_id="m9"))[0] == ["m9"]
    for others in (
        {},
        {"state": State.SENT},
        {"state": State.FAILED},
        {"category": Category.NOTICE},
        {"esim_tran_no": "E-1"},
        {"iccid": ESIMS["E-2"]},
        {"reference": "order-1"},
        {"reference_prefix": "order"},
        {"reason": Reason.UNDELIVERABLE},
    ):
        expected = [fact["text"] for fact in reversed(again) if matches(fact, others)]
        assert (await found(store, carrier_message_id="0", **others, limit=3))[0] == expected
        alone = ["m9"] if matches(single, others) else []
        assert (await found(store, carrier_message_id="m9", **others))[0] == alone
    late = {"from_ms": NOW_MS + 40 * DAY_MS // 10}
    expected = [fact["text"] for fact in reversed(again) if fact["at_ms"] >= late["from_ms"]]
    assert (await found(store, carrier_message_id="0", **late))[0] == expected
    assert (await found(store, carrier_message_id="none"))[0] == []


async def test_the_reason_of_a_message_of_parts_is_that_of_the_part_that_decides(store):
    one = leased("first ", "second")
    await store.queue.accept(one)
    await store.queue.record(
        [settlement(one, number, carrier_message_id=f"c{number}") for number in (1, 2)]
    )
    await store.queue.record((), [receipt("c1")])
    await store.queue.record((), [receipt("c2", State.EXPIRED, Reason.EXPIRED_AT_CARRIER)])
    assert (await found(store, reason=Reason.EXPIRED_AT_CARRIER))[0] == [one.text]
    assert (await found(store, reason=Reason.UNDELIVERABLE))[0] == []


async def test_searches_see_nothing_of_another_account(store, filled):
    for which in (
        {"reason": Reason.UNDELIVERABLE},
        {"category": Category.NOTICE},
        {"template": "welcome"},
        {"reference": "order-1"},
        {"reference_prefix": "o"},
    ):
        assert (await found(store, **which))[0]
        assert (await found(store, account_id=2, **which))[0] == []


@pytest.mark.parametrize("text", ["%", "_", "'", "order-1'--", "\0", "~" * 128])
async def test_a_reference_is_never_a_pattern(store, filled, text):
    assert (await found(store, reference=text))[0] == []
    assert (await found(store, reference_prefix=text))[0] == []
