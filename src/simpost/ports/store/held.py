"""Messages that wait for a time: committed without parts, and decided again when they are due."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol, TypeAlias

import msgspec

from simpost.domain.policy.quotas import QuotaReached
from simpost.domain.reasons import Reason
from simpost.domain.states import State
from simpost.domain.texts import TextAbsence
from simpost.ports.store.messages import Accepted, IdempotentReplay, NewMessage

MOST_DECISION_CHARACTERS: Final = 6_144
"""Records of holds are kept until they have this many characters; that of the end always is."""


class HeldMessage(msgspec.Struct, frozen=True, gc=False):
    """A message to commit without its parts.

    Attributes:
        message: as it would be sent now; the log shows it so until it is released.
        state: `scheduled` when the caller asked for the time, `held` when policy did.
        until_ms: when it is decided again.
        send_at_ms: the time that the caller asked for; `None` when it asked for none.
        request: the data for the second decision, as text that the store does not interpret.
        decision: JSON of the `DecisionRecord` of the hold.
    """

    message: NewMessage
    state: State
    reason: Reason
    until_ms: int
    send_at_ms: int | None
    request: str
    decision: str | None = None


class DueMessage(msgspec.Struct, frozen=True, gc=False):
    """A held message that is due and leased to be decided again.

    Attributes:
        text: as it was planned when it was held; hex digits when it is binary. If it or the request
            cannot be opened, the reason.
        request: as it was given to `hold`.
    """

    account_id: int
    message_id: bytes
    esim_tran_no: str
    iccid: str
    category: str
    text: str | TextAbsence
    expires_ms: int
    until_ms: int
    request: str


class Deferral(msgspec.Struct, frozen=True, gc=False):
    """A due message is held again, until another time. `decision` is the record of that."""

    account_id: int
    message_id: bytes
    state: State
    reason: Reason
    until_ms: int
    expires_ms: int
    decision: str | None = None


class HeldEnd(msgspec.Struct, frozen=True, gc=False):
    """A due message is not sent: its final state, and why. `decision` is the record of that."""

    account_id: int
    message_id: bytes
    state: State
    reason: Reason
    decision: str | None = None


ReleaseResult: TypeAlias = Accepted | QuotaReached | None
"""Of a due message; `None` if it was released, ended or cancelled before."""


class HeldStore(Protocol):
    """Holds messages until a time, leases due ones, and ends, defers or releases them.

    A lease is the time until which `claim_held` returns the message to no other caller. It protects
    from double work only: of two that decide the same message, the first commit counts.
    """

    async def hold(self, held: HeldMessage) -> Accepted | IdempotentReplay:
        """Commit a message without parts, or return the first answer to its request id."""
        ...

    async def claim_held(self, *, now_ms: int, lease_ms: int, limit: int) -> list[DueMessage]:
        """Lease due messages until `lease_ms`, the longest due first."""
        ...

    async def release_held(
        self, messages: Sequence[NewMessage], *, now_ms: int
    ) -> list[ReleaseResult]:
        """Commit the parts of due messages, queued for their carriers."""
        ...

    async def defer_held(self, deferrals: Sequence[Deferral], *, now_ms: int) -> None:
        """Hold due messages again."""
        ...

    async def end_held(self, ends: Sequence[HeldEnd], *, now_ms: int) -> None:
        """End due messages without sending them."""
        ...

    async def decide_now(self, account_id: int, message_id: bytes, *, now_ms: int) -> bool:
        """Make a message due that policy holds; `False` if it is not held, or due already."""
        ...

    async def cancel_message(self, account_id: int, message_id: bytes, *, now_ms: int) -> bool:
        """Cancel a message of which nothing has left, is leased, or is in doubt.

        `False` when there is no such message, or it stays as it is.
        """
        ...
