"""Releases held messages that are due: each is decided again, then sent, held again or ended."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple, Protocol

from msgspec.structs import replace

from simpost.domain.decision_record import decode_record
from simpost.domain.esims import Esim
from simpost.domain.messages import Category, format_id
from simpost.domain.policy.quotas import QuotaReached
from simpost.domain.reasons import Reason
from simpost.domain.states import State
from simpost.domain.texts import TextAbsence
from simpost.errors import SimpostError, StoreError
from simpost.messaging.accounts import Accounts
from simpost.messaging.decision import Hold
from simpost.messaging.decision_records import (
    encode_end,
    encode_hold,
    encode_release,
    encode_wait,
    reached_record,
)
from simpost.messaging.held_request import decode_request, planned_message
from simpost.messaging.intake import Intake
from simpost.messaging.plan import Refusal
from simpost.messaging.send_request import SendRequest
from simpost.observe import get_logger
from simpost.ports.store import NewMessage
from simpost.ports.store.held import Deferral, DueMessage, HeldEnd, HeldStore
from simpost.runtime.clock import Clock
from simpost.runtime.component import Component
from simpost.runtime.scheduler import always, run_periodically

LEASE_MS: Final = 15_000
"""After this time another node, or this one after a restart, decides the message again."""
_INTERVAL_S: Final = 1.0
_MIN_HOLD_MS: Final = 1_000
"""Shortest hold: a message that is held again is not due in the same run."""
_WAIT_MS: Final = 60_000
"""When a message that cannot be decided for want of a text or of a new copy is decided again."""
_STEP: Final = 100
"""Messages decided and committed together."""

log = get_logger(__name__)


class _QueueingLane(Protocol):
    def wake(self, priority: int) -> None:
        """Parts are queued in the store, the most urgent of them with this priority."""
        ...


class _Failure(NamedTuple):
    message_id: bytes
    error: Exception


class Release(Component):
    """Runs on every node. A lease keeps two nodes from deciding the same message.

    The lease only saves work: the transaction that writes the parts also ends the hold, so a
    message is released once even if two nodes decide it.
    """

    def __init__(
        self,
        store: HeldStore,
        intake: Intake,
        accounts: Accounts,
        lanes: Mapping[str, _QueueingLane],
        *,
        clock_ms: Clock,
        may_send: Callable[[], bool] = always,
    ) -> None:
        self._may_send = may_send
        self._store = store
        self._intake = intake
        self._accounts = accounts
        self._lanes = lanes
        self._clock_ms = clock_ms

    async def run(self) -> None:
        """Release due messages once a second until cancelled."""
        await run_periodically(self.run_once, _INTERVAL_S, name="release", when=self._may_send)

    async def run_once(self) -> None:
        """Decide all messages that are due, in steps. One that cannot be decided is tried later.

        A step of which no message can be decided ends the run: an error of ours repeats for all.
        """
        while True:
            now_ms = self._clock_ms()
            due = await self._store.claim_held(
                now_ms=now_ms, lease_ms=now_ms + LEASE_MS, limit=_STEP
            )
            failures: list[_Failure] = []
            if due:
                decided = await asyncio.gather(*(self._decide(each, failures) for each in due))
                await self._commit(decided, now_ms)
            if failures:
                _report(failures)
            if len(due) < _STEP or len(failures) == len(due):
                return

    async def _decide(
        self, due: DueMessage, failures: list[_Failure]
    ) -> NewMessage | Deferral | HeldEnd | None:
        """The next row of one message; `None` when it cannot be decided now."""
        if isinstance(due.text, TextAbsence):
            return _wait(due, Reason.TEXT_UNREADABLE, self._clock_ms())
        try:
            return await self._next(due)
        except StoreError:
            return None
        except Exception as error:  # noqa: BLE001  one message must not block the others
            failures.append(_Failure(due.message_id, error))
            return None

    async def _next(self, due: DueMessage) -> NewMessage | Deferral | HeldEnd | None:
        now_ms = self._clock_ms()
        if now_ms >= due.expires_ms:
            return _end_of(due, State.EXPIRED, Reason.VALIDITY_EXPIRED, now_ms)
        account = self._accounts.by_id(due.account_id)
        if account is None:
            return None  # added on another node a moment ago
        if not account.enabled:
            return _end_of(due, State.REJECTED, Reason.ACCOUNT_DISABLED, now_ms)
        held = decode_request(due.request)
        request = SendRequest(
            esim_tran_no=due.esim_tran_no,
            iccid=None,
            text=due.text if held.text is None else held.text,
            category=Category(due.category),
            options=held.options,
            expires_at_ms=held.expires_at_ms,
        )
        esim, decision = await self._intake.decide(account, request, now_ms)
        if isinstance(decision, Hold):
            until_ms = max(decision.until_ms, now_ms + _MIN_HOLD_MS)
            expires_ms = held.expires_ms(until_ms)
            state, reason = decision.state, decision.reason
            return Deferral(
                due.account_id,
                due.message_id,
                state,
                reason,
                until_ms,
                expires_ms,
                encode_hold(decision, now_ms, until_ms),
            )
        if isinstance(decision, Refusal) or esim is None:
            assert isinstance(decision, Refusal)  # there is nothing to send without an eSIM
            return _refuse(due, esim, decision, now_ms)
        message = planned_message(
            decision,
            message_id=due.message_id,
            account_id=due.account_id,
            esim=esim,
            created_ms=now_ms,
            expires_ms=due.expires_ms,
        )
        return replace(message, decision=encode_release(decision, now_ms))

    async def _commit(
        self, decided: Sequence[NewMessage | Deferral | HeldEnd | None], now_ms: int
    ) -> None:
        await self._end([each for each in decided if isinstance(each, HeldEnd)], now_ms)
        if deferrals := [each for each in decided if isinstance(each, Deferral)]:
            await self._store.defer_held(deferrals, now_ms=now_ms)
        await self._release([each for each in decided if isinstance(each, NewMessage)], now_ms)

    async def _release(self, messages: Sequence[NewMessage], now_ms: int) -> None:
        if not messages:
            return
        over_quota: list[HeldEnd] = []
        results = await self._store.release_held(messages, now_ms=now_ms)
        for message, result in zip(messages, results, strict=True):
            if isinstance(result, QuotaReached):
                reason = result.quota.reason
                record = reached_record(decode_record(message.decision), result)
                encoded = encode_end(reason, now_ms, record)
                end = HeldEnd(message.account_id, message.id, State.REJECTED, reason, encoded)
                over_quota.append(end)
                self._intake.budget_alarms.report(message.account_id, result.alarms)
            elif result:
                self._intake.accepted[message.carrier, message.category] += 1
                self._intake.budget_alarms.report(message.account_id, result.alarms)
                self._lanes[message.carrier].wake(message.priority)
        await self._end(over_quota, now_ms)

    async def _end(self, ends: Sequence[HeldEnd], now_ms: int) -> None:
        if not ends:
            return
        await self._store.end_held(ends, now_ms=now_ms)
        for end in ends:
            self._intake.refused[(end.reason,)] += 1
            log.info(
                "held_message_ended",
                message_id=format_id(end.message_id),
                state=end.state,
                reason=end.reason,
            )


def _wait(due: DueMessage, reason: Reason, now_ms: int) -> Deferral | HeldEnd:
    """Hold a message for a while; its expiry stays."""
    if now_ms >= due.expires_ms:
        return _end_of(due, State.EXPIRED, Reason.VALIDITY_EXPIRED, now_ms)
    until_ms = min(now_ms + _WAIT_MS, due.expires_ms)
    return Deferral(
        due.account_id,
        due.message_id,
        State.HELD,
        reason,
        until_ms,
        due.expires_ms,
        encode_wait(reason, now_ms, until_ms),
    )


def _refuse(
    due: DueMessage, esim: Esim | None, refusal: Refusal, now_ms: int
) -> Deferral | HeldEnd:
    """The end of a message, except that an old copy of a catalogue is no reason to lose it."""
    if refusal.reason is Reason.CATALOGUE_STALE:
        return _wait(due, refusal.reason, now_ms)
    end = encode_end(refusal.reason, now_ms, refusal.record, esim)
    return HeldEnd(due.account_id, due.message_id, State.REJECTED, refusal.reason, end)


def _report(failures: Sequence[_Failure]) -> None:
    """Log the failures of a step in one line. Only errors of ours have texts without secrets."""
    message_id, error = failures[0]
    log.error(
        "release_failed",
        messages=len(failures),
        message_id=format_id(message_id),
        error=type(error).__name__,
        detail=str(error) if isinstance(error, SimpostError) else "",
    )


def _end_of(due: DueMessage, state: State, reason: Reason, now_ms: int) -> HeldEnd:
    """The end of a message without a decision by the rules."""
    decision = encode_end(reason, now_ms)
    return HeldEnd(due.account_id, due.message_id, state, reason, decision)
