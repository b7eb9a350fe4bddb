"""InboundMessage messages: their parts until the last one arrived, then the message."""

from __future__ import annotations

from typing import Protocol

import msgspec

from simpost.domain.inbound import InboundMessage, InboundPart, Subscriber
from simpost.domain.reasons import Reason
from simpost.ports.store.messages import Accepted, NewMessage


class Duplicate(msgspec.Struct, frozen=True, gc=False):
    """It came before, and this is what it was answered with: a refusal's reason, or none."""

    reason: Reason | None


class Assembly(msgspec.Struct, frozen=True, gc=False):
    """What came of one message; every part of it, or those that came in time."""

    assembly: int
    parts: tuple[InboundPart, ...]


class NewInbound(msgspec.Struct, frozen=True, gc=False):
    """A message that came in, decided and ready to be committed.

    Attributes:
        of: the parts of it that were gathered, or the one PDU that brought it.
        message: what carries it on, committed in the same transaction.
    """

    inbound: InboundMessage
    of: Assembly | InboundPart
    message: NewMessage | None = None


class InboundFilter(msgspec.Struct, frozen=True):
    """Which messages that came in to list, newest first; none of a field means any.

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
        """Keep one part of several; all of them once the last has come.

        A part that came before is not kept twice. One that reads differently shows that its
        sender uses the reference anew, and begins a message of its own.
        """
        ...

    async def save(self, new: NewInbound) -> Accepted | Duplicate:
        """Commit it, unless it is known; `Accepted` is also the answer to its message.

        A message of one part is known when it reads the same as one that came over a connection
        that is gone. What came in for one eSIM, or for nobody, is bounded: the oldest goes.
        """
        ...

    async def list_incomplete(self, *, before_ms: int, limit: int) -> list[Assembly]:
        """Messages that still wait for parts though their first came before that time."""
        ...

    async def purge_assemblies(self, *, before_ms: int, limit: int) -> int:
        """Forget what recognises repetitions of inbound messages of before that time."""
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
