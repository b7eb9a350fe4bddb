"""The traces of decisions that are stored: from the rows, and the records that are kept."""

from __future__ import annotations

from msgspec.structs import replace

from simpost.domain.decision_record import NO_FACTS, DecisionRecord, decode_record
from simpost.domain.messages import Message
from simpost.domain.reasons import Reason
from simpost.domain.states import State
from simpost.messaging.decision_facts import Facts, facts_of, merge
from simpost.messaging.trace import DecisionRule, DecisionTrace, Verdict, trace
from simpost.ports.store.refusals import RefusalRecord


def trace_of_message(message: Message) -> list[DecisionTrace]:
    """The decisions about a stored message, the first one first.

    A message that was sent at once has one. One that was held has its first hold, later holds, and
    what it was released or ended with. Holds beyond the limit of the store are not kept.
    """
    if message.hold is None:
        record = message.decisions[0] if message.decisions else NO_FACTS
        facts = merge(_row_facts(message), facts_of(record, message.category))
        return [trace(message.created_ms, Verdict.PASSES, None, facts=facts)]
    records = message.decisions
    if not records or records[0].verdict != Verdict.HOLD:
        records = (*_without_records(message), *records)
    return [_trace_of(record, message) for record in records]


def trace_of_refusal(refusal: RefusalRecord) -> DecisionTrace:
    """The decision about a request that never became a message."""
    record = decode_record(refusal.decision) or NO_FACTS
    facts = facts_of(record, record.category)
    if refusal.esim_tran_no:
        facts[DecisionRule.ESIM] = {"esimTranNo": refusal.esim_tran_no}
    return trace(
        refusal.created_ms,
        Verdict.REFUSE,
        refusal.reason,
        facts=facts,
        is_scheduled=record.scheduled,
    )


def _trace_of(record: DecisionRecord, message: Message) -> DecisionTrace:
    verdict = Verdict(record.verdict)
    facts: Facts = {DecisionRule.ESIM: {"esimTranNo": message.esim_tran_no}}
    if verdict is Verdict.PASSES:
        facts = _row_facts(message)
    facts = merge(facts, facts_of(record, message.category))
    return trace(record.at_ms, verdict, record.reason, record.until_ms, facts)


def _without_records(message: Message) -> list[DecisionRecord]:
    """The decisions about a message that was held before records were kept."""
    hold = message.hold
    assert hold is not None
    reason = Reason.QUIET_HOURS if message.send_at_ms is None else Reason.SCHEDULED
    is_open = not message.parts and not message.state.is_final
    if is_open and message.reason is not None:
        reason = message.reason
    first = DecisionRecord(message.created_ms, Verdict.HOLD, reason, hold.until_ms)
    if message.decisions or is_open or (message.state is State.CANCELLED and not message.parts):
        return [first]
    if message.parts:
        return [first, replace(NO_FACTS, at_ms=hold.decided_ms, verdict=Verdict.PASSES)]
    return [first, DecisionRecord(hold.decided_ms, Verdict.REFUSE, message.reason)]


def _row_facts(message: Message) -> Facts:
    """What the row says of a message that was sent."""
    facts: Facts = {
        DecisionRule.ESIM: {"esimTranNo": message.esim_tran_no},
        DecisionRule.SENDER: {"from": message.sender},
        DecisionRule.ENCODING: {"encoding": message.encoding, "parts": message.part_count},
        DecisionRule.PARTS: {"count": message.part_count},
    }
    if message.parts:
        facts[DecisionRule.ROUTE] = {"carrier": message.parts[0].carrier, "to": message.destination}
    return facts
