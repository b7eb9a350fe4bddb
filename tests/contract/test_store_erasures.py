"""The texts and numbers of a traveller are erased; the records stay and say so."""

import re
from itertools import count

import pytest
from msgspec.structs import replace

from simpost.domain.accounts import Account
from simpost.domain.automations import Automation, RunState
from simpost.domain.broadcast_files import FileRow
from simpost.domain.broadcasts import RecipientResult, RecipientState
from simpost.domain.code_modes import known_key
from simpost.domain.conversations import ConversationRules, Note
from simpost.domain.decision_record import DecisionRecord, encode_record
from simpost.domain.inbound import NO_ACCOUNT
from simpost.domain.lifecycle import EventKind, LifecycleEvent, Transition
from simpost.domain.messages import Category
from simpost.domain.policy.preference_changes import PreferenceChange, Way
from simpost.domain.reasons import Reason
from simpost.domain.states import State
from simpost.domain.texts import TextAbsence
from simpost.domain.verifications import VerificationState
from simpost.messaging.erasures import Erasures
from simpost.ports.store import RequestKey
from simpost.ports.store.conversations import ReceivedText
from simpost.ports.store.erasures import Erasure
from simpost.ports.store.inbound import InboundFilter, NewInbound
from simpost.ports.store.lifecycle import EventOutcome, NewLifecycleEvent
from simpost.ports.store.lifecycle_sources import LifecycleError
from simpost.ports.store.recipients import Flag
from simpost.ports.store.refusals import RefusalBatch, RefusalRecord
from simpost.store.to_postgres.tables import TABLES
from tests.contract.inbound_facts import alone, inbound, one_of
from tests.contract.raw_rows import raw_rows, run_raw
from tests.contract.store_facts import (
    DAY_MS,
    NOW_MS,
    esim,
    find_current,
    held,
    leased,
    message,
    new_id,
    receipt,
    settlement,
)
from tests.contract.test_store_broadcast_files import save as save_file
from tests.contract.test_store_broadcasts import broadcast
from tests.contract.test_store_verifications import new as new_verification
from tests.contract.test_store_verifications import start as start_verification

ESIM = "23072017992029"
LATER_MS = NOW_MS + 60_000


def erasures(store, now_ms=LATER_MS):
    return Erasures(store, new_id=lambda: new_id(now_ms), clock_ms=lambda: now_ms)


async def forget(store, now_ms=LATER_MS):
    return await erasures(store, now_ms).forget(1, ESIM, "Ana")


async def whole(store):
    """Everything that the store has, as one text."""
    tables = ("messages", "parts", "inbound", "incoming_parts", "receipts", "esims",
              "preference_changes", "preference_flags", "verifications", "requests",
              "held_messages", "webhook_deliveries", "events", "erasures")  # fmt: skip
    return str([await raw_rows(store, table) for table in tables])


async def delivered(store, *parts, **facts):
    one = message(*parts, **facts)
    await store.queue.accept(one)
    for number in range(1, len(one.parts) + 1):
        ended = settlement(one, number, state=State.DELIVERED)
        await store.queue.record([ended])
    return one


async def absence(store, one):
    found = await store.log.find_message(1, one.id)
    return found.text_absence if not found.text else found.text


async def test_texts_and_numbers_are_erased_and_the_record_stays(store):
    await store.catalogue.save_esims(1, [esim()])
    one, two = await delivered(store, "words"), await delivered(store, "more ", "words")
    other = await delivered(store, "kept", esim_tran_no="1", destination="66899999999")
    row = inbound(text="answer words")
    await store.inbound.save(NewInbound(row, alone("answer words")))
    done = await forget(store)
    for each in (one, two):
        assert await absence(store, each) is TextAbsence.FORGOTTEN
        found = await store.log.find_message(1, each.id)
        assert (found.destination, found.sender, found.state) == ("", "", State.DELIVERED)
        assert len(found.parts) == len(each.parts)
    assert await absence(store, other) == "kept"
    [came] = await store.inbound.list_inbound(1, InboundFilter())
    assert (came.text_absence, came.source, came.raw) == (TextAbsence.FORGOTTEN, "", ())
    stored = await whole(store)
    for secret in ("words", "66812345678", "454000000000001", row.source):
        assert secret not in stored
    assert (done.actor, done.counts) == ("Ana", {"messages": 2, "inbound": 1, "esims": 1})


async def test_messages_that_have_not_left_are_cancelled_first(store):
    queued, waits = message("queued"), held("waits")
    await store.queue.accept(queued)
    await store.held.hold(waits)
    await forget(store)
    for each in (queued, waits.message):
        found = await store.log.find_message(1, each.id)
        assert (found.state, found.text_absence) == (State.CANCELLED, TextAbsence.FORGOTTEN)
    assert "waits" not in await whole(store)


async def test_a_message_with_a_carrier_is_erased_after_its_end(store):
    one = leased("words")
    await store.queue.accept(one)
    await forget(store)
    assert await absence(store, one) == "words"
    await store.queue.record([settlement(one, carrier_message_id="c-1")])
    job = erasures(store, LATER_MS + 20_000)
    await job.run_once()
    assert await absence(store, one) == "words"
    assert [each.ended_ms for each in await store.erasures.list_open(limit=9)] == [None]
    await store.queue.record((), [receipt("c-1")])
    await job.run_once()
    assert await absence(store, one) is TextAbsence.FORGOTTEN
    assert await store.erasures.list_open(limit=9) == []
    [record] = await store.erasures.list_erasures(1, ESIM, before=None, limit=9)
    assert (record.ended_ms, record.counts) == (LATER_MS + 20_000, {"messages": 1})


async def test_what_came_later_stays_and_a_repeat_erases_it(store):
    young = await delivered(store, "young", at_ms=LATER_MS + 1)
    await forget(store)
    assert await absence(store, young) == "young"
    again = await forget(store, LATER_MS + 2)
    assert await absence(store, young) is TextAbsence.FORGOTTEN
    assert again.counts == {"messages": 1}
    assert (await forget(store, LATER_MS + 3)).counts == {}
    records = await store.erasures.list_erasures(1, ESIM, before=None, limit=2)
    assert [each.begun_ms - LATER_MS for each in records] == [3, 2]


async def test_an_interrupted_erasure_is_finished_by_the_next_run(opening):
    async with opening() as store:
        await store.catalogue.save_esims(1, [esim()])
        one = await delivered(store, "words")
        begun = Erasure(
            account_id=1, id=new_id(NOW_MS + 1), esim_tran_no=ESIM, actor="Ana", begun_ms=NOW_MS + 1
        )
        await store.erasures.begin(begun)
    async with opening() as store:
        await erasures(store).run_once()
        assert await absence(store, one) is TextAbsence.FORGOTTEN
        [record] = await store.erasures.list_erasures(1, ESIM, before=None, limit=9)
        assert (record.id, record.ended_ms) == (begun.id, LATER_MS)


async def test_the_event_has_counts_only(store):
    await store.accounts.add_account(Account(0, "shop", "secret-of-shop", events=True))
    await delivered(store, "words")
    done = await forget(store)
    await store.erasures.end(done, now_ms=LATER_MS)
    await store.erasures.end(done, now_ms=LATER_MS + 1)
    await store.events.assign_sequence(limit=100)
    page = await store.events.events_after(1, None, limit=100)
    [event] = [each for each in page.events if each.type == "esim.forgotten"]
    assert (event.subject, event.at_ms) == (ESIM, LATER_MS)
    assert event.data["counts"] == {"messages": 1}


async def test_words_of_preferences_and_flags_are_erased(store):
    change = PreferenceChange(
        account_id=1, esim_tran_no=ESIM, id=new_id(NOW_MS), way=Way.HANDSET,
        choices={Category.PROMOTION: False}, words="stop it", at_ms=NOW_MS,
    )  # fmt: skip
    await store.recipients.change_preferences(change)
    flag = Flag(id=new_id(NOW_MS), account_id=1, esim_tran_no=ESIM, words="please", at_ms=NOW_MS)
    await store.inbound.save(NewInbound(inbound(), alone("please"), flag=flag))
    await forget(store)
    [changed] = await store.recipients.list_changes(1, ESIM, before=None, limit=9)
    [flagged] = await store.recipients.list_flags(1, before=None, limit=9)
    for each in (changed, flagged):
        assert (each.words, each.words_absence) == ("", TextAbsence.FORGOTTEN)
    assert changed.differences
    assert (await store.recipients.find_recipient(1, ESIM)).choices == "promotion=no"


async def test_notes_and_own_number_of_its_conversations_are_erased(store):
    kept = await store.conversations.begin(1, "other", new_id=new_id(NOW_MS), now_ms=NOW_MS)
    row = inbound(text="help", esim_tran_no=ESIM)
    received = ReceivedText(ConversationRules())
    await store.inbound.save(NewInbound(row, alone("help"), received=received))
    of = await find_current(store, 1, ESIM)
    assert of.own_number
    for each in (kept, of):
        note = Note(new_id(NOW_MS), 1, each.id, "Ana", "private words", NOW_MS)
        assert await store.conversations.add_note(note)
    erasure = await forget(store)
    assert erasure.counts["conversationNotes"] == 1
    found = await store.conversations.find(1, of.id)
    assert (found.status, found.own_number) == (of.status, "")
    [erased] = await store.conversations.list_notes(1, of.id, before=None, limit=9)
    [other] = await store.conversations.list_notes(1, kept.id, before=None, limit=9)
    assert (erased.text, erased.author, other.text) == ("", "Ana", "private words")
    assert str(await raw_rows(store, "conversation_notes")).count("private words") == 1


async def test_what_a_supplier_sent_about_the_esim_and_was_not_understood_is_erased(store):
    await store.catalogue.save_esims(1, [esim(ESIM)])
    bodies = {
        "number": b'{"msisdn": "66812345678"}',
        "name": f'{{"esim": "{ESIM}"}}'.encode(),
        "other": b'{"msisdn": "66800000000"}',
    }
    for number, body in enumerate(bodies.values()):
        error = LifecycleError(
            1, new_id(NOW_MS), "s" * 16, bytes([number]) * 16, "it is no event", body, NOW_MS
        )
        await store.lifecycle_sources.add_error(error)
    done = await forget(store)
    left = await store.lifecycle_sources.list_errors(1, before=None, limit=9)
    assert sorted(each.body for each in left) == [b"", b"", bodies["other"]]
    assert done.counts["lifecycleErrors"] == 2


async def test_a_pending_verification_is_cancelled_and_its_session_erased(store):
    started = await start_verification(store, new_verification(esim=ESIM, session="user-4711"))
    await forget(store)
    found = await store.verifications.find(1, started.verification.id, now_ms=LATER_MS)
    assert found.state is VerificationState.CANCELLED
    assert found.prefix == ""
    assert "user-4711" not in await whole(store)


async def test_an_esim_is_not_known_any_more(store):
    started = await start_verification(store, new_verification("482910", esim=ESIM))
    await store.verifications.check(1, started.verification.id, "482910", now_ms=NOW_MS)
    keys = [known_key(1, ESIM)]
    assert await store.quotas.find_used(keys) == [1]
    await forget(store)
    assert await store.quotas.find_used(keys) == [0]


async def test_a_used_request_id_stays_used(store):
    key = RequestKey("r-1", b"digest", stale_ms=NOW_MS - DAY_MS)
    one = message("words", request=key)
    await store.queue.accept(one)
    await store.queue.record([settlement(one, state=State.DELIVERED)])
    await forget(store)
    again = await store.queue.accept(message("words", request=key))
    assert (again.message_id, again.same) == (one.id, False)


async def test_what_no_esim_is_known_for_is_found_by_number(store):
    await store.catalogue.save_esims(1, [esim()])
    nobody = inbound(account_id=NO_ACCOUNT, esim_tran_no=None, source="66812345678")
    await store.inbound.save(NewInbound(nobody, alone("words")))
    await store.inbound.add_part(one_of(1, source="66812345678"))
    await store.queue.record((), [receipt("unknown", numbers=("0812345678", "Shop"))])
    done = await forget(store)
    assert done.counts == {"inbound": 1, "incomingParts": 1, "receipts": 1, "esims": 1}
    assert await raw_rows(store, "incoming_parts") == []


async def test_a_number_that_another_esim_has_is_left_to_it(store):
    await store.catalogue.save_esims(1, [esim(), esim("2")])
    nobody = inbound(account_id=NO_ACCOUNT, esim_tran_no=None, source="66812345678")
    await store.inbound.save(NewInbound(nobody, alone("words")))
    assert (await forget(store)).counts == {"esims": 1}


@pytest.mark.parametrize("account_id", [1, 2])
async def test_it_erases_in_one_account_only(store, account_id):
    one = message("words", account_id=account_id)
    await store.queue.accept(one)
    await store.queue.record([settlement(one, state=State.DELIVERED)])
    await forget(store)
    found = await store.log.find_message(account_id, one.id)
    assert found.text == ("" if account_id == 1 else "words")
    assert await erasures(store).is_known(1, ESIM)
    assert not await erasures(store).is_known(1, "other")


async def tables_with(store, secret):
    """The tables that have the text in any row and column."""
    rows = {table: str(await run_raw(store, f"SELECT * FROM {table}")) for table in TABLES}
    return {table for table, text in rows.items() if secret in text}


async def test_after_it_no_table_has_a_number_a_text_or_where_the_traveller_was(store):
    await store.accounts.add_account(Account(0, "shop", "secret-of-shop", events=True))
    await store.catalogue.save_esims(1, [esim()])
    known = await store.catalogue.find_esim(1, esim_tran_no=ESIM, iccid=None)
    where = encode_record(DecisionRecord(countries=("XK",), zones=("Europe/Belgrade",)))
    await delivered(store, "secret words", decision=where)
    waits = held("secret words")
    await store.held.hold(replace(waits, decision=where))
    await store.inbound.save(NewInbound(inbound(text="secret words"), alone("secret words")))
    refusal = RefusalRecord(
        1, new_id(NOW_MS), ESIM, known.iccid, Reason.CAP_REACHED, None, NOW_MS, None, where
    )
    other = replace(refusal, id=new_id(NOW_MS + 1), esim_tran_no="1", iccid="1")
    await store.refusals.add_refusals(RefusalBatch((refusal, other), {}))
    await save_file(store, FileRow(2, ESIM, values={"name": "secret words"}))
    secrets = ("secret words", known.msisdn, known.imsi)
    for secret in secrets:
        assert await tables_with(store, secret)
    assert (await forget(store)).counts["refusals"] == 1
    for secret in secrets:
        assert await tables_with(store, secret) == set()
    # The decision about the other eSIM stays.
    assert await tables_with(store, "Belgrade") == {"refusals"}
    # Records are found by these two.
    assert await tables_with(store, known.iccid) <= {"esims", "messages", "inbound", "refusals"}
    assert {"esims", "messages", "refusals"} <= await tables_with(store, ESIM)


_digests = count(1)


async def report(store, kind, country, *, at_ms=NOW_MS, esim_tran_no=ESIM, **fields):
    """Record an event; its outcome and transitions."""
    event = LifecycleEvent("api", kind, at_ms, country=country, esim_tran_no=esim_tran_no, **fields)
    new = NewLifecycleEvent(event, next(_digests).to_bytes(16, "big"))
    [recorded] = await store.lifecycle.record(1, [new], new_id=lambda: new_id(at_ms), now_ms=at_ms)
    return recorded


async def tables_with_country(store, country):
    named = re.compile(rf"['\" ]{country}['\"]")
    rows = {table: str(await run_raw(store, f"SELECT * FROM {table}")) for table in TABLES}
    return {table for table, text in rows.items() if named.search(text)}


@pytest.fixture
async def traveller(store):
    """An eSIM that was in Kosovo; its automation for a new country has waited and ended runs."""
    await store.accounts.add_account(Account(0, "shop", "secret-of-shop", events=True))
    await store.catalogue.save_esims(1, [esim(), esim("2", msisdn="668", iccid="89852002")])
    trip = Automation(1, "trip", Transition.COUNTRY_CHANGED, "trip", delay_s=60, enabled=True)
    await store.automations.save(trip)
    await report(store, EventKind.ATTACHED_FIRST, "XK")
    await report(store, EventKind.COUNTRY_CHANGED, "AL", at_ms=NOW_MS + 1000)
    now = {"new_id": lambda: new_id(NOW_MS), "now_ms": NOW_MS}
    await store.automations.start_runs(**now)
    [first, _], _ = await store.automations.list_due(now_ms=NOW_MS + DAY_MS, after_account=0)
    ended = replace(first, state=RunState.ACCEPTED, message_id=b"m" * 16, ended_ms=NOW_MS)
    await store.automations.end_runs([ended])
    await report(store, EventKind.COUNTRY_CHANGED, "XK", at_ms=NOW_MS + 2000)
    unclear = await report(store, EventKind.COUNTRY_CHANGED, "XK", iccid="89852002")
    assert unclear.outcome is EventOutcome.CONFLICT
    await store.events.assign_sequence(limit=100)
    return store


async def test_where_the_traveller_was_is_erased(traveller):
    store = traveller
    everywhere = {"lifecycle_events", "esim_facts", "esim_transitions", "automation_runs",
                  "recipients", "events"}  # fmt: skip
    assert await tables_with_country(store, "XK") == everywhere
    await report(store, EventKind.COUNTRY_CHANGED, "XK", esim_tran_no="2")
    done = await forget(store)
    assert await tables_with_country(store, "AL") == set()
    others = await raw_rows(store, "lifecycle_events")
    assert [row["esim_tran_no"] for row in others if '"XK"' in row["document"]] == ["2"]
    known = await store.catalogue.find_esim(1, esim_tran_no=ESIM, iccid=None)
    other = await store.catalogue.find_esim(1, esim_tran_no="2", iccid=None)
    assert (known.country, other.country) == ("", "XK")
    assert done.counts["places"] > 8
    assert "places" not in (await forget(store, LATER_MS + 1)).counts


async def test_a_forgotten_traveller_is_sent_nothing_by_automations(traveller):
    store = traveller
    await forget(store)
    assert not await store.automations.has_new_transitions()
    due = await store.automations.list_due(now_ms=NOW_MS + DAY_MS, after_account=0)
    assert due == ([], 0)
    runs = await store.automations.list_runs(1, "trip", before=None, limit=9)
    assert {run.state for run in runs} == {RunState.ACCEPTED, RunState.CANCELLED}


@pytest.mark.parametrize("country", ["AL", "XK", "ZW"])
async def test_a_repeated_report_of_a_forgotten_traveller_changes_nothing(traveller, country):
    store = traveller
    await forget(store)
    for at_ms in (NOW_MS, NOW_MS + 1000, NOW_MS + 2999):
        again = await report(store, EventKind.COUNTRY_CHANGED, country, at_ms=at_ms)
        assert (again.outcome, again.transitions) == (EventOutcome.LATE, ())
    later = await report(store, EventKind.COUNTRY_CHANGED, country, at_ms=LATER_MS + 1)
    assert later.transitions == (Transition.COUNTRY_CHANGED,)
    await erasures(store, LATER_MS + 20_000).run_once()
    known = await store.catalogue.find_esim(1, esim_tran_no=ESIM, iccid=None)
    assert known.country == country


@pytest.mark.parametrize("state", [None, RecipientState.HELD, RecipientState.REFUSED])
async def test_a_forgotten_traveller_is_cancelled_in_broadcasts(store, state):
    await store.catalogue.save_esims(1, [esim(), esim("2")])
    one = broadcast()
    await store.broadcasts.add(one)
    while not await store.broadcasts.prepare(1, one.id, now_ms=NOW_MS):
        pass
    if state:
        result = RecipientResult(ESIM, state, due_ms=LATER_MS + DAY_MS)
        await store.broadcasts.end_recipients(1, one.id, [result], now_ms=NOW_MS)
    for _ in range(2):
        await forget(store)
    found = await store.broadcasts.find(1, one.id)
    refused = state is RecipientState.REFUSED
    assert (found.total, found.remaining, found.held) == (2, 1, 0)
    assert (found.refused, found.cancelled) == (int(refused), int(not refused))
    assert await store.broadcasts.list_waiting(1, one.id, limit=9) == ["2"]
