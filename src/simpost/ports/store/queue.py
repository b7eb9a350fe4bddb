"""The queue: messages from their acceptance to the end of their last part."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from simpost.domain.attempt_results import AttemptResult
from simpost.domain.outcomes import Receipt
from simpost.domain.policy.quotas import QuotaReached
from simpost.domain.repeats import RepeatPolicy
from simpost.ports.carrier import AcceptedPart, OutboundPart
from simpost.ports.store.messages import Accepted, IdempotentReplay, NewMessage, Refused


class MessageQueue(Protocol):
    """Accepts messages, leases their parts, and records what became of them."""

    async def accept(self, message: NewMessage) -> Accepted | IdempotentReplay | QuotaReached:
        """Commit a message, or return the first answer to its request id.

        With `QuotaReached` nothing was committed, and the request id was not used before.
        """
        ...

    async def record_refusal(self, refused: Refused) -> IdempotentReplay | None:
        """Record a request without a message under its id; `None` when the id was not used."""
        ...

    async def claim(
        self,
        carrier: str,
        *,
        limit: int,
        now_ms: int,
        owner: str,
        lease_ms: int,
        codes_only: bool = False,
    ) -> list[OutboundPart]:
        """Lease due parts, most urgent first; those past their expiry are expired instead."""
        ...

    async def leased(self, carrier: str, *, owner: str, limit: int) -> list[OutboundPart]:
        """Parts leased to this owner, the oldest leases first."""
        ...

    async def record(
        self, settlements: Sequence[AttemptResult], receipts: Sequence[Receipt] = ()
    ) -> None:
        """Record responses and receipts of carriers: first all settlements, then all receipts.

        The order is part of the contract: a receipt finds the id that a settlement of the same
        call, or of one that was made before, gives its part. In this order:

        1. A settlement ends its lease, and changes the state of its part unless that outranks it.
           The attempt is logged either way.
        2. Parked receipts whose id is now known from a settlement are applied.
        3. Messages of several parts follow their parts: what was not sent of a message that cannot
           arrive whole is cancelled.
        4. Receipts that match a part and outrank its state are applied; all others are stored.

        After a `StoreError` repeat the same call: no part and no message changes twice.
        """
        ...

    async def expire_leases(self, *, now_ms: int, owner: str | None, repeats: RepeatPolicy) -> int:
        """Put parts whose lease ran out in doubt; with `owner`, all parts leased to it.

        `repeats` says when each part is due: to be sent again, or when it expires. Returns the
        number of parts.
        """
        ...

    async def expire(self, *, now_ms: int, limit: int) -> int:
        """End queued parts whose validity is over. Returns the number of parts."""
        ...

    async def list_open(
        self, carrier: str, *, after: str, now_ms: int, limit: int
    ) -> tuple[list[AcceptedPart], str]:
        """Parts of the carrier that await a report; see `CarrierEvents.list_open`.

        Looks at `limit` ids.
        """
        ...

    async def list_sent_to(self, carrier: str, iccid: str, *, now_ms: int) -> list[AcceptedPart]:
        """Parts of the carrier to an ICCID; see `CarrierEvents.list_sent_to`."""
        ...

    async def end_unreported(self, *, now_ms: int, expired_ms: int, limit: int) -> int:
        """End parts that were sent, expired before `expired_ms`, and have no final receipt.

        Looks at `limit` messages, each time from where it stopped. Returns the number of parts
        that ended.
        """
        ...
