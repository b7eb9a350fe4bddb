"""Verifications: a one-time code that shows who holds an eSIM, and the rules of its life.

Pure: the same verification, time and rules give the same step or verdict.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

MIN_DIGITS: Final = 4
MAX_DIGITS: Final = 10
CLOCK_SLACK_MS: Final = 10_000
"""How far clocks of nodes may differ. A time further ahead is that of a clock that was set back."""


class VerificationState(StrEnum):
    """The state of a verification. All but `pending` are final."""

    PENDING = "pending"
    VERIFIED = "verified"
    EXPIRED = "expired"
    TOO_MANY_CHECKS = "too_many_checks"
    SUPERSEDED = "superseded"
    CANCELLED = "cancelled"


class CheckVerdict(StrEnum):
    """The result of a check."""

    VERIFIED = "verified"
    WRONG_CODE = "wrong_code"
    EXPIRED = "expired"
    ALREADY_USED = "already_used"
    TOO_MANY_CHECKS = "too_many_checks"
    SUPERSEDED = "superseded"
    CANCELLED = "cancelled"


_VERDICTS = {
    VerificationState.VERIFIED: CheckVerdict.ALREADY_USED,
    VerificationState.EXPIRED: CheckVerdict.EXPIRED,
    VerificationState.TOO_MANY_CHECKS: CheckVerdict.TOO_MANY_CHECKS,
    VerificationState.SUPERSEDED: CheckVerdict.SUPERSEDED,
    VerificationState.CANCELLED: CheckVerdict.CANCELLED,
}


class VerificationRules(msgspec.Struct, frozen=True, gc=False):
    """How long a code lives, and how often it may be sent and checked.

    Attributes:
        digits: of a new code, 4 to 10.
        life_ms: from each send on.
        longest_life_ms: from the first send on; sends again do not extend it.
        resend_wait_ms: between two sends.
        max_wrong_guesses: of an eSIM in a day, over all its verifications. Beyond it a new
            verification can be checked once.
        repeat_code: whether a send again repeats the code; else it is a new one.
    """

    digits: int = 6
    life_ms: int = 600_000
    longest_life_ms: int = 1_800_000
    max_checks: int = 5
    max_sends: int = 5
    resend_wait_ms: int = 60_000
    max_wrong_guesses: int = 20
    repeat_code: bool = True


class Verification(msgspec.Struct, frozen=True):
    """A verification without its code.

    Attributes:
        id: the 16 octets of a UUIDv7.
        purpose: what the caller verifies, such as `login`. One code of a purpose is valid at a
            time for an eSIM.
        session_key: the caller's session; a start with another one supersedes this verification.
        sends: how often the code was sent.
        checks: wrong checks, and the right one.
        resend_ms: when the code may be sent again; `None` when it may not.
        message_id: of the latest send.
        ended_ms: when the state became final.
        esim: the ICCID, else the esimTranNo: what codes to the eSIM count for.
        prefix, country: of the number that the code was sent to first.
    """

    id: bytes
    account_id: int
    esim_tran_no: str
    purpose: str
    session_key: str
    state: VerificationState
    sends: int
    checks: int
    max_checks: int
    created_ms: int
    expires_ms: int
    resend_ms: int | None
    message_id: bytes | None = None
    ended_ms: int | None = None
    esim: str = ""
    prefix: str = ""
    country: str = ""

    @property
    def checks_left(self) -> int:
        """How many checks are possible; 0 when the state is final."""
        return self.max_checks - self.checks if self.state is VerificationState.PENDING else 0


class StartStep(StrEnum):
    """What a start does where a verification of the same eSIM and purpose may be pending.

    Attributes:
        CREATE: there is none; a new one begins.
        KEEP: the same answer again; nothing is sent.
        SEND_AGAIN: the code is sent again.
        SUPERSEDE: the pending one ends, and a new one begins.
    """

    CREATE = "create"
    KEEP = "keep"
    SEND_AGAIN = "send_again"
    SUPERSEDE = "supersede"

    @property
    def sends(self) -> bool:
        """Whether the step sends a code."""
        return self is not StartStep.KEEP


def state_at(verification: Verification, now_ms: int) -> VerificationState:
    """The state at a time: a pending verification expires without being written."""
    is_over = verification.expires_ms <= now_ms
    if verification.state is VerificationState.PENDING and is_over:
        return VerificationState.EXPIRED
    return verification.state


def decide_start(
    pending: Verification | None, session_key: str, now_ms: int, resend_wait_ms: int
) -> StartStep:
    """The step of a start; `pending` is the verification of the eSIM and purpose, if any."""
    if pending is None or state_at(pending, now_ms) is not VerificationState.PENDING:
        return StartStep.CREATE
    if pending.session_key != session_key:
        return StartStep.SUPERSEDE
    if pending.resend_ms is None or has_to_wait(pending.resend_ms, now_ms, resend_wait_ms):
        return StartStep.KEEP
    return StartStep.SEND_AGAIN


def has_to_wait(until_ms: int, now_ms: int, longest_ms: int) -> bool:
    """Whether a wait goes on, which takes this long at most.

    A clock that was set back must not extend it. But clocks of nodes differ, and a start may commit
    after one that began later.
    """
    return now_ms < until_ms <= now_ms + longest_ms + CLOCK_SLACK_MS


def next_expiry_ms(created_ms: int, now_ms: int, rules: VerificationRules) -> int:
    """When a code that is sent now expires: after its life, within the longest life."""
    return min(now_ms + rules.life_ms, created_ms + rules.longest_life_ms)


def next_resend_ms(
    sends: int, expires_ms: int, now_ms: int, rules: VerificationRules
) -> int | None:
    """When the code may be sent again after this many sends; `None` when it may not."""
    resend_ms = now_ms + rules.resend_wait_ms
    return resend_ms if sends < rules.max_sends and resend_ms < expires_ms else None


def checks_allowed(wrong_guesses: int, rules: VerificationRules) -> int:
    """How often a new verification may be checked after these wrong guesses of its eSIM today.

    Never 0: what locks is the verification, not the recipient.
    """
    return max(1, min(rules.max_checks, rules.max_wrong_guesses - wrong_guesses))


def verdict_of_ended(state: VerificationState) -> CheckVerdict:
    """The verdict of a check in a final state, whatever the code."""
    return _VERDICTS[state]
