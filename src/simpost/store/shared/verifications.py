"""Verifications: a row each. The pending one of an eSIM and purpose is locked by an update."""

from __future__ import annotations

from hmac import compare_digest
from typing import Final

from msgspec.structs import replace

from simpost.domain.texts import TextAbsence
from simpost.domain.verifications import (
    CheckVerdict,
    StartStep,
    Verification,
    VerificationRules,
    VerificationState,
    checks_allowed,
    decide_start,
    next_expiry_ms,
    next_resend_ms,
    state_at,
    verdict_of_ended,
)
from simpost.errors import StoreError
from simpost.ports.store.verifications import (
    VERIFICATION_STEP,
    Checked,
    NewVerification,
    Started,
)
from simpost.store.records.row import NamedRow
from simpost.store.shared.steps import SharedDatabase, Steps
from simpost.store.text_seal import TextSeal, place_of

_DAY_MS: Final = 86_400_000
_MOST_TRIES: Final = 10
"""Starts at the same time that one may lose against, each of which ended at once."""

SQL: Final = {
    "hold_pending": """
        UPDATE verifications SET checks = checks
        WHERE account_id = $1 AND esim_tran_no = $2 AND purpose = $3 AND state = 'pending'
        RETURNING *
    """,
    "insert": """
        INSERT INTO verifications (
          account_id, id, esim_tran_no, purpose, session_key, state, digest, code, text_key,
          sends, messages, checks, max_checks, created_ms, expires_ms, resend_ms
        ) VALUES ($1, $2, $3, $4, $5, 'pending', $6, $7, $8, 1, 0, 0, $9, $10, $11, $12)
        ON CONFLICT DO NOTHING
        RETURNING *
    """,
    "send_again": """
        UPDATE verifications SET sends = sends + 1, digest = $3, code = $4, text_key = $5,
          expires_ms = $6, resend_ms = $7
        WHERE account_id = $1 AND id = $2
        RETURNING *
    """,
    "note_message": """
        UPDATE verifications SET messages = $3, message_id = $4
        WHERE account_id = $1 AND id = $2 AND messages < $3
    """,
    "count_check": """
        UPDATE verifications SET checks = checks + 1
        WHERE account_id = $1 AND id = $2 AND state = 'pending' AND expires_ms > $3
        RETURNING *
    """,
    "end": """
        UPDATE verifications SET state = $3, ended_ms = $4, digest = NULL, code = NULL,
          text_key = NULL, resend_ms = NULL
        WHERE account_id = $1 AND id = $2 AND state = 'pending'
        RETURNING *
    """,
    "find": "SELECT * FROM verifications WHERE account_id = $1 AND id = $2",
    "end_expired": """
        UPDATE verifications SET state = 'expired', ended_ms = expires_ms, digest = NULL,
          code = NULL, text_key = NULL, resend_ms = NULL
        WHERE state = 'pending' AND (account_id, id) IN (
          SELECT account_id, id FROM verifications
          WHERE state = 'pending' AND expires_ms <= $1 ORDER BY expires_ms LIMIT $2
        )
        RETURNING id
    """,
    "delete_ended": """
        DELETE FROM verifications WHERE (account_id, id) IN (
          SELECT account_id, id FROM verifications
          WHERE ended_ms IS NOT NULL AND ended_ms < $1 ORDER BY ended_ms LIMIT $2
        )
        RETURNING id
    """,
    "wrong_guesses": """
        SELECT used FROM quota_uses WHERE account_id = $1 AND counter = $2 AND period = $3
    """,
    "count_guess": """
        INSERT INTO quota_uses AS q (account_id, counter, period, used, expires_ms)
        VALUES ($1, $2, $3, 1, $4)
        ON CONFLICT (account_id, counter, period) DO UPDATE SET used = q.used + 1
    """,
}


class StoredVerifications:
    """Implements `simpost.ports.store.VerificationStore`."""

    def __init__(self, database: SharedDatabase, seal: TextSeal) -> None:
        self._database = database
        self._seal = seal

    async def start(
        self, new: NewVerification, rules: VerificationRules, *, now_ms: int
    ) -> Started:
        return await self._database.transact(_start, self._seal, new, rules, now_ms)

    async def note_message(
        self, account_id: int, verification_id: bytes, sends: int, message_id: bytes
    ) -> None:
        await self._database.transact(_note, account_id, verification_id, sends, message_id)

    async def check(
        self, account_id: int, verification_id: bytes, code: str, *, now_ms: int
    ) -> Checked | None:
        key = account_id, verification_id
        return await self._database.transact(_check, self._seal, key, code, now_ms)

    async def cancel(
        self, account_id: int, verification_id: bytes, *, now_ms: int
    ) -> Verification | None:
        return await self._database.transact(_cancel, account_id, verification_id, now_ms)

    async def find(
        self, account_id: int, verification_id: bytes, *, now_ms: int
    ) -> Verification | None:
        return await self._database.query(_find, account_id, verification_id, now_ms)

    async def end_expired(self, *, now_ms: int) -> int:
        return await self._database.transact(_count, "end_expired", now_ms)

    async def delete_ended(self, *, before_ms: int) -> int:
        return await self._database.transact(_count, "delete_ended", before_ms)


def _start(
    seal: TextSeal, new: NewVerification, rules: VerificationRules, now_ms: int
) -> Steps[Started]:
    for _ in range(_MOST_TRIES):
        held = yield SQL["hold_pending"], (new.account_id, new.esim_tran_no, new.purpose)
        row = held[0] if held else None
        pending = _verification(row) if row else None
        step = decide_start(pending, new.session_key, now_ms)
        if row and pending and step is StartStep.KEEP:
            code = _open(seal, row) if pending.messages < pending.sends else None
            return Started(step, pending, code)
        if row and pending and step is StartStep.SEND_AGAIN:
            return (yield from _send_again(seal, new, rules, now_ms, row))
        if pending:
            superseded = step is StartStep.SUPERSEDE
            state = VerificationState.SUPERSEDED if superseded else VerificationState.EXPIRED
            yield SQL["end"], (pending.account_id, pending.id, state, now_ms)
        guesses = yield SQL["wrong_guesses"], _guess_key(new.account_id, new.esim_tran_no, now_ms)
        checks = checks_allowed(guesses[0]["used"] if guesses else 0, rules)
        expires_ms = next_expiry_ms(now_ms, now_ms, rules)
        inserted = yield (
            SQL["insert"],
            (
                new.account_id,
                new.id,
                new.esim_tran_no,
                new.purpose,
                new.session_key,
                *_closed(seal, new.account_id, new.id, new.code),
                checks,
                now_ms,
                expires_ms,
                next_resend_ms(1, expires_ms, now_ms, rules),
            ),
        )
        if inserted:
            return Started(step, _verification(inserted[0]), new.code)
    raise StoreError("too many verifications of this eSIM and purpose began at the same time")


def _send_again(
    seal: TextSeal, new: NewVerification, rules: VerificationRules, now_ms: int, row: NamedRow
) -> Steps[Started]:
    code = (_open(seal, row) if rules.repeat_code else None) or new.code
    expires_ms = max(row["expires_ms"], next_expiry_ms(row["created_ms"], now_ms, rules))
    resend_ms = next_resend_ms(row["sends"] + 1, expires_ms, now_ms, rules)
    closed = _closed(seal, row["account_id"], row["id"], code)
    key = (row["account_id"], row["id"])
    [sent] = yield SQL["send_again"], (*key, *closed, expires_ms, resend_ms)
    return Started(StartStep.SEND_AGAIN, _verification(sent), code)


def _note(account_id: int, verification_id: bytes, sends: int, message_id: bytes) -> Steps[None]:
    yield SQL["note_message"], (account_id, verification_id, sends, message_id)


def _check(seal: TextSeal, key: tuple[int, bytes], code: str, now_ms: int) -> Steps[Checked | None]:
    counted = yield SQL["count_check"], (*key, now_ms)
    if not counted:
        found = yield from _find(*key, now_ms)
        return Checked(verdict_of_ended(found.state), found) if found else None
    row = counted[0]
    if compare_digest(row["digest"], seal.digest(_place(*key), code)):
        ended = yield SQL["end"], (*key, VerificationState.VERIFIED, now_ms)
        return Checked(CheckVerdict.VERIFIED, _verification(ended[0]))
    guess = _guess_key(row["account_id"], row["esim_tran_no"], now_ms)
    yield SQL["count_guess"], (*guess, now_ms + 2 * _DAY_MS)
    if row["checks"] >= row["max_checks"]:
        [row] = yield SQL["end"], (*key, VerificationState.TOO_MANY_CHECKS, now_ms)
    return Checked(CheckVerdict.WRONG_CODE, _verification(row))


def _cancel(account_id: int, verification_id: bytes, now_ms: int) -> Steps[Verification | None]:
    found = yield from _find(account_id, verification_id, now_ms)
    if found is None or found.state is not VerificationState.PENDING:
        return found
    ended = yield SQL["end"], (account_id, verification_id, VerificationState.CANCELLED, now_ms)
    if ended:
        return _verification(ended[0])
    return (yield from _find(account_id, verification_id, now_ms))


def _find(account_id: int, verification_id: bytes, now_ms: int) -> Steps[Verification | None]:
    rows = yield SQL["find"], (account_id, verification_id)
    if not rows:
        return None
    found = _verification(rows[0])
    state = state_at(found, now_ms)
    if state is found.state:
        return found
    return replace(found, state=state, resend_ms=None, ended_ms=found.expires_ms)


def _count(statement: str, at_ms: int) -> Steps[int]:
    rows = yield SQL[statement], (at_ms, VERIFICATION_STEP)
    return len(rows)


def _guess_key(account_id: int, esim_tran_no: str, now_ms: int) -> tuple[int, str, str]:
    """The count of wrong guesses of an eSIM in a UTC day, beside the counts of quotas."""
    return account_id, f"wrong-code:{esim_tran_no}", str(now_ms // _DAY_MS)


def _closed(
    seal: TextSeal, account_id: int, verification_id: bytes, code: str
) -> tuple[bytes, str, str]:
    """The digest of a code, the sealed code, and the id of the key that sealed it."""
    place, key_id = _place(account_id, verification_id), seal.code_key_id
    return seal.digest(place, code), seal.seal(key_id, place, code), key_id


def _open(seal: TextSeal, row: NamedRow) -> str | None:
    """The code; `None` if the key is missing or the row was changed."""
    place = _place(row["account_id"], row["id"])
    opened = seal.open(row["text_key"], place, row["code"])
    return None if isinstance(opened, TextAbsence) else opened


def _place(account_id: int, verification_id: bytes) -> bytes:
    return place_of(b"verifications", account_id, verification_id)


def _verification(row: NamedRow) -> Verification:
    return Verification(
        id=row["id"],
        account_id=row["account_id"],
        esim_tran_no=row["esim_tran_no"],
        purpose=row["purpose"],
        session_key=row["session_key"],
        state=VerificationState(row["state"]),
        sends=row["sends"],
        messages=row["messages"],
        checks=row["checks"],
        max_checks=row["max_checks"],
        created_ms=row["created_ms"],
        expires_ms=row["expires_ms"],
        resend_ms=row["resend_ms"],
        message_id=row["message_id"],
        ended_ms=row["ended_ms"],
    )
