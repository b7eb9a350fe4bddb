"""Rows of stored receipts, and of the parts that a receipt may be of."""

from __future__ import annotations

from simpost.domain.outcomes import Receipt
from simpost.domain.receipts.candidates import CandidatePart, KnownId, PartInDoubt
from simpost.store.records.columns import STATE, reason_of
from simpost.store.records.row import NamedRow


def stored_receipt(row: NamedRow) -> Receipt:
    """The receipt as it last arrived."""
    numbers: str | None = row["numbers"]
    return Receipt(
        row["carrier"],
        row["carrier_message_id"],
        STATE[row["state"]],
        reason_of(row["reason"]),
        row["carrier_code"],
        row["last_ms"],
        tuple(numbers.split("\n")) if numbers else (),
        row["text_id"] or "",
    )


def candidate_part(row: NamedRow) -> CandidatePart:
    return CandidatePart(
        index=row["place"],
        account_id=row["account_id"],
        message_id=row["message_id"],
        number=row["number"],
        total=row["total"],
        state=row["state"],
        reason=row["reason"],
        expires_ms=row["expires_ms"],
        carrier_message_id=row["carrier_message_id"],
        destination=row["destination"],
    )


def part_in_doubt(row: NamedRow) -> PartInDoubt:
    return PartInDoubt(candidate_part(row), row["esim_tran_no"])


def known_id(row: NamedRow) -> KnownId:
    return KnownId(row["carrier_message_id"], bool(row["is_open"]))
