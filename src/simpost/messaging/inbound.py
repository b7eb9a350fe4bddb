"""Receives inbound messages: each is committed before its carrier gets a response."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from hashlib import blake2b

import msgspec

from simpost.config import Settings
from simpost.domain.conversations import DEFAULT_CONVERSATION_RULES, ConversationRules
from simpost.domain.inbound import NO_ACCOUNT, InboundMessage, InboundPart, InboundState
from simpost.domain.messages import format_id, own_request_id
from simpost.domain.policy.quotas import QuotaReached
from simpost.domain.reasons import Reason
from simpost.errors import StoreError
from simpost.messaging.from_settings import conversation_rules_of, numbers_of
from simpost.messaging.handset_replies import ReadReply, ReplyEffect, no_effect
from simpost.messaging.inbound_routing import InboundRouter, InboundTarget
from simpost.messaging.intake import Intake
from simpost.messaging.phone_texts import answer, forward
from simpost.messaging.plan import Refusal
from simpost.messaging.reassembly import AssembledText, reassemble
from simpost.messaging.reservation import Reservation
from simpost.observe import get_logger, metrics
from simpost.observe.metrics import Sample
from simpost.ports.store import Accepted, NewMessage, RequestKey
from simpost.ports.store.conversations import ConversationStore, ReceivedText
from simpost.ports.store.inbound import Assembly, Duplicate, InboundStore, NewInbound
from simpost.runtime.clock import Clock
from simpost.runtime.component import Component, count_samples
from simpost.runtime.scheduler import always, run_periodically

REASSEMBLY_MS = 600_000
"""How long a message waits for its missing parts."""
REMEMBERED_MS = 600_000
"""How long duplicates of a message are recognized, counted only while this process runs."""
MAX_IDENTICAL = 3
"""Times that an identical text of one sender is forwarded to an eSIM within REMEMBERED_MS."""
_INTERVAL_S = 5.0
_STEP = 500

log = get_logger(__name__)


class InboundService(Component):
    """Receives the inbound parts of all carriers; each caller waits for the commit of its part.

    The sessions bound the parts in progress: they limit the unanswered requests of a peer.

    Attributes:
        received: committed messages by carrier, state and reason (empty without one).
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
        read_reply: ReadReply = no_effect,
        conversations: ConversationStore,
        conversation_rules: ConversationRules = DEFAULT_CONVERSATION_RULES,
    ) -> None:
        self.router = router
        self._read_reply = read_reply
        self._conversations = conversations
        self._conversation_rules = conversation_rules
        self._store = store
        self._intake = intake
        self._new_id = new_id
        self.received: Counter[tuple[str, str, str]] = Counter()
        self._clock_ms = clock_ms
        self._started_ms = clock_ms()
        self._is_leader = is_leader
        self._tasks: set[asyncio.Task[Reason | None]] = set()

    def receive(self, part: InboundPart) -> asyncio.Future[Reason | None]:
        """Commit a part; see `CarrierEvents.on_inbound`.

        The result is the reason of a refusal, or `None`. The future fails when nothing was
        committed: the carrier must send the part again.
        """
        task = asyncio.get_running_loop().create_task(self._receive(part))
        self._tasks.add(task)
        task.add_done_callback(self._on_done)
        return task

    async def wait_committed(self) -> None:
        """Wait until every inbound part received so far is committed or has failed."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def run(self) -> None:
        """Run `tidy` every few seconds on the leader, until cancelled."""
        await run_periodically(self.tidy, _INTERVAL_S, name="inbound", when=self._is_leader)

    async def reconfigure(self, settings: Settings) -> None:
        """Apply new numbers, and new rules of conversations."""
        self.router.numbers = numbers_of(settings)
        self._conversation_rules = conversation_rules_of(settings)

    def samples(self) -> Iterable[Sample]:
        """The present values of its metrics."""
        return count_samples(metrics.INBOUND, self.received)

    async def tidy(self) -> None:
        """Decide messages with parts that never arrived, and delete old reassembly rows."""
        now_ms = self._clock_ms()
        while late := await self._store.list_incomplete(
            before_ms=now_ms - REASSEMBLY_MS, limit=_STEP
        ):
            for assembly in late:
                log.info("inbound_incomplete", carrier=assembly.parts[0].carrier)
                await self._decide(await self.router.resolve(assembly.parts[0]), assembly)
        if now_ms - self._started_ms < REMEMBERED_MS:
            return  # carriers may still repeat parts that were not acknowledged before the start
        before_ms = now_ms - REMEMBERED_MS
        while await self._store.purge_assemblies(before_ms=before_ms, limit=_STEP) >= _STEP:
            pass

    def _on_done(self, task: asyncio.Task[Reason | None]) -> None:
        self._tasks.discard(task)
        if task.cancelled():
            return
        if error := task.exception():
            if isinstance(error, StoreError):
                log.error("inbound_not_committed", error=str(error))
            else:
                log.error("inbound_failed", error=type(error).__name__)

    async def _receive(self, part: InboundPart) -> Reason | None:
        target = await self.router.resolve(part)
        if part.place.is_alone or target.reason:
            return await self._decide(target, part)
        added = await self._store.add_part(part)
        if isinstance(added, Duplicate):
            return added.reason
        return await self._decide(target, added) if added else None

    async def _decide(self, target: InboundTarget, of: Assembly | InboundPart) -> Reason | None:
        parts = of.parts if isinstance(of, Assembly) else (of,)
        assembled = reassemble(parts)
        if not target.from_phone:
            return await self._keep(target, of, assembled)
        reason = target.reason or await self._loop_reason(target, parts[0], assembled)
        if reason is None:
            done = await self._forward(target, of, assembled)
            if isinstance(done, QuotaReached):
                return done.quota.reason
            if not isinstance(done, Refusal):
                return done.reason if isinstance(done, Duplicate) else None
            reason = done.reason
        return await self._commit(target, of, assembled, InboundState.REFUSED, reason)

    async def _loop_reason(
        self, target: InboundTarget, part: InboundPart, assembled: AssembledText
    ) -> Reason | None:
        """LOOP_DETECTED when the carrier probably returns our own messages; else `None`."""
        assert target.account
        assert target.esim
        identical = await self._store.count_identical(
            target.account.id,
            target.esim.esim_tran_no,
            sender=part.source,
            text=assembled.text,
            since_ms=self._clock_ms() - REMEMBERED_MS,
            limit=MAX_IDENTICAL,
        )
        return Reason.LOOP_DETECTED if identical >= MAX_IDENTICAL else None

    async def _forward(
        self, target: InboundTarget, of: Assembly | InboundPart, assembled: AssembledText
    ) -> Accepted | Duplicate | QuotaReached | Refusal:
        """Commit a text from a phone together with the message that forwards it to the eSIM."""
        assert target.account
        assert target.esim
        sender = of.parts[0].source if isinstance(of, Assembly) else of.source
        planned = forward(
            self._intake, target.account, target.esim, sender=sender, text=assembled.text
        )
        if isinstance(planned, Refusal):
            return planned
        message, reservation = planned
        row = self._row(target, of, assembled, InboundState.FORWARDED)
        row = msgspec.structs.replace(row, message_id=message.id)
        with reservation:
            done = await self._save(NewInbound(row, of, message))
            assert done is not None  # it changes no preferences
            if isinstance(done, Accepted):
                self._intake.confirm(message, reservation, done)
        return done

    async def _keep(
        self, target: InboundTarget, of: Assembly | InboundPart, assembled: AssembledText
    ) -> Reason | None:
        """Commit a text from a handset, with what it changes and with its answer."""
        row = self._row(target, of, assembled, InboundState.RECEIVED)
        part = of.parts[0] if isinstance(of, Assembly) else of
        effect, received = ReplyEffect(), None
        if target.account and target.esim and part.is_text:
            if not assembled.missing:
                effect = self._read_reply(target.account, target.esim, row)
            effect, received = await self._for_person(row, effect)
        new = NewInbound(row, of, change=effect.change, flag=effect.flag, received=received)
        planned = self._plan_answer(target, row, effect.answer)
        if planned is None:
            done = await self._save(new)
        else:
            message, reservation = planned
            with reservation:
                if effect.change is None:
                    key = _once_key(message, self._clock_ms())
                    message = msgspec.structs.replace(message, request=key)
                done = await self._save(msgspec.structs.replace(new, message=message))
                if isinstance(done, Accepted):
                    self._intake.confirm(message, reservation, done)
                elif isinstance(done, QuotaReached):
                    _log_unanswered(row, done.quota.reason)
        return done.reason if isinstance(done, Duplicate) else None

    async def _for_person(
        self, row: InboundMessage, effect: ReplyEffect
    ) -> tuple[ReplyEffect, ReceivedText | None]:
        """The effect of a text, and what it does to the conversation of its eSIM.

        In a conversation a word that may mean something else is answered with a question, once.
        """
        assert row.esim_tran_no is not None
        if effect.is_for_person:
            return effect, ReceivedText(self._conversation_rules)
        if effect.question:
            asked = await self._conversations.was_asked(row.account_id, row.esim_tran_no)
            if asked is False:
                asking = ReplyEffect(answer=effect.question)
                return asking, ReceivedText(self._conversation_rules, asked=True)
        return effect, None

    def _plan_answer(
        self, target: InboundTarget, row: InboundMessage, text: str
    ) -> tuple[NewMessage, Reservation] | None:
        """The answer to commit; `None` without one, or when it cannot be sent."""
        if not text or not target.account or not target.esim:
            return None
        planned = answer(
            self._intake, target.account, target.esim, sender=row.destination, text=text
        )
        if isinstance(planned, Refusal):
            _log_unanswered(row, planned.reason)
            return None
        return planned

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

    async def _save(self, new: NewInbound) -> Accepted | Duplicate | QuotaReached | None:
        done = await self._store.save(new)
        if isinstance(done, QuotaReached):
            new = new.over_quota(done)
            self._intake.budget_alarms.report(new.inbound.account_id, done.alarms)
        if not isinstance(done, Duplicate):
            row = new.inbound
            self.received[row.carrier, row.state, row.reason or ""] += 1
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
            raw=tuple(part.raw for part in parts if part.raw is not None),
        )


def _once_key(answer: NewMessage, now_ms: int) -> RequestKey:
    """A key with which the store commits equal answers to an eSIM once in REMEMBERED_MS."""
    facts = repr((answer.esim_tran_no, answer.sender, answer.text)).encode()
    digest = blake2b(facts, digest_size=32)
    request_id = own_request_id(f"answer-{digest.hexdigest()}")
    return RequestKey(request_id, digest.digest(), now_ms - REMEMBERED_MS)


def _log_unanswered(row: InboundMessage, reason: Reason) -> None:
    log.info("reply_not_answered", inbound_id=format_id(row.id), reason=reason)
