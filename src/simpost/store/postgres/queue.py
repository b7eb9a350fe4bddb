"""The queue in the database."""

from __future__ import annotations

from collections.abc import Sequence

from simpost.domain.attempt_results import AttemptResult
from simpost.domain.outcomes import Receipt
from simpost.domain.policy.quotas import QuotaReached
from simpost.domain.repeats import RepeatPolicy
from simpost.ports.carrier import AcceptedPart, OutboundPart
from simpost.ports.store.messages import Accepted, IdempotentReplay, NewMessage, Refused
from simpost.store.postgres import acceptance, carrier_results, leases, unreported
from simpost.store.postgres.database import PostgresDatabase
from simpost.store.records.payloads import LEASE_STEP, Claim, LeaseExpiry, UnreportedParts
from simpost.store.records.unreported import SentWalk


class PostgresQueue:
    """Implements `simpost.ports.store.MessageQueue`."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._accept = database.accepting.submit
        self._record = database.outcomes.submit
        self._claim = database.claims.submit
        self._write = database.chores.submit
        self._read = database.read
        self._notifier = database.notifier
        self._sent = SentWalk()

    async def accept(self, message: NewMessage) -> Accepted | IdempotentReplay | QuotaReached:
        answer = await self._accept(acceptance.accept, message)
        if message.lease_ms is None and isinstance(answer, Accepted):
            self._notifier.announce(message.carrier)
        return answer

    async def record_refusal(self, refused: Refused) -> IdempotentReplay | None:
        return await self._accept(acceptance.record_refusals, refused)

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
        one = Claim(carrier, limit, now_ms, owner, lease_ms, codes_only)
        return await self._claim(leases.claim, one)

    async def leased(self, carrier: str, *, owner: str, limit: int) -> list[OutboundPart]:
        return await self._claim(leases.leased, leases.Leases(carrier, owner, limit))

    async def record(
        self, settlements: Sequence[AttemptResult], receipts: Sequence[Receipt] = ()
    ) -> None:
        await self._record(carrier_results.record, (settlements, receipts))

    async def expire_leases(self, *, now_ms: int, owner: str | None, repeats: RepeatPolicy) -> int:
        count = 0
        while True:
            step = await self._write(leases.expire_leases, LeaseExpiry(now_ms, owner, repeats))
            count += step
            if step < LEASE_STEP:
                return count

    async def expire(self, *, now_ms: int, limit: int) -> int:
        return await self._write(leases.expire, leases.ExpiryStep(now_ms, limit))

    async def list_open(
        self, carrier: str, *, after: str, now_ms: int, limit: int
    ) -> tuple[list[AcceptedPart], str]:
        return await self._read(unreported.open_step, carrier, after, now_ms, limit)

    async def list_sent_to(self, carrier: str, iccid: str, *, now_ms: int) -> list[AcceptedPart]:
        return await self._read(unreported.sent_to, carrier, iccid, now_ms)

    async def end_unreported(self, *, now_ms: int, expired_ms: int, limit: int) -> int:
        found = await self._read(unreported.sent_messages, self._sent.after, expired_ms, limit)
        overdue = self._sent.overdue(found, expired_ms, limit)
        if not overdue:
            return 0
        return await self._write(
            unreported.end_unreported, UnreportedParts(now_ms, expired_ms, overdue)
        )
