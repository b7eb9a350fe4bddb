"""Intake: from what a caller asks to a committed message, sent now or held, or a reason why not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

import msgspec

from simpost.config import Settings
from simpost.domain.accounts import Account
from simpost.domain.esims import Esim
from simpost.domain.messages import PRIORITY, Category, Message
from simpost.domain.reasons import Reason
from simpost.messaging.decision import (
    DEFAULT_SEND_OPTIONS,
    Decision,
    Hold,
    Policy,
    Refusal,
    SendOptions,
    SendPlan,
    decide,
)
from simpost.messaging.dispatch import Dispatch
from simpost.messaging.held_request import HeldRequest, held_message
from simpost.messaging.refusal_log import RefusalLog
from simpost.messaging.reservation import Reservation
from simpost.messaging.routes import Routing
from simpost.observe import get_logger, metrics
from simpost.observe.metrics import Sample
from simpost.ports.store import Accepted, IdempotentReplay, NewMessage, Refused, RequestKey, Store
from simpost.runtime.clock import Clock
from simpost.runtime.component import Component, count_samples

DAY_MS = 86_400_000

log = get_logger(__name__)


class SendRequest(msgspec.Struct, frozen=True, gc=False):
    """What a caller asks, whichever API it came through.

    Attributes:
        esim_tran_no, iccid: either or both; both must name the same eSIM.
        text: in hex digits when the options say that it is binary.
        category: none takes the account's own.
        validity_s: how long the message is worth sending; none takes the service's own.
        request_id: the caller's idempotency key, with the digest of what it stands for.
        signature: of a signed request, in lowercase hex.
        send_at_ms: when it is to be sent; `None` for now.
    """

    esim_tran_no: str | None
    iccid: str | None
    text: str
    category: Category | None = None
    validity_s: int | None = None
    request_id: str | None = None
    fingerprint: bytes = b""
    signature: str = ""
    options: SendOptions = DEFAULT_SEND_OPTIONS
    send_at_ms: int | None = None


class SendResult(msgspec.Struct, frozen=True, gc=False):
    """What the caller is told: a message id (it is committed) or a reason.

    Attributes:
        plan: what was decided just now; none when refused or when an earlier answer is repeated.
        hold: until when it is held and why; none when it is sent now.
        repeated: the answer given before under the same request id.
    """

    message_id: bytes | None = None
    reason: Reason | None = None
    detail: str = ""
    plan: SendPlan | None = None
    repeated: bool = False
    hold: Hold | None = None


class Intake(Component):
    def __init__(
        self,
        store: Store,
        routing: Routing,
        dispatch: Dispatch,
        *,
        new_id: Callable[[], bytes],
        clock_ms: Clock,
        validity_s: int,
        policy: Policy | None = None,
    ) -> None:
        self.routing = routing
        self.validity_s = validity_s
        self.accepted: Counter[tuple[str, str]] = Counter()
        """Committed messages by carrier and category."""
        self.refused: Counter[tuple[str]] = Counter()
        """Messages that were not taken, or not sent when they were released, by reason."""
        self.held: Counter[tuple[str]] = Counter()
        """Messages committed to be sent later, by reason."""
        self.refusals = RefusalLog(store.refusals, new_id, clock_ms)
        self._store = store
        self._dispatch = dispatch
        self._lanes = dispatch.lanes
        self._new_id = new_id
        self._clock_ms = clock_ms
        self._policy = policy

    async def run(self) -> None:
        await self.refusals.run()

    async def reconfigure(self, settings: Settings) -> None:
        self.routing = self._dispatch.routing(settings)
        self.validity_s = settings.messages.validity_s

    def samples(self) -> Iterable[Sample]:
        yield from count_samples(metrics.ACCEPTED, self.accepted)
        yield from count_samples(metrics.REFUSED, self.refused)
        yield from count_samples(metrics.HELD, self.held)

    async def preview(self, account: Account, ask: SendRequest) -> Decision:
        """The decision alone: nothing is committed, nothing is sent."""
        _, decision = await self.decide(account, ask)
        return decision

    async def decide(self, account: Account, ask: SendRequest) -> tuple[Esim | None, Decision]:
        """The eSIM as it is now, and what is to be done with the message."""
        esim = await self._store.catalogue.find_esim(
            account.id, esim_tran_no=ask.esim_tran_no, iccid=ask.iccid
        )
        return esim, decide(
            account,
            esim,
            ask.text,
            ask.category,
            self.routing,
            ask.options,
            now_ms=self._clock_ms(),
            send_at_ms=ask.send_at_ms,
            policy=self._policy,
        )

    async def send(self, account: Account, ask: SendRequest) -> SendResult:
        """Decide and commit. Raises StoreError when nothing could be committed."""
        esim, plan = await self.decide(account, ask)
        now_ms = self._clock_ms()
        request = None
        if ask.request_id:
            stale_ms = now_ms - DAY_MS
            request = RequestKey(ask.request_id, ask.fingerprint, stale_ms, ask.signature)
        if isinstance(plan, Refusal) or esim is None:
            return await self._refuse(account, ask, esim, plan, request, now_ms)
        if isinstance(plan, Hold):
            return await self._hold(account, ask, esim, plan, request, now_ms)
        validity_s = ask.validity_s or self.validity_s
        message, reservation = self._reserve(account, esim, plan, plan.sender, validity_s, request)
        with reservation:
            done = await self._store.queue.accept(message)
            if isinstance(done, Accepted):
                self.confirm(message, reservation, done)
                return SendResult(message_id=message.id, plan=plan)
        return self._again(account, ask, esim, done)

    def forward(
        self, account: Account, esim: Esim, *, sender: str, text: str
    ) -> tuple[NewMessage, Reservation] | Refusal:
        """Decide on a text from a phone as on any other message.

        The caller commits the message together with the inbound message that brought it, inside
        the reservation, and calls `confirm`.
        """
        now_ms = self._clock_ms()
        plan = decide(account, esim, text, Category.SUPPORT, self.routing, now_ms=now_ms)
        if isinstance(plan, Refusal):
            return plan
        assert isinstance(plan, SendPlan)  # a conversation is not held: no time, no policy
        return self._reserve(account, esim, plan, sender, self.validity_s)

    async def _hold(
        self,
        account: Account,
        ask: SendRequest,
        esim: Esim,
        hold: Hold,
        request: RequestKey | None,
        now_ms: int,
    ) -> SendResult:
        """Commit the message without parts; its validity counts from when it is released."""
        asked = HeldRequest(
            validity_s=ask.validity_s or self.validity_s,
            text=None if ask.text == hold.plan.text else ask.text,
            options=ask.options,
        )
        held = held_message(
            hold,
            asked,
            message_id=self._new_id(),
            account_id=account.id,
            esim=esim,
            now_ms=now_ms,
            send_at_ms=ask.send_at_ms,
            request=request,
        )
        done = await self._store.held.hold(held)
        if isinstance(done, IdempotentReplay):
            return self._again(account, ask, esim, done)
        self.held[hold.reason,] += 1
        return SendResult(message_id=held.message.id, plan=hold.plan, hold=hold)

    async def cancel(self, account: Account, message_id: bytes) -> Message | None:
        """Cancel what has not left; the message as it is now, `None` when there is none.

        Its state is `cancelled`, or says why it stays.
        """
        await self._store.held.cancel_message(account.id, message_id, now_ms=self._clock_ms())
        return await self._store.log.find_message(account.id, message_id)

    def confirm(self, message: NewMessage, reservation: Reservation, done: Accepted) -> None:
        """The message is committed: count and dispatch it."""
        self.accepted[message.carrier, message.category] += 1
        reservation.confirm(message, done.reference)

    def _reserve(
        self,
        account: Account,
        esim: Esim,
        plan: SendPlan,
        sender: str,
        validity_s: int,
        request: RequestKey | None = None,
    ) -> tuple[NewMessage, Reservation]:
        """The message to commit, with its places in a lane or to be queued in the store."""
        now_ms = self._clock_ms()
        priority = PRIORITY[plan.category]
        message_id = self._new_id()
        lane = self._lanes[plan.carrier.name]
        reservation = lane.reserve(message_id, len(plan.parts), priority, now_ms)
        message = NewMessage(
            id=message_id,
            account_id=account.id,
            esim_tran_no=esim.esim_tran_no,
            iccid=esim.iccid,
            destination=plan.destination,
            sender=sender,
            carrier=plan.carrier.name,
            category=plan.category,
            priority=priority,
            text=plan.text,
            encoding=plan.encoding,
            parts=plan.parts,
            created_ms=now_ms,
            expires_ms=now_ms + 1000 * validity_s,
            request=request,
            lease_ms=reservation.lease_ms,
            options=plan.options,
            part_count=plan.part_count,
        )
        return message, reservation

    async def _refuse(
        self,
        account: Account,
        ask: SendRequest,
        esim: Esim | None,
        refusal: Decision,
        request: RequestKey | None,
        now_ms: int,
    ) -> SendResult:
        assert isinstance(refusal, Refusal)
        self.refused[(refusal.reason,)] += 1
        log.info("message_refused", account_id=account.id, reason=refusal.reason)
        if request:
            first = await self._store.queue.record_refusal(
                Refused(account.id, request, refusal.reason, now_ms)
            )
            if first:
                return self._again(account, ask, esim, first)
        self._note(account, ask, esim, refusal.reason)
        return SendResult(reason=refusal.reason, detail=refusal.detail)

    def _again(
        self, account: Account, ask: SendRequest, esim: Esim | None, first: IdempotentReplay
    ) -> SendResult:
        """The answer given before under the same request id."""
        if not first.same:
            self._note(account, ask, esim, Reason.REQUEST_ID_REUSED)
            return SendResult(reason=Reason.REQUEST_ID_REUSED)
        return SendResult(message_id=first.message_id, reason=first.reason, repeated=True)

    def _note(self, account: Account, ask: SendRequest, esim: Esim | None, reason: Reason) -> None:
        self.refusals.note(
            account.id,
            reason,
            esim_tran_no=esim.esim_tran_no if esim else ask.esim_tran_no,
            iccid=(esim.iccid or ask.iccid) if esim else ask.iccid,
            request_id=ask.request_id,
        )
