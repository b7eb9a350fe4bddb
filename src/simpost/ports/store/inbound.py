"""Inbound messages: their parts until the last one arrived, then the message."""

from __future__ import annotations

from typing import Protocol

import msgspec

from simpost.domain.inbound import InboundMessage, InboundPart, InboundState, Subscriber
from simpost.domain.policy.preference_changes import PreferenceChange
from simpost.domain.policy.quotas import QuotaReached
from simpost.domain.reasons import Reason
from simpost.ports.store.conversations import ReceivedText
from simpost.ports.store.messages import Accepted, NewMessage
from simpost.ports.store.recipients import Flag


class Duplicate(msgspec.Struct, frozen=True, gc=False):
    """It arrived before; the reason it was refused with then, or `None`."""

    reason: Reason | None


class Assembly(msgspec.Struct, frozen=True, gc=False):
    """The parts of one message: all of them, or those that arrived in time."""

    assembly: int
    parts: tuple[InboundPart, ...]


class NewInbound(msgspec.Struct, frozen=True, gc=False):
    """An inbound message, decided and ready to be committed.

    Attributes:
        of: its parts, or the one PDU that brought it.
        message: the outbound message that forwards or answers it, committed in the same
            transaction, unless its request id was used before.
        change: a change of preferences, committed in the same transaction. If it changes nothing,
            the message is not committed.
        flag: for a person to read it, in the same transaction.
        received: for a person to answer: its conversation changes in the same transaction.
    """

    inbound: InboundMessage
    of: Assembly | InboundPart
    message: NewMessage | None = None
    change: PreferenceChange | None = None
    flag: Flag | None = None
    received: ReceivedText | None = None

    @property
    def may_be_no_repeat(self) -> bool:
        """Whether it counts as new, though it looks like a repeat, if its change changes anything.

        STOP has to act, also if the connection of an earlier one is lost, or is that of another
        node: a START came in between.
        """
        return self.change is not None and isinstance(self.of, InboundPart)

    def over_quota(self, reached: QuotaReached) -> NewInbound:
        """What is committed instead if a quota of the message is reached.

        A text to forward is refused; a text that would be answered is kept without the answer.
        """
        inbound = self.inbound
        if inbound.state is InboundState.FORWARDED:
            inbound = msgspec.structs.replace(
                inbound,
                state=InboundState.REFUSED,
                reason=reached.quota.reason,
                text="",
                message_id=None,
            )
        return msgspec.structs.replace(self, inbound=inbound, message=None)


class InboundFilter(msgspec.Struct, frozen=True):
    """Which inbound messages to list, newest first; `None` of a field means any.

    Attributes:
        carried: whether to list those that were carried on, which are in the log of messages too.
    """

    esim_tran_no: str | None = None
    before: bytes | None = None
    limit: int = 50
    carried: bool = True


class InboundStore(Protocol):
    """Reassembles, saves and reads inbound messages."""

    async def add_part(self, part: InboundPart) -> Assembly | Duplicate | None:
        """Store one part of several; returns all of them once the last has arrived.

        A part that arrived before is not stored twice. A part with other octets shows that the
        sender uses the reference again: it begins a new message.
        """
        ...

    async def save(self, new: NewInbound) -> Accepted | Duplicate | QuotaReached | None:
        """Commit it, unless it is a duplicate; `Accepted` also answers its message.

        `None` when its message was not committed, because its change made no difference, or because
        the request id of the message was used before.
        `QuotaReached` when it was committed as `NewInbound.over_quota`.

        A message of one part is a duplicate when it equals one that came over a connection that is
        closed by now, and its change makes no difference. Messages of one eSIM, or of none, are
        bounded: the oldest is deleted.
        """
        ...

    async def list_incomplete(self, *, before_ms: int, limit: int) -> list[Assembly]:
        """Messages with missing parts whose first part arrived before that time."""
        ...

    async def purge_assemblies(self, *, before_ms: int, limit: int) -> int:
        """Delete the keys that detect repeated PDUs of inbound messages before that time."""
        ...

    async def find_number(self, msisdn: str, *, account_id: int | None = None) -> Subscriber | None:
        """The eSIM that has the number: an enabled one before others, the newest of those."""
        ...

    async def count_identical(
        self,
        account_id: int,
        esim_tran_no: str,
        *,
        sender: str,
        text: str,
        since_ms: int,
        limit: int,
    ) -> int:
        """How often the eSIM was sent this text by this sender since then, `limit` at most."""
        ...

    async def list_inbound(self, account_id: int, which: InboundFilter) -> list[InboundMessage]:
        """Without the octets of their parts."""
        ...

    async def find_inbound(self, account_id: int, inbound_id: bytes) -> InboundMessage | None:
        """One of the account's, with the octets of its parts as they came."""
        ...
