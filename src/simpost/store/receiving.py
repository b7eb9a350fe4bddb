"""Receiving: receipts are matched to their part, obeyed where they outrank it, else kept.

An id that two open parts have is ambiguous: a carrier may use an id again after its counter
wrapped or was reset. A part whose validity ended more than a day before the receipt came is out of
the choice; if that does not leave one, the receipt is kept and not obeyed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import chain

import msgspec

from simpost.domain.outcomes import Receipt
from simpost.domain.states import State
from simpost.ports.store import Settlement
from simpost.store.codes import CODE, FINAL, STATE, reason_of
from simpost.store.folding import refold
from simpost.store.queries import SQL, chunks, widened
from simpost.store.session import PartKey, Session

MOST_PARKED = 100_000
_AFTER_VALIDITY_MS = 86_400_000
_SENT = CODE[State.SENT]


class Match(msgspec.Struct, frozen=True, array_like=True):
    """An open part with the carrier's id of the receipt at `index`."""

    index: int
    account_id: int
    message_id: str
    number: int
    total: int
    state: int
    reason: str | None
    expires_ms: int

    @property
    def key(self) -> PartKey:
        return self.account_id, bytes.fromhex(self.message_id), self.number


_decode_matches = msgspec.json.Decoder(list[Match]).decode


def receive(session: Session, batches: Sequence[Sequence[Receipt]]) -> list[None]:
    for receipts in chunks(list(chain.from_iterable(batches))):
        for receipt in _apply_plain(session, receipts):
            standing, key = _apply(session, receipt)
            if standing is not None:
                _keep(session, receipt, standing, key)
    if session.parked > MOST_PARKED:
        surplus = session.parked - MOST_PARKED
        session.execute(SQL["forget_parked"], (1 << 62, surplus))
        session.parked -= session.connection.changes()
    return [None] * len(batches)


def _match(session: Session, receipts: Sequence[Receipt]) -> list[Match]:
    ids = [
        (index, receipt.carrier, receipt.carrier_message_id)
        for index, receipt in enumerate(receipts)
    ]
    text: str = session.execute(
        widened("match_receipts", len(ids)), list(chain.from_iterable(ids))
    ).get
    return _decode_matches(text)


def _apply_plain(session: Session, receipts: Sequence[Receipt]) -> list[Receipt]:
    """Obey together what needs no thought: final, alone in its id, for the one part of a message.

    Returns the others.
    """
    times = Counter((receipt.carrier, receipt.carrier_message_id) for receipt in receipts)
    matches: dict[int, Match | None] = {}
    for match in _match(session, receipts):
        matches[match.index] = None if match.index in matches else match
    rows: list[tuple[object, ...]] = []
    others: list[Receipt] = []
    for index, receipt in enumerate(receipts):
        found = matches.get(index)
        carrier_id = (receipt.carrier, receipt.carrier_message_id)
        code = CODE[receipt.state]
        if found is None or found.total > 1 or code < FINAL or times[carrier_id] > 1:
            others.append(receipt)
            continue
        rows.append(_ending(receipt, code, found.key))
        session.remember_end(*carrier_id, found.key, code)
    session.execute_wide("end_parts", rows)
    return others


def _ending(receipt: Receipt, code: int, key: PartKey) -> tuple[object, ...]:
    return code, receipt.reason, receipt.carrier_code, receipt.received_ms, *key


def meet_parked(session: Session, one: Settlement) -> None:
    """Apply the receipts that came before the answer that told us their id.

    One that came before the message did speaks of an earlier use of the id.
    """
    carrier, carrier_message_id = one.carrier, one.carrier_message_id
    assert carrier_message_id is not None
    waiting = session.execute(
        SQL["parked_receipts"],
        (carrier, carrier_message_id, one.account_id, one.message_id),
    ).fetchall()
    for code, reason, carrier_code, received_ms in waiting:
        receipt = Receipt(
            carrier, carrier_message_id, STATE[code], reason_of(reason), carrier_code, received_ms
        )
        standing, key = _apply(session, receipt)
        if standing == "parked":
            continue
        account_id, message_id, number = key or (None, None, None)
        session.execute(
            SQL["stand_receipt"],
            (
                standing or "matched",
                account_id,
                message_id,
                number,
                carrier,
                carrier_message_id,
                code,
            ),
        )
        session.parked -= 1


def _apply(session: Session, receipt: Receipt) -> tuple[str | None, PartKey | None]:
    """Obey a receipt; the standing to keep it under when that could not be done."""
    carrier, carrier_message_id = receipt.carrier, receipt.carrier_message_id
    found = _match(session, [receipt])
    code = CODE[receipt.state]
    if len(found) > 1:
        oldest_ms = receipt.received_ms - _AFTER_VALIDITY_MS
        found = [match for match in found if match.expires_ms >= oldest_ms]
        if len(found) != 1:
            return "ambiguous", None
    if not found:
        ended = session.recall_end(carrier, carrier_message_id)
        if ended is None:
            return "parked", None
        return ("duplicate" if ended[1] == code else "late"), ended[0]
    [match] = found
    key = match.key
    if code >= FINAL:
        session.execute_wide("end_parts", [_ending(receipt, code, key)])
        session.remember_end(carrier, carrier_message_id, key, code)
        if match.total > 1:
            refold(session, *key[:2], receipt.received_ms)
        return None, key
    if match.state > _SENT or receipt.reason is None or receipt.reason == match.reason:
        return "duplicate", key
    session.execute(
        SQL["note_part"], (receipt.reason, receipt.carrier_code, receipt.received_ms, *key)
    )
    return None, key


def _keep(session: Session, receipt: Receipt, standing: str, key: PartKey | None) -> None:
    code = CODE[receipt.state]
    if standing == "parked":
        known = session.execute(
            SQL["standing"], (receipt.carrier, receipt.carrier_message_id, code)
        ).get
        session.parked += known != "parked"
    account_id, message_id, number = key or (None, None, None)
    session.execute(
        SQL["keep_receipt"],
        (
            receipt.carrier,
            receipt.carrier_message_id,
            code,
            standing,
            receipt.reason,
            receipt.carrier_code,
            receipt.received_ms,
            account_id,
            message_id,
            number,
        ),
    )
