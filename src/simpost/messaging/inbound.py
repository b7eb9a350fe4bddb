"""What comes in: whose it is, what becomes of it, and only then the answer to the carrier."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import msgspec

from simpost.config import Settings
from simpost.domain.inbound import NO_ACCOUNT, InboundMessage, InboundPart, InboundState, RawPart
from simpost.domain.messages import format_id
from simpost.domain.reasons import Reason
from simpost.errors import StoreError
from simpost.messaging.decision import Refusal
from simpost.messaging.from_settings import numbers_of
from simpost.messaging.inbound_routing import InboundRouter, InboundTarget
from simpost.messaging.intake import Intake
from simpost.messaging.reassembly import AssembledText, reassemble
from simpost.observe import get_logger, metrics
from simpost.observe.metrics import Sample
from simpost.ports.store import Accepted
from simpost.ports.store.inbound import Assembly, Duplicate, InboundStore, NewInbound
from simpost.runtime.clock import Clock
from simpost.runtime.component import Component, count_samples
from simpost.runtime.scheduler import always, run_periodically

GATHERING_MS = 600_000
"""How long a message waits for its parts."""
REMEMBERED_MS = 600_000
"""How long what came in is known when it comes again, counted only while we run."""
MOST_ALIKE = 3
"""Times that the same text by the same sender is carried to an eSIM while it is remembered."""
_INTERVAL_S = 5.0
_STEP = 500

log = get_logger(__name__)


class InboundService(Component):
    """Takes what comes in from all carriers; each caller waits for the commit of its own.

    It holds no more at once than the sessions let their peers leave unanswered.
    """

    def __init__(
        self,
        store: InboundStore,
        router: InboundRouter,
        intake: Intake,
        *,
        new_id: Callable[[], bytes],
        clock_ms: Clock,
        is_leader: Callable[[], bool] = always,
    ) -> None:
        self.router = router
        self._store = store
        self._intake = intake
        self._new_id = new_id
        self.taken: Counter[tuple[str, str, str]] = Counter()
        """Messages committed, by carrier, state and reason (empty without one)."""
        self._clock_ms = clock_ms
        self._since_ms = clock_ms()
        self._is_leader = is_leader
        self._taking: set[asyncio.Task[Reason | None]] = set()

    def receive(self, part: InboundPart) -> asyncio.Future[Reason | None]:
        """Done once it is committed: with the reason when it is refused.

        It fails when nothing was committed: then it must come again.
        """
        taking = asyncio.get_running_loop().create_task(self._take(part))
        self._taking.add(taking)
        taking.add_done_callback(self._taken)
        return taking

    async def wait_committed(self) -> None:
        """Wait until every inbound part received so far is committed or has failed."""
        while self._taking:
            await asyncio.wait(self._taking)

    async def run(self) -> None:
        await run_periodically(self.tidy, _INTERVAL_S, name="inbound", when=self._is_leader)

    async def reconfigure(self, settings: Settings) -> None:
        self.router.numbers = numbers_of(settings)

    def samples(self) -> Iterable[Sample]:
        return count_samples(metrics.INBOUND, self.taken)

    async def tidy(self) -> None:
        """Decide on what never became whole, and forget what may be forgotten."""
        now_ms = self._clock_ms()
        while late := await self._store.list_incomplete(
            before_ms=now_ms - GATHERING_MS, limit=_STEP
        ):
            for gathered in late:
                log.info("inbound_incomplete", carrier=gathered.parts[0].carrier)
                await self._decide(await self.router.resolve(gathered.parts[0]), gathered)
        if now_ms - self._since_ms < REMEMBERED_MS:
            return  # what was not acknowledged before we stopped comes again now
        before_ms = now_ms - REMEMBERED_MS
        while await self._store.purge_assemblies(before_ms=before_ms, limit=_STEP) >= _STEP:
            pass

    def _taken(self, taking: asyncio.Task[Reason | None]) -> None:
        self._taking.discard(taking)
        if taking.cancelled():
            return
        if error := taking.exception():
            if isinstance(error, StoreError):
                log.error("inbound_not_committed", error=str(error))
            else:
                log.error("inbound_failed", error=type(error).__name__)

    async def _take(self, part: InboundPart) -> Reason | None:
        target = await self.router.resolve(part)
        if part.place.is_alone or target.reason:
            return await self._decide(target, part)
        gathered = await self._store.add_part(part)
        if isinstance(gathered, Duplicate):
            return gathered.reason
        return await self._decide(target, gathered) if gathered else None

    async def _decide(self, target: InboundTarget, of: Assembly | InboundPart) -> Reason | None:
        parts = of.parts if isinstance(of, Assembly) else (of,)
        assembled = reassemble(parts)
        if not target.from_phone:
            return await self._commit(target, of, assembled, InboundState.RECEIVED)
        reason = target.reason or await self._goes_in_circles(target, parts[0], assembled)
        if reason is None:
            done = await self._forward(target, of, assembled)
            if not isinstance(done, Refusal):
                return done.reason if isinstance(done, Duplicate) else None
            reason = done.reason
        return await self._commit(target, of, assembled, InboundState.REFUSED, reason)

    async def _goes_in_circles(
        self, target: InboundTarget, part: InboundPart, assembled: AssembledText
    ) -> Reason | None:
        """Whether a carrier hands back to us what we carried to it."""
        assert target.account
        assert target.esim
        alike = await self._store.count_identical(
            target.account.id,
            target.esim.esim_tran_no,
            sender=part.source,
            text=assembled.text,
            since_ms=self._clock_ms() - REMEMBERED_MS,
            limit=MOST_ALIKE,
        )
        return Reason.LOOP_DETECTED if alike >= MOST_ALIKE else None

    async def _forward(
        self, target: InboundTarget, of: Assembly | InboundPart, assembled: AssembledText
    ) -> Accepted | Duplicate | Refusal:
        """Commit a text from a phone together with the message that takes it to the eSIM."""
        assert target.account
        assert target.esim
        sender = of.parts[0].source if isinstance(of, Assembly) else of.source
        planned = self._intake.forward(
            target.account, target.esim, sender=sender, text=assembled.text
        )
        if isinstance(planned, Refusal):
            return planned
        message, reservation = planned
        row = self._row(target, of, assembled, InboundState.FORWARDED)
        row = msgspec.structs.replace(row, message_id=message.id)
        with reservation:
            done = await self._save(NewInbound(row, of, message))
            if isinstance(done, Accepted):
                self._intake.confirm(message, reservation, done)
        return done

    async def _commit(
        self,
        target: InboundTarget,
        of: Assembly | InboundPart,
        assembled: AssembledText,
        state: InboundState,
        reason: Reason | None = None,
    ) -> Reason | None:
        done = await self._save(NewInbound(self._row(target, of, assembled, state, reason), of))
        return done.reason if isinstance(done, Duplicate) else reason

    async def _save(self, new: NewInbound) -> Accepted | Duplicate:
        done = await self._store.save(new)
        if not isinstance(done, Duplicate):
            row = new.inbound
            self.taken[row.carrier, row.state, row.reason or ""] += 1
            log.info(
                "inbound",
                inbound_id=format_id(row.id),
                message_id=format_id(row.message_id) if row.message_id else None,
                carrier=row.carrier,
                state=row.state,
                reason=row.reason,
                parts=row.part_count,
            )
        return done

    def _row(
        self,
        target: InboundTarget,
        of: Assembly | InboundPart,
        assembled: AssembledText,
        state: InboundState,
        reason: Reason | None = None,
    ) -> InboundMessage:
        parts = of.parts if isinstance(of, Assembly) else (of,)
        return InboundMessage(
            id=self._new_id(),
            account_id=target.account.id if target.account else NO_ACCOUNT,
            esim_tran_no=target.esim.esim_tran_no if target.account and target.esim else None,
            carrier=parts[0].carrier,
            source=parts[0].source,
            destination=parts[0].destination,
            state=state,
            reason=reason,
            encoding=assembled.encoding,
            text="" if state is InboundState.REFUSED else assembled.text,
            part_count=assembled.part_count,
            missing=assembled.missing if isinstance(of, Assembly) else (),
            message_id=None,
            received_ms=max(part.received_ms for part in parts),
            raw=_raw_of(parts) if state is not InboundState.REFUSED or _is_lost(reason) else (),
        )


def _is_lost(reason: Reason | None) -> bool:
    """Whether its sender was told of a text that could not be read; others are not kept at all."""
    return reason is Reason.NOT_TEXT


def _raw_of(parts: Sequence[InboundPart]) -> tuple[RawPart, ...]:
    return tuple(part.raw for part in parts if part.raw is not None)
