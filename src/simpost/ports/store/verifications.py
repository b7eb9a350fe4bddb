"""Verifications, with their codes sealed until they end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol, TypeAlias

import msgspec

from simpost.domain.code_budgets import CodeLimits, CodeRefusal, CodeSubjects
from simpost.domain.policy.quotas import QuotaReached
from simpost.domain.verifications import (
    CheckVerdict,
    StartStep,
    Verification,
    VerificationRules,
    VerificationState,
)
from simpost.ports.store.messages import Accepted, NewMessage

VERIFICATION_STEP: Final = 100
"""Most verifications that one call of `end_expired` or `delete_ended` changes."""


class NewVerification(msgspec.Struct, frozen=True):
    """A verification to begin, unless one is pending.

    Attributes:
        code: its digits. The store keeps a keyed digest and a sealed copy, until the end.
        subjects: what its sends count for.
    """

    id: bytes
    account_id: int
    esim_tran_no: str
    purpose: str
    session_key: str
    code: str
    subjects: CodeSubjects


class CodeMessage(msgspec.Struct, frozen=True):
    """The message that a start sends, if it sends one.

    Attributes:
        message: has the new code. Its expiry becomes that of the verification.
        with_code: the same message with another code; `None` if that takes another number of
            parts. Must not block: called in a transaction, perhaps again.
    """

    message: NewMessage
    with_code: Callable[[str], NewMessage | None]


class Started(msgspec.Struct, frozen=True):
    """The pending verification after a start.

    Attributes:
        message: what was committed with it; `None` if the step sends nothing.
        accepted: of the message.
        ended: the verification that ended by this start: it was superseded, or had expired.
    """

    step: StartStep
    verification: Verification
    message: NewMessage | None = None
    accepted: Accepted | None = None
    ended: Verification | None = None


StartAnswer: TypeAlias = Started | CodeRefusal | QuotaReached
"""What became of a start. A refused one changed nothing but alarms."""


class StartPreview(msgspec.Struct, frozen=True):
    """What a start would do.

    Attributes:
        pending: the verification of the eSIM and purpose before it; it may have expired.
        refusal: why the eSIM would be sent no code.
    """

    step: StartStep
    pending: Verification | None = None
    refusal: CodeRefusal | None = None


class Checked(msgspec.Struct, frozen=True):
    """The verdict of a check, and the verification after it."""

    verdict: CheckVerdict
    verification: Verification


class VerificationFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which verifications of an account to list, newest first; `None` means any."""

    esim_tran_no: str | None = None
    state: VerificationState | None = None
    before: bytes | None = None
    limit: int = 50

    def selects(self, each: Verification) -> bool:
        """Whether the verification has the eSIM and the state."""
        is_of_esim = self.esim_tran_no in (None, each.esim_tran_no)
        return is_of_esim and self.state in (None, each.state)


class FoundVerifications(msgspec.Struct, frozen=True):
    """A page. `examined_to` is set if the search stopped early: continue with it as `before`."""

    verifications: list[Verification]
    examined_to: bytes | None = None


class PrefixHour(msgspec.Struct, frozen=True):
    """What became of the verifications that began in an hour, by prefix of the number.

    Attributes:
        hour_ms: the start of the hour.
        unverified: those that expired or used all checks. Others are pending, superseded or
            cancelled.
    """

    country: str
    prefix: str
    hour_ms: int
    started: int
    verified: int
    unverified: int

    @property
    def ratio(self) -> float | None:
        """The verified ones of those that ended; `None` before one did."""
        ended = self.verified + self.unverified
        return self.verified / ended if ended else None


class VerificationStore(Protocol):
    """Keeps verifications. Of an eSIM and a purpose at most one is pending."""

    async def start(
        self,
        new: NewVerification,
        outgoing: CodeMessage,
        rules: VerificationRules,
        limits: CodeLimits,
        *,
        now_ms: int,
    ) -> StartAnswer:
        """Begin a verification and accept its message, or take the next step of the pending one.

        All in one commit. The code of a send again is that of the first send if the rules say so
        and it can be opened, else the one of `new`. A step that sends counts for the eSIM, and for
        the quotas of the message; without enough left, it is refused. Of concurrent starts one
        sends.
        """
        ...

    async def preview_start(
        self, new: NewVerification, rules: VerificationRules, limits: CodeLimits, *, now_ms: int
    ) -> StartPreview:
        """What a start would do now."""
        ...

    async def check(
        self, account_id: int, verification_id: bytes, code: str, *, now_ms: int
    ) -> Checked | None:
        """Check a code; `None` if the account has no such verification.

        Of concurrent checks with the right code one is `verified`: it ends the wait of the eSIM.
        A wrong one counts for the verification, and for its eSIM until the end of the UTC day.
        """
        ...

    async def cancel(
        self, account_id: int, verification_id: bytes, *, now_ms: int
    ) -> Verification | None:
        """Cancel a pending verification, and return it as it is then; `None` if unknown."""
        ...

    async def find(
        self, account_id: int, verification_id: bytes, *, now_ms: int
    ) -> Verification | None:
        """The verification in its state at this time; `None` if the account has none."""
        ...

    async def list_verifications(
        self, account_id: int, which: VerificationFilter, *, now_ms: int
    ) -> FoundVerifications:
        """The newest verifications, in their state at this time. It examines 5,000 at most."""
        ...

    async def count_by_prefix(self, account_id: int, *, from_ms: int) -> list[PrefixHour]:
        """Of the newest 10,000 since a time, the newest hour first: 500 rows at most."""
        ...

    async def end_expired(self, *, now_ms: int) -> list[Verification]:
        """End verifications whose life is over, wipe their codes, and return them."""
        ...

    async def delete_ended(self, *, before_ms: int) -> int:
        """Delete verifications that ended before a time; how many."""
        ...
