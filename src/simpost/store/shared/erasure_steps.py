"""The steps of an erasure: each erases some rows of one kind, and says where the next begins.

ICCIDs and esimTranNos stay: by them the record of a message is found.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import msgspec

from simpost.domain.broadcasts import RecipientResult, RecipientState
from simpost.domain.code_modes import known_key
from simpost.domain.inbound import NO_ACCOUNT
from simpost.domain.messages import parse_id
from simpost.domain.receipt_ids import same_number
from simpost.domain.webhooks import DeliveryAttempt
from simpost.ports.store.erasures import ERASURE_STEP, Erasure
from simpost.store.records.ids import first_id
from simpost.store.records.row import NamedRow
from simpost.store.shared import erasure_places as places
from simpost.store.shared.broadcast_recipients import end as end_recipients
from simpost.store.shared.erasure_places import last_id, of_account, of_esim
from simpost.store.shared.erasure_sql import SQL
from simpost.store.shared.steps import Steps

_NUMBER_FIELDS: Final = ("msisdn", "imsi")

_decode_document = msgspec.json.Decoder(dict[str, Any]).decode
_decode_attempts = msgspec.json.Decoder(list[DeliveryAttempt]).decode


class Walk(NamedTuple):
    """A kind of rows: `step` starts after `start`, and returns the last key with a count."""

    kind: str
    start: Any
    step: Callable[..., Steps[tuple[Any, int]]]


def catalogue_numbers(erasure: Erasure) -> Steps[set[str]]:
    rows = yield SQL["esim"], (erasure.esim_tran_no, erasure.account_id)
    return {row[field] for row in rows for field in _NUMBER_FIELDS} - {""}


def sent_numbers(erasure: Erasure, after: bytes) -> Steps[tuple[set[str], bytes | None]]:
    """Numbers of messages; some carriers are sent another name of the eSIM in their place."""
    rows = yield SQL["sent_numbers"], (*of_esim(erasure, after), ERASURE_STEP)
    names = {"", erasure.esim_tran_no, *(row["iccid"] for row in rows)}
    return {row["destination"] for row in rows} - names, last_id(rows)


def is_own(erasure: Erasure, number: str) -> Steps[bool]:
    """Whether no other eSIM has the number."""
    others = yield SQL["other_esim"], (number, erasure.esim_tran_no)
    return not others


def _messages(erasure: Erasure, after: bytes, now_ms: int) -> Steps[tuple[bytes | None, int]]:
    rows = yield SQL["messages"], (*of_esim(erasure, after), ERASURE_STEP)
    count = 0
    for row in rows:
        key = erasure.account_id, row["id"]
        if row["forgotten_ms"] is None:
            if (yield SQL["has_not_ended"], key):
                continue
            count += 1
            yield SQL["erase_message"], (*key, now_ms)
            yield SQL["erase_parts"], key
            yield SQL["erase_held"], key
        if row["request_id"] is not None:
            request = erasure.account_id, row["request_id"], row["id"], b""
            yield SQL["erase_request"], request
        yield SQL["erase_receipts_of_message"], key
    return last_id(rows), count


def _inbound(erasure: Erasure, after: bytes, now_ms: int) -> Steps[tuple[bytes | None, int]]:
    rows = yield SQL["inbound"], (*of_esim(erasure, after), ERASURE_STEP)
    left = [row["id"] for row in rows if row["forgotten_ms"] is None]
    for inbound_id in left:
        yield SQL["erase_inbound"], (erasure.account_id, inbound_id, now_ms)
    return last_id(rows), len(left)


def _changes(erasure: Erasure, after: bytes, now_ms: int) -> Steps[tuple[bytes | None, int]]:
    rows = yield SQL["changes"], (*of_esim(erasure, after), ERASURE_STEP)
    left = [row["id"] for row in rows if row["words"]]
    for change_id in left:
        yield SQL["erase_change"], (erasure.account_id, change_id, now_ms)
    return last_id(rows), len(left)


def _flags(erasure: Erasure, after: bytes, now_ms: int) -> Steps[tuple[bytes | None, int]]:
    rows = yield SQL["flags"], (*of_account(erasure, after), ERASURE_STEP)
    left = [
        row["id"] for row in rows if row["esim_tran_no"] == erasure.esim_tran_no and row["words"]
    ]
    for flag_id in left:
        yield SQL["erase_flag"], (erasure.account_id, flag_id, now_ms)
    return last_id(rows), len(left)


def _conversations(erasure: Erasure, after: bytes, now_ms: int) -> Steps[tuple[bytes | None, int]]:
    """Erase private notes: people wrote them about the traveller."""
    rows = yield SQL["conversations"], (*of_esim(erasure, after), ERASURE_STEP)
    count = 0
    for row in rows:
        notes = yield SQL["erase_notes"], (erasure.account_id, row["id"], now_ms)
        count += len(notes)
        yield SQL["erase_conversation"], (erasure.account_id, row["id"])
    return last_id(rows), count


def _refusals(erasure: Erasure, after: bytes, _now_ms: int) -> Steps[tuple[bytes | None, int]]:
    """Erase what was decided by: it says where the traveller was."""
    rows = yield SQL["refusals"], (*of_account(erasure, after), ERASURE_STEP)
    left = [
        row["id"] for row in rows if row["esim_tran_no"] == erasure.esim_tran_no and row["decision"]
    ]
    for refusal_id in left:
        yield SQL["erase_refusal"], (erasure.account_id, refusal_id)
    return last_id(rows), len(left)


def _verifications(erasure: Erasure, after: bytes, now_ms: int) -> Steps[tuple[bytes | None, int]]:
    """A pending one is cancelled: its code can no longer be checked."""
    rows = yield SQL["verifications"], (*of_account(erasure, after), ERASURE_STEP)
    count = 0
    for row in rows:
        is_pending = row["state"] == "pending"
        is_known = is_pending or row["session_key"] or row["prefix"]
        if row["esim_tran_no"] == erasure.esim_tran_no and is_known:
            key = erasure.account_id, row["id"]
            yield SQL["end_verification"], (*key, now_ms)
            yield SQL["erase_verification"], key
            count += 1
    return last_id(rows), count


def _deliveries(
    erasure: Erasure, after: tuple[bytes, int], _now_ms: int
) -> Steps[tuple[tuple[bytes, int] | None, int]]:
    """Erase what an endpoint answered: it may have repeated a text or a number."""
    rows = yield SQL["deliveries"], (erasure.account_id, *after, ERASURE_STEP)
    count = 0
    for row in rows:
        attempts = _decode_attempts(row["attempts"])
        if any(each.body for each in attempts) and (
            yield from _is_subject(erasure, row["subject"])
        ):
            cleared = [msgspec.structs.replace(each, body="") for each in attempts]
            key = erasure.account_id, row["endpoint_id"], row["sequence"]
            yield SQL["erase_delivery"], (*key, msgspec.json.encode(cleared).decode())
            count += 1
    is_last = len(rows) < ERASURE_STEP
    return None if is_last else (rows[-1]["endpoint_id"], rows[-1]["sequence"]), count


def _lifecycle_errors(
    erasure: Erasure, after: bytes, _now_ms: int
) -> Steps[tuple[bytes | None, int]]:
    """Erase what a supplier sent, was not understood, and has a name or number of the eSIM."""
    found = yield SQL["esim"], (erasure.esim_tran_no, erasure.account_id)
    names = {erasure.esim_tran_no}
    for row in found:
        iccid = _decode_document(row["document"]).get("iccid")
        names |= {row["msisdn"], row["imsi"], iccid if isinstance(iccid, str) else ""}
    needles = [name.encode() for name in names if name]
    rows = yield SQL["lifecycle_errors"], (*of_account(erasure, after), ERASURE_STEP)
    named = [row["id"] for row in rows if any(needle in row["body"] for needle in needles)]
    for error_id in named:
        yield SQL["erase_lifecycle_error"], (erasure.account_id, error_id, b"")
    return last_id(rows), len(named)


def _broadcasts(erasure: Erasure, after: bytes, now_ms: int) -> Steps[tuple[bytes | None, int]]:
    """Cancel the eSIM as a recipient that waits or is held: it has no message to cancel yet."""
    rows = yield SQL["unfinished_broadcasts"], (erasure.account_id, after, ERASURE_STEP)
    for row in rows:
        key = erasure.account_id, row["id"]
        if (yield SQL["is_recipient"], (*key, erasure.esim_tran_no)):
            result = RecipientResult(erasure.esim_tran_no, RecipientState.CANCELLED)
            yield from end_recipients(key, [result], now_ms)
    return last_id(rows), 0


def _is_subject(erasure: Erasure, subject: str) -> Steps[bool]:
    if subject == erasure.esim_tran_no:
        return True
    row_id = parse_id(subject)
    if row_id is None:
        return False
    rows = yield SQL["is_of_esim"], (erasure.account_id, row_id, erasure.esim_tran_no)
    return bool(rows)


def _assemblies(erasure: Erasure, after: int, number: str) -> Steps[tuple[int | None, int]]:
    """Delete parts that wait for others. Assemblies that became messages go within minutes."""
    rows = yield SQL["assemblies"], (after, erasure.begun_ms, ERASURE_STEP)
    count = 0
    for row in rows:
        if not _is_of_number(row, number):
            continue
        yield SQL["delete_incoming_parts"], (row["id"],)
        if row["inbound_id"] is None:
            yield SQL["delete_assembly"], (row["id"],)
            count += 1
    return last_id(rows), count


def _inbound_of_nobody(
    erasure: Erasure, after: bytes, number: str
) -> Steps[tuple[bytes | None, int]]:
    """Messages that came before the eSIM was known."""
    end = first_id(erasure.begun_ms + 1)
    rows = yield SQL["inbound_of_nobody"], (NO_ACCOUNT, after, end, ERASURE_STEP)
    count = 0
    for row in rows:
        if _is_of_number(row, number):
            yield SQL["erase_inbound"], (NO_ACCOUNT, row["id"], erasure.begun_ms)
            count += 1
    return last_id(rows), count


def _receipts(
    _erasure: Erasure, after: tuple[str, str, int], number: str
) -> Steps[tuple[tuple[str, str, int] | None, int]]:
    rows = yield SQL["receipts"], (*after, ERASURE_STEP)
    count = 0
    for row in rows:
        key = row["carrier"], row["carrier_message_id"], row["state"]
        if any(same_number(number, each) for each in (row["numbers"] or "").split("\n")):
            yield SQL["erase_receipt"], key
            count += 1
    if len(rows) < ERASURE_STEP:
        return None, count
    return (rows[-1]["carrier"], rows[-1]["carrier_message_id"], rows[-1]["state"]), count


def _is_of_number(row: NamedRow, number: str) -> bool:
    return any(same_number(number, row[end]) for end in ("source", "destination"))


def _esim(erasure: Erasure, _after: bytes, _now_ms: int) -> Steps[tuple[None, int]]:
    """Erase the numbers in the catalogue: an import may bring them back."""
    yield SQL["erase_file_values"], (erasure.account_id, erasure.esim_tran_no)
    yield SQL["erase_known"], known_key(erasure.account_id, erasure.esim_tran_no)
    key = erasure.esim_tran_no, erasure.account_id
    rows = yield SQL["esim"], key
    count = 0
    for row in rows:
        document = _decode_document(row["document"])
        cleared = {name: "" if name in _NUMBER_FIELDS else each for name, each in document.items()}
        if row["msisdn"] or row["imsi"] or cleared != document:
            yield SQL["erase_esim"], (*key, msgspec.json.encode(cleared).decode())
            count += 1
    return None, count


BY_NUMBER: Final = (
    Walk("incomingParts", 0, _assemblies),
    Walk("inbound", b"", _inbound_of_nobody),
    Walk("receipts", ("", "", 0), _receipts),
)
MESSAGES: Final = Walk("messages", b"", _messages)
BY_ESIM: Final = (
    MESSAGES,
    Walk("inbound", b"", _inbound),
    Walk("preferenceWords", b"", _changes),
    Walk("preferenceWords", b"", _flags),
    Walk("conversationNotes", b"", _conversations),
    Walk("refusals", b"", _refusals),
    Walk("verifications", b"", _verifications),
    Walk("webhookResponses", (b"", 0), _deliveries),
    Walk("lifecycleErrors", b"", _lifecycle_errors),
    Walk("places", b"", places.lifecycle_events),
    Walk("places", b"", places.unassigned_events),
    Walk("places", b"", places.transitions),
    Walk("places", b"", places.runs),
    Walk("places", b"", places.country_now),
    Walk("places", 0, places.events),
    Walk("broadcasts", b"", _broadcasts),
    Walk("esims", b"", _esim),
)
"""The eSIM is last: an erasure that is repeated needs its number to find what is left."""
