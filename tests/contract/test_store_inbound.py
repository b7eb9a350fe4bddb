"""Inbound parts are joined in any order, saved once, and recognised when they repeat."""

import asyncio
import itertools

import pytest

from simpost.domain.accounts import Account
from simpost.domain.inbound import NO_ACCOUNT, InboundState, RawPart
from simpost.domain.messages import Category
from simpost.domain.policy.preference_changes import PreferenceChange, Way
from simpost.domain.policy.quotas import Quota, QuotaKey, QuotaReached
from simpost.domain.reasons import Reason
from simpost.ports.store import Accepted, MessageFilter
from simpost.ports.store.inbound import Duplicate, InboundFilter, NewInbound
from simpost.store import limits
from tests.contract.inbound_facts import LINK, OTHER_LINK, alone, inbound, new, one_of
from tests.contract.store_facts import CARRIER, DAY_MS, NOW_MS, esim, key, message

EVER = NOW_MS * 2


async def listed(store, account_id=1, **which):
    return await store.inbound.list_inbound(account_id, InboundFilter(**which))


def budget(limit=2):
    expires_ms = NOW_MS + DAY_MS
    return Quota("budget:day:", "2026-01-01", 1, limit, Reason.BUDGET_REACHED, expires_ms, (100,))


async def test_a_forwarded_text_counts_in_the_budget_once(store):
    one = message(quotas=(budget(),))
    forwarded = new(alone(), one, state=InboundState.FORWARDED, message_id=one.id)
    assert isinstance(await store.inbound.save(forwarded), Accepted)
    again = alone(link=OTHER_LINK, links=(OTHER_LINK,))
    repeated = new(again, message(quotas=(budget(),)), state=InboundState.FORWARDED)
    assert isinstance(await store.inbound.save(repeated), Duplicate)
    assert await store.quotas.find_used([QuotaKey(1, "budget:day:", "2026-01-01")]) == [1]


async def test_a_text_to_forward_beyond_the_budget_is_refused_with_its_reason(store):
    one = message(quotas=(budget(limit=0),))
    forwarded = new(alone(), one, state=InboundState.FORWARDED, message_id=one.id)
    reached = await store.inbound.save(forwarded)
    assert isinstance(reached, QuotaReached)
    assert [alarm.percent for alarm in reached.alarms] == [100]
    [kept] = await listed(store)
    assert (kept.state, kept.reason) == (InboundState.REFUSED, Reason.BUDGET_REACHED)
    assert (kept.text, kept.message_id) == ("", None)
    assert await store.log.find_message(1, one.id) is None
    again = alone(link=OTHER_LINK, links=(OTHER_LINK,))
    repeated = new(again, message(quotas=(budget(limit=0),)), state=InboundState.FORWARDED)
    assert await store.inbound.save(repeated) == Duplicate(Reason.BUDGET_REACHED)


async def test_answers_with_one_request_id_are_committed_once(store):
    """Also of texts that come at once; each text is kept."""
    answers = [message(request=key("own", at_ms=NOW_MS)) for _ in range(5)]
    texts = [new(alone(f"help {number}"), each) for number, each in enumerate(answers)]
    saved = await asyncio.gather(*(store.inbound.save(each) for each in texts))
    assert [type(each) for each in saved if each is not None] == [Accepted]
    assert len(await listed(store)) == len(texts)
    committed = await store.log.list_messages(1, MessageFilter())
    assert [each.id for each in committed] == [
        answer.id for answer, done in zip(answers, saved, strict=True) if done is not None
    ]
    later_ms = NOW_MS + DAY_MS + 1
    later = message(request=key("own", at_ms=later_ms), at_ms=later_ms)
    assert isinstance(await store.inbound.save(new(alone("help"), later)), Accepted)


async def test_a_reply_is_kept_when_its_answer_is_beyond_the_budget(store):
    answer = message(quotas=(budget(limit=0),))
    assert isinstance(await store.inbound.save(new(alone(), answer)), QuotaReached)
    [kept] = await listed(store)
    assert (kept.state, kept.text) == (InboundState.RECEIVED, "hi")
    assert await store.log.find_message(1, answer.id) is None


@pytest.mark.parametrize("order", list(itertools.permutations((1, 2, 3))))
async def test_parts_make_a_message_in_any_order_once_the_last_came(store, order):
    *first, last = order
    for number in first:
        assert await store.inbound.add_part(one_of(number)) is None
    gathered = await store.inbound.add_part(one_of(last))
    assert [part.place.number for part in gathered.parts] == [1, 2, 3]
    assert b"".join(part.octets for part in gathered.parts) == b"part 1 part 2 part 3 "
    assert {part.source for part in gathered.parts} == {one_of(1).source}


async def test_inbound_parts_survive_a_restart(opening):
    async with opening() as store:
        assert await store.inbound.add_part(one_of(2)) is None
    async with opening() as store:
        assert await store.inbound.add_part(one_of(1)) is None
        assert len((await store.inbound.add_part(one_of(3))).parts) == 3


async def test_an_inbound_part_that_comes_twice_counts_once(store):
    assert await store.inbound.add_part(one_of(1)) is None
    assert await store.inbound.add_part(one_of(1)) is None
    assert await store.inbound.add_part(one_of(2)) is None
    assert len((await store.inbound.add_part(one_of(3))).parts) == 3


async def test_a_complete_message_not_yet_saved_is_complete_again_when_its_last_part_repeats(store):
    for number in (1, 2, 3):
        await store.inbound.add_part(one_of(number))
    assert len((await store.inbound.add_part(one_of(3))).parts) == 3


async def test_repeated_parts_of_a_saved_message_are_recognised(store):
    for number in (1, 2):
        await store.inbound.add_part(one_of(number))
    gathered = await store.inbound.add_part(one_of(3))
    assert await store.inbound.save(new(gathered)) == Accepted()
    for number in (2, 3, 1):
        assert await store.inbound.add_part(one_of(number)) == Duplicate(None)
    assert len(await listed(store)) == 1


async def test_a_repeated_refused_message_is_recognised_with_its_reason(store):
    for number in (1, 2):
        await store.inbound.add_part(one_of(number))
    gathered = await store.inbound.add_part(one_of(3))
    refused = {"state": InboundState.REFUSED, "reason": Reason.TOO_MANY_PARTS}
    await store.inbound.save(new(gathered, **refused))
    assert await store.inbound.add_part(one_of(3)) == Duplicate(Reason.TOO_MANY_PARTS)


async def test_of_two_that_save_the_same_message_one_succeeds(store):
    for number in (1, 2):
        await store.inbound.add_part(one_of(number))
    gathered = await store.inbound.add_part(one_of(3))
    assert await store.inbound.save(new(gathered)) == Accepted()
    assert await store.inbound.save(new(gathered)) == Duplicate(None)
    assert len(await listed(store)) == 1


async def test_a_part_that_came_since_a_message_was_read_is_never_lost(store):
    await store.inbound.add_part(one_of(1))
    [late] = await store.inbound.list_incomplete(before_ms=NOW_MS + 1, limit=9)
    await store.inbound.add_part(one_of(2))
    assert await store.inbound.save(new(late)) == Duplicate(None)
    assert await listed(store) == []
    assert len((await store.inbound.add_part(one_of(3))).parts) == 3


@pytest.mark.parametrize(
    "other",
    [
        one_of(2, reference=8),
        one_of(2, total=4),
        one_of(2, kind="udh16"),
        one_of(2, kind="sar"),
        one_of(2, source="447700900999"),
        one_of(2, destination="54321"),
        one_of(2, carrier="other"),
    ],
)
async def test_parts_of_different_messages_are_never_mixed(store, other):
    await store.inbound.add_part(one_of(1))
    await store.inbound.add_part(one_of(3))
    assert await store.inbound.add_part(other) is None


async def test_a_reused_reference_begins_another_message_and_the_old_one_is_kept(store):
    await store.inbound.add_part(one_of(1, text="old"))
    assert await store.inbound.add_part(one_of(1, text="new")) is None
    await store.inbound.add_part(one_of(2))
    whole = await store.inbound.add_part(one_of(3))
    assert whole.parts[0].octets == b"new"
    [left, _] = await store.inbound.list_incomplete(before_ms=NOW_MS + 1, limit=9)
    assert [part.octets for part in left.parts] == [b"old"]


async def test_an_incomplete_message_is_overdue_after_its_time(store):
    await store.inbound.add_part(one_of(3))
    await store.inbound.add_part(one_of(1, received_ms=NOW_MS + 500))
    assert await store.inbound.list_incomplete(before_ms=NOW_MS, limit=9) == []
    [late] = await store.inbound.list_incomplete(before_ms=NOW_MS + 1, limit=9)
    assert [part.place.number for part in late.parts] == [1, 3]
    await store.inbound.save(new(late, missing=(2,), part_count=3))
    assert await store.inbound.list_incomplete(before_ms=EVER, limit=9) == []
    [kept] = await listed(store)
    assert (kept.missing, kept.part_count) == ((2,), 3)


async def test_incomplete_messages_are_bounded(store, monkeypatch):
    monkeypatch.setattr(limits, "MOST_ASSEMBLIES", 5)
    for reference in range(8):
        await store.inbound.add_part(one_of(1, reference=reference))
    crowded_out = await store.inbound.list_incomplete(before_ms=0, limit=99)
    assert [late.parts[0].place.reference for late in crowded_out] == [0, 1, 2]


async def test_the_same_text_over_another_connection_is_the_same_message(store):
    await store.inbound.save(new(alone()))
    again = alone(link=OTHER_LINK, links=(OTHER_LINK,))
    assert await store.inbound.save(new(again)) == Duplicate(None)
    assert len(await listed(store)) == 1


@pytest.mark.parametrize("link", [LINK, OTHER_LINK])
async def test_the_same_text_on_the_same_open_connection_is_another_message(store, link):
    await store.inbound.save(new(alone()))
    assert await store.inbound.save(new(alone(link=link, links=(LINK, OTHER_LINK)))) == Accepted()
    assert len(await listed(store)) == 2


async def test_a_text_that_changes_preferences_is_no_repeat(store):
    """STOP, START, and STOP again, each by another connection than the one before."""
    await store.catalogue.save_esims(1, [esim()])

    def save(text, link, *, allowed):
        one = inbound(text=text)
        change = PreferenceChange(
            id=one.id,
            account_id=1,
            esim_tran_no=one.esim_tran_no,
            way=Way.HANDSET,
            at_ms=NOW_MS,
            choices={Category.PROMOTION: allowed},
            words=text,
        )
        of = alone(text, link=link, links=(link,))
        return store.inbound.save(NewInbound(one, of, message(), change))

    for text, link, allowed in (
        ("STOP", LINK, False),
        ("START", LINK, True),
        ("STOP", OTHER_LINK, False),
    ):
        assert isinstance(await save(text, link, allowed=allowed), Accepted)
    assert await save("STOP", LINK, allowed=False) == Duplicate(None)
    found = await store.recipients.find_recipient(1, esim().esim_tran_no)
    assert found.preferences.choices == "promotion=no"
    changes = await store.recipients.list_changes(1, esim().esim_tran_no, before=None, limit=9)
    assert [each.words for each in changes] == ["STOP", "START", "STOP"]
    assert [each.text for each in await listed(store)] == ["STOP", "START", "STOP"]


async def test_after_a_lost_connection_each_text_is_recognised_as_a_repeat_once(store):
    await store.inbound.save(new(alone()))
    await store.inbound.save(new(alone()))
    again = alone(link=OTHER_LINK, links=(OTHER_LINK,))
    assert await store.inbound.save(new(again)) == Duplicate(None)
    assert await store.inbound.save(new(again)) == Duplicate(None)
    assert await store.inbound.save(new(again)) == Accepted()


async def test_a_repeated_message_is_refused_again_with_the_same_reason(store):
    refused = {"state": InboundState.REFUSED, "reason": Reason.SMS_API_ONLY}
    await store.inbound.save(new(one_of(1), **refused))
    assert await store.inbound.save(new(one_of(2), **refused)) == Duplicate(Reason.SMS_API_ONLY)
    [row] = await listed(store)
    assert (row.state, row.reason) == (InboundState.REFUSED, Reason.SMS_API_ONLY)


async def test_a_repeat_after_the_memory_ended_is_another_message(store):
    await store.inbound.save(new(alone()))
    again = alone(link=OTHER_LINK, links=(OTHER_LINK,), received_ms=NOW_MS + 9)
    assert await store.inbound.purge_assemblies(before_ms=NOW_MS, limit=9) == 0
    assert await store.inbound.purge_assemblies(before_ms=NOW_MS + 1, limit=9) == 1
    assert await store.inbound.save(new(again)) == Accepted()


async def test_an_incomplete_message_is_never_purged(store):
    await store.inbound.add_part(one_of(1))
    assert await store.inbound.purge_assemblies(before_ms=EVER, limit=9) == 0
    assert len(await store.inbound.list_incomplete(before_ms=EVER, limit=9)) == 1


async def test_remembered_messages_are_bounded(store, monkeypatch):
    monkeypatch.setattr(limits, "MOST_ASSEMBLIES", 5)
    for number in range(8):
        await store.inbound.save(new(alone(f"text {number}")))
    assert await store.inbound.purge_assemblies(before_ms=0, limit=99) == 3


async def test_an_inbound_text_is_committed_with_the_message_that_carries_it(store):
    carrier_message = message("one", "two", category="support", sender="447700900123")
    done = await store.inbound.save(
        new(alone(), carrier_message, state=InboundState.FORWARDED, message_id=carrier_message.id)
    )
    assert done == Accepted(reference=1)
    assert len(await store.log.list_messages(1, MessageFilter())) == 1
    [row] = await listed(store)
    assert (row.state, row.message_id) == (InboundState.FORWARDED, carrier_message.id)
    assert await listed(store, carried=False) == []
    parts = await store.queue.claim(
        CARRIER, limit=9, now_ms=NOW_MS + 1, owner="embedded", lease_ms=NOW_MS + 9
    )
    assert [part.text for part in parts] == ["one", "two"]


async def test_a_repeated_inbound_text_commits_no_message(store):
    await store.inbound.save(new(alone()))
    again = alone(link=OTHER_LINK, links=(OTHER_LINK,))
    assert await store.inbound.save(new(again, message())) == Duplicate(None)
    assert await store.log.list_messages(1, MessageFilter()) == []


async def test_an_account_sees_its_own_inbound_messages_and_the_admin_those_of_no_account(store):
    await store.inbound.save(new(alone("a"), account_id=1, text="a"))
    await store.inbound.save(new(alone("b"), account_id=2, text="b"))
    await store.inbound.save(new(alone("c"), account_id=NO_ACCOUNT, esim_tran_no=None, text="c"))
    assert [row.text for row in await listed(store, 1)] == ["a"]
    assert [row.text for row in await listed(store, 2)] == ["b"]
    assert [row.text for row in await listed(store, NO_ACCOUNT)] == ["c"]
    assert await listed(store, 2, esim_tran_no="23072017992029") != []
    assert await listed(store, NO_ACCOUNT, esim_tran_no="23072017992029") == []


async def test_inbound_messages_are_listed_unchanged_newest_first_and_in_pages(store):
    rows = [inbound(NOW_MS + at, text=f"text {at}", missing=(2, 3)) for at in range(5)]
    for at, row in enumerate(rows):
        await store.inbound.save(new(alone(f"text {at}"), id=row.id, text=row.text, missing=(2, 3)))
    first = await listed(store, limit=2)
    assert [row.text for row in first] == ["text 4", "text 3"]
    rest = await listed(store, before=first[-1].id)
    assert [row.text for row in rest] == ["text 2", "text 1", "text 0"]
    assert rest[-1].missing == (2, 3)
    of_esim = await listed(store, esim_tran_no="23072017992029", before=first[-1].id, limit=1)
    assert [row.text for row in of_esim] == ["text 2"]


@pytest.mark.parametrize(
    ("limit", "facts"),
    [
        ("MOST_OF_AN_ESIM", {}),
        ("MOST_OF_NO_ESIM", {"esim_tran_no": None}),
        ("MOST_OF_NO_ESIM", {"esim_tran_no": None, "account_id": NO_ACCOUNT}),
    ],
)
async def test_stored_inbound_messages_are_bounded_per_account(store, monkeypatch, limit, facts):
    monkeypatch.setattr(limits, limit, 3)
    await store.inbound.save(new(alone("other"), esim_tran_no="999", text="other"))
    for number in range(6):
        await store.inbound.save(new(alone(f"text {number}"), text=f"text {number}", **facts))
    kept = [row.text for row in await listed(store, facts.get("account_id", 1))]
    assert [text for text in kept if text != "other"] == ["text 5", "text 4", "text 3"]
    assert [row.text for row in await listed(store, esim_tran_no="999")] == ["other"]


async def test_a_number_leads_to_the_newest_enabled_esim_that_has_it(store):
    await store.catalogue.save_esims(1, [esim("1", msisdn="4470", created_ms=1)])
    await store.catalogue.save_esims(1, [esim("2", msisdn="4470", created_ms=2)])
    await store.catalogue.save_esims(
        2, [esim("3", msisdn="4470", created_ms=3, smdp_status="DELETED")]
    )
    found = await store.inbound.find_number("4470")
    assert (found.account_id, found.esim.esim_tran_no) == (1, "2")
    own = await store.inbound.find_number("4470", account_id=2)
    assert own.esim.esim_tran_no == "3"
    assert await store.inbound.find_number("4470", account_id=3) is None
    assert await store.inbound.find_number("447") is None


async def test_an_esim_without_a_number_is_never_found_by_an_empty_one(store):
    await store.catalogue.save_esims(1, [esim(msisdn="")])
    assert await store.inbound.find_number("") is None


async def test_the_same_text_by_the_same_sender_is_counted_from_a_time_on(store):
    for at_ms in (0, 1000, 2000):
        await store.queue.accept(message("ok", at_ms=NOW_MS + at_ms, sender="4470"))
    await store.queue.accept(message("no", at_ms=NOW_MS, sender="4470"))
    await store.queue.accept(message("ok", at_ms=NOW_MS, sender="4471"))
    await store.queue.accept(message("ok", at_ms=NOW_MS, sender="4470", account_id=2))
    facts = {"sender": "4470", "text": "ok"}
    of = (1, "23072017992029")
    assert await store.inbound.count_identical(*of, **facts, since_ms=NOW_MS, limit=9) == 3
    assert await store.inbound.count_identical(*of, **facts, since_ms=NOW_MS + 1000, limit=9) == 2
    assert await store.inbound.count_identical(*of, **facts, since_ms=NOW_MS, limit=2) == 2


OLD_MS = NOW_MS - 40 * DAY_MS
BEFORE_MS = NOW_MS - 30 * DAY_MS


async def came_in(store, at_ms, text, message=None, **facts):
    of = alone(text, received_ms=at_ms)
    return await store.inbound.save(new(of, message, at_ms=at_ms, text=text, **facts))


async def test_old_inbound_messages_of_every_account_are_deleted(store):
    await store.accounts.add_account(Account(id=0, access_code="a", secret="s"))
    await store.accounts.add_account(Account(id=0, access_code="b", secret="s"))
    whose = ({"account_id": 1}, {"account_id": 2, "esim_tran_no": None}, {"account_id": NO_ACCOUNT})
    for number, facts in enumerate(whose):
        await came_in(store, OLD_MS, f"old {number}", **facts)
        await came_in(store, BEFORE_MS, f"young {number}", **facts)
    assert await store.retention.delete_inbound(before_ms=BEFORE_MS, limit=9) == 3
    for number, facts in enumerate(whose):
        assert [row.text for row in await listed(store, facts["account_id"])] == [f"young {number}"]
    [row] = await listed(store, esim_tran_no="23072017992029")
    assert row.text == "young 0"
    assert await store.retention.delete_inbound(before_ms=BEFORE_MS, limit=9) == 0


async def test_inbound_messages_are_deleted_in_bounded_steps(store):
    await store.accounts.add_account(Account(id=0, access_code="a", secret="s"))
    for number in range(5):
        await came_in(store, OLD_MS + number, f"text {number}", account_id=number % 2)
    steps = [await store.retention.delete_inbound(before_ms=BEFORE_MS, limit=3) for _ in range(3)]
    assert steps == [3, 2, 0]


async def test_an_inbound_text_stays_until_the_message_that_carries_it_has_ended(store):
    await store.accounts.add_account(Account(id=0, access_code="a", secret="s"))
    waits = message(at_ms=OLD_MS, category="support", expires_ms=NOW_MS)
    carried = {"state": InboundState.FORWARDED, "message_id": waits.id}
    assert await came_in(store, OLD_MS, "hi", waits, **carried) == Accepted()
    assert await store.retention.delete_inbound(before_ms=BEFORE_MS, limit=9) == 0
    assert len(await listed(store)) == 1
    assert await store.queue.expire(now_ms=NOW_MS, limit=9) == 1
    assert await store.retention.delete_inbound(before_ms=BEFORE_MS, limit=9) == 1
    assert await listed(store) == []


async def test_an_incomplete_message_is_never_deleted_as_old(store):
    await store.inbound.add_part(one_of(1, received_ms=OLD_MS))
    assert await store.retention.delete_inbound(before_ms=EVER, limit=9) == 0
    assert await store.inbound.add_part(one_of(2)) is None
    assert len((await store.inbound.add_part(one_of(3))).parts) == 3


async def test_a_deleted_message_is_recognised_for_as_long_as_repeats_are_remembered(store):
    await store.accounts.add_account(Account(id=0, access_code="a", secret="s"))
    await came_in(store, OLD_MS, "hi")
    assert await store.retention.delete_inbound(before_ms=BEFORE_MS, limit=9) == 1
    again = alone(link=OTHER_LINK, links=(OTHER_LINK,))
    assert await store.inbound.save(new(again)) == Duplicate(None)


# The octets as they came.


RAW = RawPart(1, 0x05, 0x40, b"\x03\x00 broken", 9)


async def test_the_octets_of_a_message_are_shown_with_that_message_only(store):
    one = new(alone(raw=RAW), raw=(RAW,))
    await store.inbound.save(one)
    found = await store.inbound.find_inbound(1, one.inbound.id)
    assert found == one.inbound
    assert found.raw == (RAW,)
    [listed] = await store.inbound.list_inbound(1, InboundFilter())
    assert listed.raw == ()
    assert await store.inbound.find_inbound(2, one.inbound.id) is None
    assert await store.inbound.find_inbound(1, b"\0" * 16) is None


async def test_the_octets_of_each_part_are_returned_with_it(store):
    parts = [
        one_of(number, total=2, raw=RawPart(number, 8, 0x40, bytes([number]) * 140, 140))
        for number in (1, 2)
    ]
    assert await store.inbound.add_part(parts[1]) is None
    gathered = await store.inbound.add_part(parts[0])
    assert [part.raw for part in gathered.parts] == [part.raw for part in parts]


async def test_octets_are_deleted_with_their_message(store):
    await store.accounts.add_account(Account(id=0, access_code="a", secret="s"))
    one = new(alone(raw=RAW), raw=(RAW,))
    await store.inbound.save(one)
    assert await store.retention.delete_inbound(before_ms=NOW_MS + 1, limit=10) == 1
    assert await store.inbound.find_inbound(1, one.inbound.id) is None
