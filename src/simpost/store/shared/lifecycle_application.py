"""Steps that record a lifecycle event and apply it, in the transaction of their caller."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from simpost.domain.esims import EsimStatus, SmdpStatus
from simpost.domain.identifiers import iccid_forms
from simpost.domain.lifecycle import CLOCK, Applied, EsimFacts, LifecycleEvent, Transition
from simpost.domain.lifecycle_application import apply, expiry_due_ms, expiry_event
from simpost.ports.store.lifecycle import (
    LIFECYCLE_STEP,
    MOST_OF_ORDER,
    MOST_PARKED,
    EventOutcome,
    ImportedEsim,
    NewLifecycleEvent,
    RecordedEvent,
)
from simpost.store.records.row import NamedRow
from simpost.store.shared.lifecycle_sql import SQL
from simpost.store.shared.steps import Steps

_BEYOND: Final = b"\xff" * 16
_PROFILES: Final = [each.value for each in SmdpStatus]
_STATUSES: Final = [each.value for each in EsimStatus]
_TRIMMED: Final = 100
"""Parked events that end at once when an account has too many."""

_encode = msgspec.json.Encoder().encode
_decode_facts = msgspec.json.Decoder(EsimFacts).decode
_decode_event = msgspec.json.Decoder(LifecycleEvent).decode

NewId = Callable[[], bytes]


def record(
    account_id: int, events: Sequence[NewLifecycleEvent], new_id: NewId, now_ms: int
) -> Steps[list[RecordedEvent]]:
    recorded: list[RecordedEvent] = []
    for new in events:
        recorded += yield from _record_one(account_id, new, new_id, now_ms)
    return recorded


def _record_one(
    account_id: int, new: NewLifecycleEvent, new_id: NewId, now_ms: int
) -> Steps[list[RecordedEvent]]:
    found = yield from _find_esims(account_id, new.event)
    if found is None:
        outcome = EventOutcome.CONFLICT
    elif not found:
        outcome = EventOutcome.PARKED
    else:
        recorded = []
        is_of_order = _is_of_order(new.event)
        for esim in found:
            digest = _own_digest(new.digest, esim) if is_of_order else new.digest
            one = yield from _apply_to(account_id, esim, new.event, digest, new_id, now_ms)
            recorded.append(one)
        return recorded
    address = _address(new.event) if outcome is EventOutcome.PARKED else ""
    row = _event_row(account_id, new_id(), "", new.event, new.digest, outcome, now_ms, address)
    if not (yield SQL["insert_event"], row):
        return [RecordedEvent("", EventOutcome.DUPLICATE)]
    if outcome is EventOutcome.PARKED:
        yield from _trim_parked(account_id)
    return [RecordedEvent("", outcome)]


def _apply_to(
    account_id: int,
    esim: NamedRow,
    event: LifecycleEvent,
    digest: bytes,
    new_id: NewId,
    now_ms: int,
) -> Steps[RecordedEvent]:
    """Record an event of a known eSIM and apply it. The row of its facts is locked first."""
    tran_no, event_id = esim["esim_tran_no"], new_id()
    [row] = yield SQL["lock_facts"], (account_id, tran_no, now_ms)
    before = _decode_facts(row["facts"])
    applied, outcome = _outcome(before, event)
    new = _event_row(account_id, event_id, tran_no, event, digest, outcome, now_ms)
    if not (yield SQL["insert_event"], new):
        return RecordedEvent(tran_no, EventOutcome.DUPLICATE)
    made = yield from _save(account_id, esim, before, event, event_id, applied, new_id, now_ms)
    return RecordedEvent(tran_no, outcome, made)


def _apply_row(esim: NamedRow, row: NamedRow, new_id: NewId, now_ms: int) -> Steps[bool]:
    """Apply a parked event, whose eSIM is known now; whether it was still to be applied."""
    event, account_id = _decode_event(row["document"]), row["account_id"]
    if _is_of_order(event):  # other eSIMs of the order may follow: it stays parked
        digest = _own_digest(row["digest"], esim)
        one = yield from _apply_to(account_id, esim, event, digest, new_id, now_ms)
        return one.outcome is not EventOutcome.DUPLICATE
    tran_no = esim["esim_tran_no"]
    [stored] = yield SQL["lock_facts"], (account_id, tran_no, now_ms)
    before = _decode_facts(stored["facts"])
    applied, outcome = _outcome(before, event)
    if not (yield SQL["unpark"], (account_id, row["id"], tran_no, outcome)):
        return False
    yield from _save(account_id, esim, before, event, row["id"], applied, new_id, now_ms)
    return True


def _save(
    account_id: int,
    esim: NamedRow,
    before: EsimFacts,
    event: LifecycleEvent,
    event_id: bytes,
    applied: Applied,
    new_id: NewId,
    now_ms: int,
) -> Steps[tuple[Transition, ...]]:
    """Save the facts, where decisions read them too, and the transitions that are new."""
    facts, tran_no = applied.facts, esim["esim_tran_no"]
    if facts != before:
        text = _encode(facts).decode()
        times = facts.expires_ms, expiry_due_ms(facts), now_ms
        yield SQL["save_facts"], (account_id, tran_no, text, *times)
    profile = _forward(_PROFILES, esim["smdp_status"], before.profile, facts.profile)
    status = _forward(_STATUSES, esim["esim_status"], before.status, facts.status)
    if (profile, status) != (esim["smdp_status"], esim["esim_status"]):
        yield SQL["save_states"], (account_id, tran_no, profile, status)
    if facts.country != before.country:
        yield SQL["save_country"], (account_id, tran_no, facts.country)
    made = []
    for change in applied.changes:
        row = (
            account_id,
            new_id(),
            tran_no,
            change.transition,
            change.occurrence,
            event.at_ms,
            now_ms,
            event.source,
            facts.country,
            event_id,
        )
        if (yield SQL["insert_transition"], row):
            made.append(change.transition)
    return tuple(made)


def _find_esims(account_id: int, event: LifecycleEvent) -> Steps[Sequence[NamedRow] | None]:
    """The eSIMs that an event is about; `None` if it names two different ones."""
    iccids = iccid_forms(event.iccid) if event.iccid else ()
    if event.esim_tran_no:
        found = yield SQL["find_by_tran_no"], (account_id, event.esim_tran_no)
        if found:
            iccid = found[0]["iccid"]
            return None if iccids and iccid and iccid not in iccids else found
    if iccids:
        found = yield SQL["find_by_iccid"], (account_id, *iccids)
        return found
    if _is_of_order(event):
        found = yield SQL["find_by_order"], (account_id, event.order_no, MOST_OF_ORDER)
        return found
    return ()


def apply_parked(
    account_id: int, esims: Sequence[ImportedEsim], new_id: NewId, now_ms: int
) -> Steps[int]:
    count = 0
    if not (yield SQL["has_parked"], (account_id,)):
        return count
    for esim in esims:
        own = esim.esim_tran_no
        iccids = iccid_forms(esim.iccid) if esim.iccid else (own, own, own)
        addresses = (own, esim.order_no or own, *iccids)
        rows = yield SQL["parked_at"], (account_id, *addresses)
        for row in sorted(rows, key=lambda row: (row["at_ms"], row["id"])):
            found = yield SQL["find_by_tran_no"], (account_id, esim.esim_tran_no)
            if found:
                count += yield from _apply_row(found[0], row, new_id, now_ms)
    return count


def retry_parked(
    after: tuple[int, str, bytes], unknown_before_ms: int, new_id: NewId, now_ms: int
) -> Steps[tuple[tuple[int, str, bytes] | None, int]]:
    rows = yield SQL["list_parked"], (*after, LIFECYCLE_STEP)
    count = 0
    for row in rows:
        event = _decode_event(row["document"])
        found = yield from _find_esims(row["account_id"], event)
        for esim in found or ():
            count += yield from _apply_row(esim, row, new_id, now_ms)
        if row["received_ms"] < unknown_before_ms:
            yield SQL["end_parked"], (row["account_id"], row["id"])
    if len(rows) < LIFECYCLE_STEP:
        return None, count
    last = rows[-1]
    return (last["account_id"], last["address"], last["id"]), count


def notice_expiries(new_id: NewId, now_ms: int) -> Steps[int]:
    """Record what the clock says of plans that end; the number of eSIMs that were looked at."""
    rows = yield SQL["due_expiries"], (now_ms, LIFECYCLE_STEP)
    for row in rows:
        account_id, tran_no = row["account_id"], row["esim_tran_no"]
        found = yield SQL["find_by_tran_no"], (account_id, tran_no)
        event = expiry_event(_decode_facts(row["facts"]), tran_no, now_ms)
        if found and event:
            digest = hashlib.sha256(
                f"{CLOCK} {event.kind} {tran_no} {event.source_event_id}".encode()
            )
            yield from _apply_to(account_id, found[0], event, digest.digest()[:16], new_id, now_ms)
        # Whatever became of it: the same row must not come again at once.
        yield SQL["end_expiry"], (account_id, tran_no, now_ms)
    return len(rows)


def _trim_parked(account_id: int) -> Steps[None]:
    [count] = yield SQL["count_parked"], (account_id,)
    if count["parked"] > MOST_PARKED:
        yield SQL["end_oldest_parked"], (account_id, _TRIMMED)


def _outcome(facts: EsimFacts, event: LifecycleEvent) -> tuple[Applied, EventOutcome]:
    applied = apply(facts, event)
    if applied.is_late:
        return applied, EventOutcome.LATE
    is_new = applied.facts != facts
    return applied, EventOutcome.APPLIED if is_new else EventOutcome.UNCHANGED


def _event_row(
    account_id: int,
    event_id: bytes,
    esim_tran_no: str,
    event: LifecycleEvent,
    digest: bytes,
    outcome: EventOutcome,
    now_ms: int,
    address: str = "",
) -> tuple[object, ...]:
    return (
        account_id,
        event_id,
        esim_tran_no,
        address,
        event.source,
        digest,
        event.kind,
        outcome,
        event.at_ms,
        now_ms,
        _encode(event).decode(),
    )


def _is_of_order(event: LifecycleEvent) -> bool:
    return bool(event.order_no) and not event.esim_tran_no and not event.iccid


def _address(event: LifecycleEvent) -> str:
    return event.iccid or event.esim_tran_no or event.order_no


def _own_digest(digest: bytes, esim: NamedRow) -> bytes:
    """The digest of an event of an order for one of its eSIMs."""
    return hashlib.sha256(digest + esim["esim_tran_no"].encode()).digest()[:16]


def _forward(states: list[str], imported: str, before: str, after: str) -> str:
    """The state to store. The first report never takes an imported state back."""
    if not after or after == before:
        return imported
    is_back = imported in states and states.index(after) < states.index(imported)
    return imported if not before and is_back else after
