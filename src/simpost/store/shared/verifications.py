"""Verifications: a row each. The pending one of an eSIM and purpose is locked by an update."""

from __future__ import annotations

from hmac import compare_digest
from typing import Final, Protocol

import msgspec
from msgspec.structs import replace

from simpost.domain.code_budgets import CodeLimits, CodeRefusal
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
    verdict_of_ended,
)
from simpost.errors import StoreError
from simpost.ports.store.verifications import (
    VERIFICATION_STEP,
    Checked,
    CodeMessage,
    FoundVerifications,
    NewVerification,
    PrefixHour,
    StartAnswer,
    Started,
    StartPreview,
    VerificationFilter,
)
from simpost.store.records.row import NamedRow
from simpost.store.shared.code_sends import (
    count_send,
    count_use,
    end_wait,
    find_uses,
    find_wait,
    hold_wait,
    note_known,
    refusal_by,
)
from simpost.store.shared.steps import SharedDatabase, Steps
from simpost.store.shared.verification_lists import count_by_prefix, list_verifications
from simpost.store.shared.verification_rows import (
    close_code,
    open_code,
    place_of_code,
    verification_at,
    verification_of,
)
from simpost.store.shared.verification_statements import SQL
from simpost.store.text_seal import TextSeal

_DAY_MS: Final = 86_400_000
_MOST_TRIES: Final = 10
"""Starts at the same time that one may lose against, each of which ended at once."""


class CodeStart(msgspec.Struct, frozen=True):
    """A start, as the store runs it in a transaction with the commit of its message."""

    new: NewVerification
    outgoing: CodeMessage
    rules: VerificationRules
    limits: CodeLimits
    now_ms: int

    def steps(self, seal: TextSeal) -> Steps[Started | CodeRefusal]:
        """All of it but the acceptance of the message in the result."""
        return _start(seal, self)

    def preview_steps(self) -> Steps[StartPreview]:
        """What it would do."""
        return _preview_start(self.new, self.rules, self.limits, self.now_ms)


class CodeCheck(msgspec.Struct, frozen=True):
    """A check of a code; `key` is the account and the verification."""

    key: tuple[int, bytes]
    code: str
    now_ms: int

    def steps(self, seal: TextSeal) -> Steps[Checked | None]:
        """All of it."""
        return _check(seal, self.key, self.code, self.now_ms)


class CodeRunner(Protocol):
    """What each store does its own way: what locks waits of eSIMs."""

    async def start(self, one: CodeStart) -> StartAnswer:
        """Run a start, and accept its message in the same transaction."""
        ...

    async def check(self, one: CodeCheck) -> Checked | None:
        """Run a check."""
        ...


class StoredVerifications:
    """Implements `simpost.ports.store.VerificationStore`."""

    def __init__(self, database: SharedDatabase, runner: CodeRunner) -> None:
        self._database = database
        self._runner = runner

    async def start(
        self,
        new: NewVerification,
        outgoing: CodeMessage,
        rules: VerificationRules,
        limits: CodeLimits,
        *,
        now_ms: int,
    ) -> StartAnswer:
        return await self._runner.start(CodeStart(new, outgoing, rules, limits, now_ms))

    async def preview_start(
        self, new: NewVerification, rules: VerificationRules, limits: CodeLimits, *, now_ms: int
    ) -> StartPreview:
        return await self._database.query(_preview_start, new, rules, limits, now_ms)

    async def check(
        self, account_id: int, verification_id: bytes, code: str, *, now_ms: int
    ) -> Checked | None:
        return await self._runner.check(CodeCheck((account_id, verification_id), code, now_ms))

    async def cancel(
        self, account_id: int, verification_id: bytes, *, now_ms: int
    ) -> Verification | None:
        return await self._database.transact(_cancel, account_id, verification_id, now_ms)

    async def find(
        self, account_id: int, verification_id: bytes, *, now_ms: int
    ) -> Verification | None:
        return await self._database.query(_find, account_id, verification_id, now_ms)

    async def list_verifications(
        self, account_id: int, which: VerificationFilter, *, now_ms: int
    ) -> FoundVerifications:
        return await self._database.query(list_verifications, account_id, which, now_ms)

    async def count_by_prefix(self, account_id: int, *, from_ms: int) -> list[PrefixHour]:
        return await self._database.query(count_by_prefix, account_id, from_ms)

    async def end_expired(self, *, now_ms: int) -> list[Verification]:
        return await self._database.transact(_end_expired, now_ms)

    async def delete_ended(self, *, before_ms: int) -> int:
        return await self._database.transact(_delete_ended, before_ms)


def _start(seal: TextSeal, one: CodeStart) -> Steps[Started | CodeRefusal]:
    new, rules, limits, now_ms = one.new, one.rules, one.limits, one.now_ms
    esim = new.subjects.esim
    wait_ends_ms = yield from hold_wait(esim)
    for _ in range(_MOST_TRIES):
        held = yield SQL["hold_pending"], (new.account_id, new.esim_tran_no, new.purpose)
        row = held[0] if held else None
        pending = verification_of(row) if row else None
        step = decide_start(pending, new.session_key, now_ms, rules.resend_wait_ms)
        if row and pending and step is StartStep.KEEP:
            return Started(step, pending)
        guess = _guess_key(new.account_id, new.esim_tran_no, now_ms)
        uses = yield from find_uses(esim, guess, now_ms)
        if refusal := refusal_by(esim, limits, uses, wait_ends_ms, now_ms):
            return refusal
        if row and pending and step is StartStep.SEND_AGAIN:
            yield from count_send(esim, limits, now_ms)
            return (yield from _send_again(seal, one, row))
        ended: Verification | None = None
        if pending:
            superseded = step is StartStep.SUPERSEDE
            state = VerificationState.SUPERSEDED if superseded else VerificationState.EXPIRED
            [row] = yield SQL["end"], (pending.account_id, pending.id, state, now_ms)
            ended = verification_of(row)
        checks = checks_allowed(uses.guesses, rules)
        expires_ms = next_expiry_ms(now_ms, now_ms, rules)
        message = replace(one.outgoing.message, expires_ms=expires_ms)
        inserted = yield (
            SQL["insert"],
            (
                new.account_id,
                new.id,
                new.esim_tran_no,
                new.purpose,
                new.session_key,
                *close_code(seal, new.account_id, new.id, new.code),
                checks,
                now_ms,
                expires_ms,
                next_resend_ms(1, expires_ms, now_ms, rules),
                message.id,
                esim,
                new.subjects.prefix,
                new.subjects.country,
            ),
        )
        if inserted:
            yield from count_send(esim, limits, now_ms)
            return Started(step, verification_of(inserted[0]), message, ended=ended)
    raise StoreError("too many verifications of this eSIM and purpose began at the same time")


def _preview_start(
    new: NewVerification, rules: VerificationRules, limits: CodeLimits, now_ms: int
) -> Steps[StartPreview]:
    found = yield SQL["find_pending"], (new.account_id, new.esim_tran_no, new.purpose)
    pending = verification_of(found[0]) if found else None
    step = decide_start(pending, new.session_key, now_ms, rules.resend_wait_ms)
    if not step.sends:
        return StartPreview(step, pending)
    ends_ms = yield from find_wait(new.subjects.esim)
    guess = _guess_key(new.account_id, new.esim_tran_no, now_ms)
    uses = yield from find_uses(new.subjects.esim, guess, now_ms)
    refusal = refusal_by(new.subjects.esim, limits, uses, ends_ms, now_ms)
    return StartPreview(step, pending, refusal)


def _send_again(seal: TextSeal, one: CodeStart, row: NamedRow) -> Steps[Started]:
    rules, now_ms = one.rules, one.now_ms
    code, message = one.new.code, one.outgoing.message
    earlier = open_code(seal, row) if rules.repeat_code else None
    if earlier and (repeated := one.outgoing.with_code(earlier)):
        code, message = earlier, repeated
    expires_ms = max(row["expires_ms"], next_expiry_ms(row["created_ms"], now_ms, rules))
    resend_ms = next_resend_ms(row["sends"] + 1, expires_ms, now_ms, rules)
    closed = close_code(seal, row["account_id"], row["id"], code)
    key = (row["account_id"], row["id"])
    [sent] = yield SQL["send_again"], (*key, *closed, expires_ms, resend_ms, message.id)
    message = replace(message, expires_ms=expires_ms)
    return Started(StartStep.SEND_AGAIN, verification_of(sent), message)


def _check(seal: TextSeal, key: tuple[int, bytes], code: str, now_ms: int) -> Steps[Checked | None]:
    digest = seal.digest(place_of_code(*key), code)
    before = yield SQL["find"], key
    if before:  # before the verification is locked, as in a start
        yield from hold_wait(before[0]["esim"])
    counted = yield SQL["count_check"], (*key, now_ms)
    if not counted:
        found = yield from _find(*key, now_ms)
        return Checked(verdict_of_ended(found.state), found) if found else None
    row = counted[0]
    if compare_digest(row["digest"], digest):
        ended = yield SQL["end"], (*key, VerificationState.VERIFIED, now_ms)
        yield from end_wait(row["esim"])
        yield from note_known(row["account_id"], row["esim_tran_no"], now_ms)
        return Checked(CheckVerdict.VERIFIED, verification_of(ended[0]))
    guess = _guess_key(row["account_id"], row["esim_tran_no"], now_ms)
    yield from count_use(guess, now_ms + 2 * _DAY_MS)
    if row["checks"] >= row["max_checks"]:
        [row] = yield SQL["end"], (*key, VerificationState.TOO_MANY_CHECKS, now_ms)
    return Checked(CheckVerdict.WRONG_CODE, verification_of(row))


def _cancel(account_id: int, verification_id: bytes, now_ms: int) -> Steps[Verification | None]:
    found = yield from _find(account_id, verification_id, now_ms)
    if found is None or found.state is not VerificationState.PENDING:
        return found
    ended = yield SQL["end"], (account_id, verification_id, VerificationState.CANCELLED, now_ms)
    if ended:
        return verification_of(ended[0])
    return (yield from _find(account_id, verification_id, now_ms))


def _find(account_id: int, verification_id: bytes, now_ms: int) -> Steps[Verification | None]:
    rows = yield SQL["find"], (account_id, verification_id)
    if not rows:
        return None
    return verification_at(verification_of(rows[0]), now_ms)


def _end_expired(now_ms: int) -> Steps[list[Verification]]:
    rows = yield SQL["end_expired"], (now_ms, VERIFICATION_STEP)
    return [verification_of(row) for row in rows]


def _delete_ended(before_ms: int) -> Steps[int]:
    rows = yield SQL["delete_ended"], (before_ms, VERIFICATION_STEP)
    return len(rows)


def _guess_key(account_id: int, esim_tran_no: str, now_ms: int) -> tuple[int, str, str]:
    """The count of wrong guesses of an eSIM in a UTC day, beside the counts of quotas."""
    return account_id, f"wrong-code:{esim_tran_no}", str(now_ms // _DAY_MS)
