"""Rows of verifications as values, and their codes: a keyed digest, and a sealed copy."""

from __future__ import annotations

from msgspec.structs import replace

from simpost.domain.texts import TextAbsence
from simpost.domain.verifications import Verification, VerificationState, state_at
from simpost.store.records.row import NamedRow
from simpost.store.text_seal import TextSeal, place_of


def close_code(
    seal: TextSeal, account_id: int, verification_id: bytes, code: str
) -> tuple[bytes, str, str]:
    """The digest of a code, the sealed code, and the id of the key that sealed it."""
    place, key_id = place_of_code(account_id, verification_id), seal.code_key_id
    return seal.digest(place, code), seal.seal(key_id, place, code), key_id


def open_code(seal: TextSeal, row: NamedRow) -> str | None:
    """The code; `None` if the key is missing or the row was changed."""
    place = place_of_code(row["account_id"], row["id"])
    opened = seal.open(row["text_key"], place, row["code"])
    return None if isinstance(opened, TextAbsence) else opened


def place_of_code(account_id: int, verification_id: bytes) -> bytes:
    """What a sealed code is bound to."""
    return place_of(b"verifications", account_id, verification_id)


def verification_of(row: NamedRow) -> Verification:
    """The verification of a row, without its code."""
    return Verification(
        id=row["id"],
        account_id=row["account_id"],
        esim_tran_no=row["esim_tran_no"],
        purpose=row["purpose"],
        session_key=row["session_key"],
        state=VerificationState(row["state"]),
        sends=row["sends"],
        checks=row["checks"],
        max_checks=row["max_checks"],
        created_ms=row["created_ms"],
        expires_ms=row["expires_ms"],
        resend_ms=row["resend_ms"],
        message_id=row["message_id"],
        ended_ms=row["ended_ms"],
        esim=row["esim"],
        prefix=row["prefix"],
        country=row["country"],
    )


def verification_at(found: Verification, now_ms: int) -> Verification:
    """The verification in its state at this time: its life may be over."""
    state = state_at(found, now_ms)
    if state is found.state:
        return found
    return replace(found, state=state, resend_ms=None, ended_ms=found.expires_ms)
