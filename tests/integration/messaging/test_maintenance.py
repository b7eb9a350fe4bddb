"""Every message reaches a final state, by maintenance if by nothing else (field.md 3, row 10:
"endless requeue when the connector is down", jasmin#1036, #1079)."""

import msgspec
import pytest

from simpost.domain.accounts import Account, AccountChange
from simpost.domain.messages import Category, Priority
from simpost.domain.options import Options
from simpost.domain.outcomes import OutcomeKind
from simpost.domain.policy.preference_changes import PreferenceChange, Way
from simpost.domain.reasons import Reason
from simpost.domain.repeats import RepeatPolicy
from simpost.domain.states import State
from simpost.domain.texts import TextAbsence
from simpost.messaging import maintenance
from simpost.messaging.maintenance import Maintenance
from simpost.ports.store.inbound import InboundFilter
from tests.contract.inbound_facts import alone, new
from tests.contract.store_facts import message, new_id, settlement
from tests.integration.messaging.scripted import HOUR_MS, opened
from tests.turns import until

GRACE_MS = 600_000


@pytest.fixture
async def bench(tmp_path):
    async with opened(tmp_path / "simpost.db") as bench:
        yield bench


def maintenance_of(bench):
    return Maintenance(
        bench.store,
        owner="embedded",
        repeats=RepeatPolicy(frozenset({"service"})),
        receipt_grace_ms=GRACE_MS,
        clock_ms=bench.clock,
    )


async def answered(bench, kind, **facts):
    """A message with this outcome; the carrier sends nothing after that."""
    message_id = await bench.accept()
    await bench.carrier.until_sent(1)
    bench.carrier.respond(0, kind, **facts)

    async def attempts():
        return (await bench.message(message_id)).attempts

    await until(attempts, "the outcome is stored")
    bench.carrier.set_reachable(is_reachable=False)
    return message_id


async def end_of(bench, message_id):
    """Its state just before and just after its time is over."""
    job = maintenance_of(bench)
    bench.clock.now_ms += HOUR_MS - 1
    await job.run_once()
    before = await bench.message(message_id)
    bench.clock.now_ms += 1
    await job.run_once()
    return before, await bench.message(message_id)


async def test_a_message_whose_carrier_is_down_for_all_its_validity_expires(bench):
    bench.carrier.set_reachable(is_reachable=False)
    before, after = await end_of(bench, await bench.accept())
    assert before.state is State.ACCEPTED
    assert (after.state, after.parts[0].reason) == (State.EXPIRED, Reason.VALIDITY_EXPIRED)


@pytest.mark.parametrize(
    "kind", [OutcomeKind.THROTTLED, OutcomeKind.UNREACHABLE], ids=["throttled", "unreachable"]
)
async def test_a_message_that_no_carrier_took_in_time_expires(bench, kind):
    message_id = await answered(bench, kind, reason=Reason.CARRIER_BUSY)
    before, after = await end_of(bench, message_id)
    assert before.state is State.SENDING
    assert (after.state, after.parts[0].reason) == (State.EXPIRED, Reason.VALIDITY_EXPIRED)


async def test_a_message_in_doubt_expires_and_says_that_it_may_have_arrived(bench):
    message_id = await answered(bench, OutcomeKind.IN_DOUBT, reason=Reason.NO_RESPONSE)
    before, after = await end_of(bench, message_id)
    assert before.state is State.IN_DOUBT
    assert (after.state, after.parts[0].reason) == (State.EXPIRED, Reason.EXPIRED_IN_DOUBT)


async def test_a_message_that_was_sent_gets_its_grace_and_then_ends_without_a_receipt(bench):
    message_id = await answered(bench, OutcomeKind.ACCEPTED)
    _, after_validity = await end_of(bench, message_id)
    assert after_validity.state is State.SENT
    bench.clock.now_ms += GRACE_MS - 1
    await maintenance_of(bench).run_once()
    assert (await bench.message(message_id)).state is State.SENT
    bench.clock.now_ms += 1
    await maintenance_of(bench).run_once()
    after = await bench.message(message_id)
    assert (after.state, after.parts[0].reason) == (State.EXPIRED, Reason.NO_RECEIPT)


async def test_a_message_without_reports_stays_sent_until_the_retention_period_ends(bench):
    """As at an API that returns no id: nothing else is ever claimed of it."""
    plain = bench.message_of(("hello",), Priority.CONVERSATION)
    sent = bench.reserved(msgspec.structs.replace(plain, options=Options(receipt=False)))
    await bench.commit(sent)
    await bench.carrier.until_sent(1)
    bench.carrier.respond(0, OutcomeKind.ACCEPTED)
    await bench.until(sent.id, State.SENT)
    job = maintenance_of(bench)
    job.keep_days = 30
    for _ in range(2):
        bench.clock.now_ms += 14 * 24 * HOUR_MS
        await job.run_once()
        assert (await bench.message(sent.id)).state is State.SENT
    bench.clock.now_ms += 14 * 24 * HOUR_MS
    await job.run_once()
    assert await bench.message(sent.id) is None


async def test_a_message_leased_by_a_dead_node_ends_too(bench):
    """Its lease expires, it is in doubt, and its validity ends it."""
    bench.carrier.set_capacity(0)
    message_id = await bench.accept()
    before, after = await end_of(bench, message_id)
    assert before.state is State.IN_DOUBT
    assert after.state is State.EXPIRED


@pytest.mark.parametrize(("keep_days", "is_there"), [(0, True), (1, False)])
async def test_messages_are_kept_for_the_retention_period(bench, keep_days, is_there):
    message_id = await answered(bench, OutcomeKind.REFUSED, reason=Reason.CARRIER_REFUSED)
    await bench.store.inbound.save(new(alone(), at_ms=bench.clock()))
    job = maintenance_of(bench)
    job.keep_days = keep_days
    bench.clock.now_ms += 48 * HOUR_MS
    await job.run_once()
    assert (await bench.store.log.find_message(1, message_id) is not None) is is_there
    assert len(await bench.store.inbound.list_inbound(1, InboundFilter())) == is_there


async def test_events_are_kept_for_the_retention_period(bench):
    change = AccountChange(id=1, access_code="a", events=True)
    await bench.store.accounts.change_account(change)
    bench.carrier.set_reachable(is_reachable=False)
    await bench.accept()
    job = maintenance_of(bench)
    job.keep_events_days = 2
    bench.clock.now_ms += 48 * HOUR_MS
    await job.run_once()
    page = await bench.store.events.events_after(1, 0, limit=10)
    assert [each.type for each in page.events] == ["message.accepted", "message.expired"]
    bench.clock.now_ms += HOUR_MS
    await job.run_once()
    page = await bench.store.events.events_after(1, 1, limit=10)
    assert [each.type for each in page.events] == ["message.expired"]
    assert page.deleted_to == 1


async def test_many_old_messages_are_deleted_over_several_runs(bench, monkeypatch):
    """Who sets `keep_days` on a store of years must not wait for it with all else."""
    monkeypatch.setattr(maintenance, "_STEP", 2)
    monkeypatch.setattr(maintenance, "_DELETE_FOR_MS", 1)
    for number in range(5):
        await bench.store.inbound.save(new(alone(f"text {number}"), at_ms=bench.clock()))
    job = maintenance_of(bench)
    job.keep_days = 1
    bench.clock.now_ms += 48 * HOUR_MS
    retire = bench.store.retention.delete_inbound

    async def slow(**facts):
        bench.clock.now_ms += 1
        return await retire(**facts)

    monkeypatch.setattr(bench.store.retention, "delete_inbound", slow)
    left = []
    for _ in range(3):
        await job.run_once()
        left.append(len(await bench.store.inbound.list_inbound(1, InboundFilter())))
    assert left == [3, 1, 0]


async def test_texts_are_erased_after_the_days_of_their_category(bench):
    account_id = await bench.store.accounts.add_account(Account(0, "shop", "secret"))
    job = Maintenance(
        bench.store,
        owner="embedded",
        repeats=RepeatPolicy(frozenset()),
        receipt_grace_ms=GRACE_MS,
        redact_days={Category.CODE: 1, Category.NOTICE: 3, Category.PROMOTION: 0},
        redact_inbound_days=2,
        clock_ms=bench.clock,
    )
    facts = {"account_id": account_id, "at_ms": bench.clock.now_ms}
    sent = {each: message(category=each, **facts) for each in Category}
    for one in sent.values():
        await bench.store.queue.accept(one)
        await bench.store.queue.record([settlement(one)])
    await bench.store.inbound.save(new(alone(), at_ms=bench.clock.now_ms, account_id=account_id))
    change = PreferenceChange(
        id=new_id(bench.clock.now_ms), account_id=account_id, esim_tran_no="1", way=Way.HANDSET,
        at_ms=bench.clock.now_ms, choices={Category.PROMOTION: False}, words="stop it",
    )  # fmt: skip
    await bench.store.recipients.change_preferences(change)
    redacted = {}
    for day in range(1, 5):
        bench.clock.now_ms += 24 * HOUR_MS + 1
        await job.run_once()
        found = [
            category
            for category, one in sent.items()
            if (await bench.store.log.find_message(account_id, one.id)).text_absence
        ]
        [row] = await bench.store.inbound.list_inbound(account_id, InboundFilter())
        [changed] = await bench.store.recipients.list_changes(account_id, "1", before=None, limit=9)
        assert changed.words_absence is row.text_absence
        redacted[day] = (found, row.text_absence is TextAbsence.REDACTED)
    assert redacted == {
        1: ([Category.CODE], False),
        2: ([Category.CODE], True),
        3: ([Category.CODE, Category.NOTICE], True),
        4: ([Category.CODE, Category.NOTICE], True),
    }
