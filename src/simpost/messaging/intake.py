"""Takes a request to a committed message, sent now or held, or to a refusal with a reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from hashlib import blake2b

from msgspec.structs import replace

from simpost.config import Settings
from simpost.domain.accounts import Account
from simpost.domain.decision_record import NO_FACTS, DecisionRecord, quota_uses, with_esim
from simpost.domain.esims import Esim
from simpost.domain.messages import PRIORITY, Message
from simpost.domain.policy.quotas import QuotaCounts, QuotaReached, key_of
from simpost.domain.reasons import Reason
from simpost.messaging.decision import DAY_MS, Decision, Hold, Policy, decide, quota_refusal
from simpost.messaging.decision_records import encode_sending, reached_record
from simpost.messaging.dispatch import Dispatch
from simpost.messaging.explanation import Explained, described_facts, explain_decision
from simpost.messaging.held_request import HeldRequest, held_message
from simpost.messaging.plan import Refusal, SendPlan
from simpost.messaging.policy.budget_alarms import BudgetAlarms
from simpost.messaging.refusal_log import RefusalLog
from simpost.messaging.reservation import Reservation
from simpost.messaging.routes import Routing
from simpost.messaging.send_request import SendRequest, SendResult
from simpost.observe import get_logger, metrics
from simpost.observe.metrics import Sample
from simpost.ports.store import Accepted, IdempotentReplay, NewMessage, Refused, RequestKey, Store
from simpost.runtime.clock import Clock
from simpost.runtime.component import Component, count_samples

log = get_logger(__name__)


class Intake(Component):
    """Decides requests and commits messages.

    Attributes:
        accepted: committed messages by carrier and category.
        refused: messages refused, or not sent at their release, by reason.
        held: messages committed to be sent later, by reason.
        policy: `None`: no rule holds or refuses.
    """

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
        digest_key: bytes = b"",
    ) -> None:
        """`digest_key` keeps stored digests of requests from being guessed with short texts."""
        self.routing = routing
        self.validity_s = validity_s
        self.accepted: Counter[tuple[str, str]] = Counter()
        self.refused: Counter[tuple[str]] = Counter()
        self.held: Counter[tuple[str]] = Counter()
        self.budget_alarms = BudgetAlarms()
        self.refusals = RefusalLog(store.refusals, new_id, clock_ms)
        self._store = store
        self._dispatch = dispatch
        self._lanes = dispatch.lanes
        self._new_id = new_id
        self.clock_ms = clock_ms
        self.policy = policy
        self._digest_key = digest_key

    async def run(self) -> None:
        """Write refusals to the store until cancelled."""
        await self.refusals.run()

    async def reconfigure(self, settings: Settings) -> None:
        """Apply new routes and validity."""
        self.routing = self._dispatch.routing(settings)
        self.validity_s = settings.messages.validity_s

    def samples(self) -> Iterable[Sample]:
        """The present values of its metrics."""
        yield from count_samples(metrics.ACCEPTED, self.accepted)
        yield from count_samples(metrics.REFUSED, self.refused)
        yield from count_samples(metrics.HELD, self.held)
        yield from self.budget_alarms.samples()

    async def preview(
        self,
        account: Account,
        request: SendRequest,
        refusal: Refusal | None = None,
        *,
        at_ms: int | None = None,
    ) -> Explained:
        """The decision about a request, with its trace; nothing is committed or sent.

        `at_ms` is when it would be decided; `None`: now. Quotas are looked up here, and counted by
        nobody: other messages may use them up. `refusal` is that of the caller, if all rules before
        quotas let the message pass.
        """
        now_ms = self.clock_ms() if at_ms is None else at_ms
        esim, decision = await self.decide(account, request, now_ms)
        category = request.category or account.category
        record = NO_FACTS
        if esim is not None and self.policy:
            record = self.policy.describe(account, esim, category, now_ms)
        if kept := decision.record:
            record = replace(
                record,
                sender_rules=kept.sender_rules,
                cheaper_parts=kept.cheaper_parts,
                replaceable=kept.replaceable,
            )
        if isinstance(decision, Hold):
            record = replace(record, until_ms=decision.until_ms)
        if isinstance(decision, SendPlan) and (decision.quotas or refusal):
            quotas = decision.quotas
            keys = [key_of(account.id, quota) for quota in quotas]
            used = await self._store.quotas.find_used(keys)
            record = replace(record, quotas=quota_uses(quotas), used=tuple(used))
            counts = QuotaCounts(dict(zip(keys, used, strict=True)))
            reached = counts.find_reached(account.id, quotas)
            decision = refusal or (quota_refusal(reached) if reached else decision)
        facts = described_facts(record, esim, category)
        is_scheduled = request.send_at_ms is not None
        options = request.options
        return explain_decision(
            decision,
            facts,
            now_ms,
            is_scheduled=is_scheduled,
            text=None if request.refusal or options.binary else request.text,
            look_alikes=account.look_alikes if options.look_alikes is None else options.look_alikes,
        )

    async def decide(
        self, account: Account, request: SendRequest, now_ms: int
    ) -> tuple[Esim | None, Decision]:
        """The eSIM as it is now, and the decision. Raises StoreError."""
        esim: Esim | Refusal | None
        if request.msisdn is None:
            esim = await self._store.catalogue.find_esim(
                account.id, esim_tran_no=request.esim_tran_no, iccid=request.iccid
            )
        else:
            esim = await self.find_esim(
                account, request.esim_tran_no, request.iccid, request.msisdn
            )
            if isinstance(esim, Refusal):
                return None, esim
        return esim, self.decide_for(account, request, esim, now_ms)

    def decide_for(
        self, account: Account, request: SendRequest, esim: Esim | None, now_ms: int
    ) -> Decision:
        """The decision about a request to an eSIM that was just read; `None`: it is unknown."""
        if request.refusal:
            return request.refusal if esim else Refusal(Reason.ESIM_UNKNOWN)
        decision = decide(
            account,
            esim,
            request.text,
            request.category,
            self.routing,
            request.options,
            now_ms=now_ms,
            send_at_ms=request.send_at_ms,
            expires_at_ms=request.expires_at_ms,
            policy=self.policy,
        )
        if request.quotas and isinstance(decision, SendPlan):
            decision = replace(decision, quotas=decision.quotas + request.quotas)
        return decision

    async def refuse(
        self, account: Account, request: SendRequest, esim: Esim | None, refusal: Refusal
    ) -> None:
        """Log and count the refusal of a request by a rule outside, as that of a send."""
        await self._refuse(account, request, esim, refusal, None, self.clock_ms())

    async def refuse_reached(
        self, account: Account, request: SendRequest, esim: Esim, plan: SendPlan, done: QuotaReached
    ) -> Refusal:
        """Log, count and return the refusal of a message whose commit found a quota reached."""
        refusal = self._quota_refusal(account, plan, done)
        await self.refuse(account, request, esim, refusal)
        return refusal

    def _quota_refusal(self, account: Account, plan: SendPlan, done: QuotaReached) -> Refusal:
        self.budget_alarms.report(account.id, done.alarms)
        return quota_refusal(done, reached_record(plan.record, done))

    async def find_esim(
        self, account: Account, esim_tran_no: str | None, iccid: str | None, msisdn: str | None
    ) -> Esim | Refusal | None:
        """The eSIM that these name; a refusal if several have the number. Raises StoreError."""
        catalogue = self._store.catalogue
        if msisdn is not None:
            found = await catalogue.esims_of_number(account.id, msisdn)
            if esim_tran_no is None and iccid is None and len(found) > 1:
                return Refusal(Reason.MSISDN_AMBIGUOUS)
            if esim_tran_no is None and iccid is None and found:
                esim_tran_no = found[0]
        esim = await catalogue.find_esim(account.id, esim_tran_no=esim_tran_no, iccid=iccid)
        return esim if esim and msisdn in (None, esim.msisdn) else None

    async def send(
        self, account: Account, request: SendRequest, esim: Esim | None = None
    ) -> SendResult:
        """Decide and commit. Raises StoreError when nothing could be committed.

        `esim` is the one that the request names, if it was just read.
        """
        now_ms = self.clock_ms()
        plan: Decision
        if esim is None:
            esim, plan = await self.decide(account, request, now_ms)
        else:
            plan = self.decide_for(account, request, esim, now_ms)
        key = None
        if request.request_id:
            key = self._request_key(
                request.request_id, request.fingerprint, now_ms, request.signature
            )
        if isinstance(plan, Refusal) or esim is None:
            return await self._refuse(account, request, esim, plan, key, now_ms)
        if isinstance(plan, Hold):
            if not request.commits_holds:
                return SendResult(plan=plan.plan, hold=plan)
            return await self._hold(account, request, esim, plan, key, now_ms)
        message, reservation = self.reserve(
            account,
            esim,
            plan,
            plan.sender,
            request.expires_at_ms or now_ms + 1000 * (request.validity_s or self.validity_s),
            now_ms,
            key,
            request.caller_reference,
            request.message_id,
        )
        if request.conversation_id is not None:
            message = replace(message, conversation_id=request.conversation_id)
        with reservation:
            done = await self._store.queue.accept(message)
            if isinstance(done, Accepted):
                self.confirm(message, reservation, done)
                return SendResult(message_id=message.id, plan=plan)
        if isinstance(done, QuotaReached):
            refusal = self._quota_refusal(account, plan, done)
            return await self._refuse(account, request, esim, refusal, key, now_ms)
        return self._earlier_result(account, request, esim, done)

    async def record_batch(
        self, account: Account, request_id: str, fingerprint: bytes
    ) -> IdempotentReplay | None:
        """Commit the request id of a batch, whose messages have request ids of their own.

        `None` when the id was not used before. Raises StoreError.
        """
        now_ms = self.clock_ms()
        key = self._request_key(request_id, fingerprint, now_ms)
        return await self._store.queue.record_refusal(Refused(account.id, key, None, now_ms))

    def _request_key(
        self, request_id: str, fingerprint: bytes, now_ms: int, signature: str = ""
    ) -> RequestKey:
        digest = blake2b(fingerprint, digest_size=32, key=self._digest_key).digest()
        return RequestKey(request_id, digest, now_ms - DAY_MS, signature)

    async def _hold(
        self,
        account: Account,
        request: SendRequest,
        esim: Esim,
        hold: Hold,
        key: RequestKey | None,
        now_ms: int,
    ) -> SendResult:
        """Commit the message without parts; its validity counts from when it is released."""
        held_request = HeldRequest(
            validity_s=request.validity_s or self.validity_s,
            text=None if request.text == hold.plan.text else request.text,
            options=request.options,
            expires_at_ms=request.expires_at_ms,
        )
        held = held_message(
            hold,
            held_request,
            message_id=request.message_id or self._new_id(),
            account_id=account.id,
            esim=esim,
            now_ms=now_ms,
            send_at_ms=request.send_at_ms,
            request=key,
            caller_reference=request.caller_reference,
        )
        if request.conversation_id is not None:
            message = replace(held.message, conversation_id=request.conversation_id)
            held = replace(held, message=message)
        done = await self._store.held.hold(held)
        if isinstance(done, IdempotentReplay):
            return self._earlier_result(account, request, esim, done)
        self.held[hold.reason,] += 1
        return SendResult(message_id=held.message.id, plan=hold.plan, hold=hold)

    async def cancel(self, account: Account, message_id: bytes) -> Message | None:
        """Cancel a message that has not left, and return it; `None` when it is unknown.

        Its state is `cancelled`, or the one that prevents it.
        """
        await self._store.held.cancel_message(account.id, message_id, now_ms=self.clock_ms())
        return await self._store.log.find_message(account.id, message_id)

    def confirm(self, message: NewMessage, reservation: Reservation, done: Accepted) -> None:
        """Count and dispatch a message that is committed."""
        self.accepted[message.carrier, message.category] += 1
        if done.alarms:
            self.budget_alarms.report(message.account_id, done.alarms)
        reservation.confirm(message, done.reference)

    def reserve(
        self,
        account: Account,
        esim: Esim,
        plan: SendPlan,
        sender: str,
        expires_ms: int,
        now_ms: int,
        key: RequestKey | None = None,
        caller_reference: str | None = None,
        message_id: bytes | None = None,
    ) -> tuple[NewMessage, Reservation]:
        """The message to commit, and its reservation in the lane of its carrier."""
        priority = PRIORITY[plan.category]
        message_id = message_id or self._new_id()
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
            expires_ms=expires_ms,
            request=key,
            lease_ms=reservation.lease_ms,
            options=plan.options,
            part_count=plan.part_count,
            quotas=plan.quotas,
            caller_reference=caller_reference,
            decision=encode_sending(plan) if plan.record or plan.quotas else None,
        )
        return message, reservation

    async def _refuse(
        self,
        account: Account,
        request: SendRequest,
        esim: Esim | None,
        refusal: Decision,
        key: RequestKey | None,
        now_ms: int,
    ) -> SendResult:
        assert isinstance(refusal, Refusal)
        self.refused[(refusal.reason,)] += 1
        log.info("message_refused", account_id=account.id, reason=refusal.reason)
        if key and request.keeps_refusal:
            first = await self._store.queue.record_refusal(
                Refused(account.id, key, refusal.reason, now_ms)
            )
            if first:
                return self._earlier_result(account, request, esim, first)
        self._log_refusal(account, request, esim, refusal.reason, refusal.record)
        return SendResult(reason=refusal.reason, detail=refusal.detail, budget=refusal.budget)

    def _earlier_result(
        self, account: Account, request: SendRequest, esim: Esim | None, first: IdempotentReplay
    ) -> SendResult:
        """The earlier result for the same request id; a refusal when the body differs."""
        if not first.same:
            self._log_refusal(account, request, esim, Reason.REQUEST_ID_REUSED)
            return SendResult(reason=Reason.REQUEST_ID_REUSED)
        return SendResult(message_id=first.message_id, reason=first.reason, repeated=True)

    def _log_refusal(
        self,
        account: Account,
        request: SendRequest,
        esim: Esim | None,
        reason: Reason,
        record: DecisionRecord | None = None,
    ) -> None:
        if esim is not None and reason is not Reason.REQUEST_ID_REUSED:
            record = replace(
                with_esim(record, esim),
                category=request.category or account.category,
                scheduled=request.send_at_ms is not None,
            )
        self.refusals.add(
            account.id,
            reason,
            esim_tran_no=esim.esim_tran_no if esim else request.esim_tran_no,
            iccid=(esim.iccid or request.iccid) if esim else request.iccid,
            request_id=request.request_id,
            caller_reference=request.caller_reference,
            record=record,
        )
