"""Sends to the recipients of one broadcast at its pace, each once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from msgspec.structs import replace

from simpost.domain.accounts import Account
from simpost.domain.broadcast_rules import pause_rule
from simpost.domain.broadcasts import (
    Broadcast,
    BroadcastStatus,
    PauseReason,
    RecipientResult,
    RecipientState,
)
from simpost.domain.esims import Esim
from simpost.domain.messages import Category, own_request_id
from simpost.domain.prices import NO_PRICES, Cost
from simpost.domain.reasons import Reason
from simpost.features.broadcasts.local_time import local_due_ms
from simpost.features.broadcasts.messages import BroadcastMessages, BroadcastTemplate
from simpost.features.broadcasts.pace import Paces
from simpost.messaging.accounts import Accounts
from simpost.messaging.intake import Intake
from simpost.messaging.plan import Refusal
from simpost.messaging.send_request import SendResult
from simpost.ports.store import Store
from simpost.ports.store.broadcasts import BroadcastChange, TakenRecipient
from simpost.runtime.clock import Clock

_CHUNK: Final = 50
"""Recipients decided and committed together."""
_LOCAL_CHUNK: Final = 500
_LOCAL_CHUNKS: Final = 4
_MIN_HOLD_MS: Final = 1_000
_WHOLE_BUDGETS: Final = ("day", "month", "cost:day", "cost:month")
"""Budgets for all eSIMs; a budget for a prefix refuses single recipients."""

IsStopped = Callable[[int, Category], bool]


class BroadcastSender:
    """The steps of a broadcast that sends.

    The id of a message is stored with its recipient before it is committed, and its request id is
    made from the two: a node that dies between a commit and its note, or two that lead at once,
    send nothing twice.
    """

    def __init__(
        self,
        store: Store,
        accounts: Accounts,
        intake: Intake,
        messages: BroadcastMessages,
        *,
        new_id: Callable[[], bytes],
        clock_ms: Clock,
        is_stopped: IsStopped,
    ) -> None:
        self.paces = Paces()
        self._store = store
        self._accounts = accounts
        self._intake = intake
        self._messages = messages
        self._new_id = new_id
        self._clock_ms = clock_ms
        self._is_stopped = is_stopped

    async def begin_turn(self, broadcast: Broadcast, now_ms: int) -> int:
        """How many recipients may be decided in this turn; 0 if it is paused. Raises StoreError."""
        why = pause_rule(broadcast) if broadcast.unsent else None
        why = why or self._find_standstill(broadcast)
        if why:
            await self._pause(broadcast, why)
            return 0
        if broadcast.local_minute is not None:
            await self._wait_for_local_time(broadcast, broadcast.local_minute)
        allowed = self.paces.allowance(broadcast.id, broadcast.per_s, now_ms)
        if not allowed:
            return 0
        key = broadcast.account_id, broadcast.id
        looked_at = self.paces.most_queued(broadcast.id)
        queued = await self._store.broadcasts.count_queued(*key, limit=looked_at)
        self.paces.note_queued(broadcast.id, queued, now_ms)
        return min(allowed, self.paces.most_queued(broadcast.id) - queued)

    async def send_chunk(self, broadcast: Broadcast, most: int) -> int:
        """Decide the next recipients, `most` at most; how many. 0 if there are none now.

        It is finished if all were decided, and paused if a rule says so. Raises StoreError.
        """
        store, key = self._store.broadcasts, (broadcast.account_id, broadcast.id)
        account = self._accounts.by_id(broadcast.account_id)
        assert account  # `begin_turn` has found it; accounts are not deleted
        template = await self._messages.find_template(account, broadcast)
        taken = await store.take(
            *key,
            new_id=self._new_id,
            limit=min(most, _CHUNK),
            now_ms=self._clock_ms(),
            held_only=broadcast.local_minute is not None,
        )
        if not taken:
            if taken is not None:
                change = BroadcastChange(BroadcastStatus.FINISHED)
                await store.change(*key, change, now_ms=self._clock_ms())
            return 0
        self.paces.use(broadcast.id, broadcast.per_s, len(taken))
        found = await asyncio.gather(
            *(self._decide(account, broadcast, each, template) for each in taken),
            return_exceptions=True,
        )
        results = [each for each in found if isinstance(each, RecipientResult)]
        after = await store.end_recipients(*key, results, now_ms=self._clock_ms())
        if errors := [each for each in found if isinstance(each, BaseException)]:
            raise errors[0]
        if after is None or after.status is not BroadcastStatus.SENDING:
            return 0
        standstill = next((each for each in found if isinstance(each, PauseReason)), None)
        if why := standstill or (pause_rule(after) if after.unsent else None):
            await self._pause(after, why)
            return 0
        return len(taken)

    def _find_standstill(self, broadcast: Broadcast) -> PauseReason | None:
        """Why no message of the account can be sent now: its recipients wait until it can."""
        account = self._accounts.by_id(broadcast.account_id)
        if account is None or not account.enabled:
            return PauseReason.ACCOUNT_DISABLED
        if self._is_stopped(account.id, broadcast.category):
            return PauseReason.SENDING_STOPPED
        return None

    async def _pause(self, broadcast: Broadcast, why: PauseReason) -> None:
        change = BroadcastChange(BroadcastStatus.PAUSED, actor="", pause_reason=why)
        key = broadcast.account_id, broadcast.id
        await self._store.broadcasts.change(*key, change, now_ms=self._clock_ms())

    async def _wait_for_local_time(self, broadcast: Broadcast, minute: int) -> None:
        """Hold recipients that are new until their local time."""
        store, key = self._store.broadcasts, (broadcast.account_id, broadcast.id)
        for _ in range(_LOCAL_CHUNKS):
            waiting = await store.list_waiting(*key, limit=_LOCAL_CHUNK)
            if not waiting:
                return
            results = [await self._held(broadcast, minute, each) for each in waiting]
            await store.end_recipients(*key, results, now_ms=self._clock_ms())

    async def _held(self, broadcast: Broadcast, minute: int, esim_tran_no: str) -> RecipientResult:
        esim = await self._messages.find_esim(broadcast, esim_tran_no)
        if esim is None:
            return _refused(esim_tran_no, Reason.ESIM_UNKNOWN)
        due_ms = local_due_ms(esim, minute, broadcast.start_ms)
        if due_ms >= broadcast.not_after_ms:
            return _refused(esim_tran_no, Reason.EXPIRES_BEFORE_SEND_AT)
        return RecipientResult(
            esim_tran_no, RecipientState.HELD, reason=Reason.SCHEDULED, due_ms=due_ms
        )

    async def _decide(
        self,
        account: Account,
        broadcast: Broadcast,
        taken: TakenRecipient,
        template: BroadcastTemplate | None,
    ) -> RecipientResult | PauseReason:
        """The result for a recipient, or why it and the others have to wait."""
        esim = taken.esim_tran_no
        facts = await self._messages.find_esim(broadcast, esim)
        if taken.parts is not None:
            cost = self._cost(facts, taken.carrier, taken.parts)
            return _accepted(esim, taken.message_id, taken.parts, cost)
        if template is None:
            return PauseReason.TEMPLATE_GONE
        made = await self._messages.request(broadcast, facts, template)
        if isinstance(made, Refusal):
            return _refused(esim, made.reason)
        request = replace(
            made,
            request_id=own_request_id(f"broadcast {broadcast.id.hex()} {esim}"),
            message_id=taken.message_id,
        )
        result = await self._intake.send(account, request, facts)
        if result.message_id is not None:
            parts, carrier = await self._parts(account, result)
            cost = self._cost(facts, carrier, parts)
            return _accepted(esim, result.message_id, parts, cost)
        if result.hold is not None:
            due_ms = max(result.hold.until_ms, self._clock_ms() + _MIN_HOLD_MS)
            reason = result.hold.reason
            return RecipientResult(esim, RecipientState.HELD, reason=reason, due_ms=due_ms)
        return self._standstill_of(result, broadcast) or _refused(
            esim, result.reason or Reason.NO_ROUTE
        )

    async def _parts(self, account: Account, result: SendResult) -> tuple[int, str]:
        """The parts and carrier of a message that was committed, now or by another node."""
        if result.plan is not None:
            return result.plan.part_count, result.plan.carrier.name
        assert result.message_id is not None
        found = await self._store.log.find_message(account.id, result.message_id)
        return (found.part_count, found.parts[0].carrier) if found else (0, "")

    def _cost(self, esim: Esim | None, carrier: str, parts: int) -> Cost:
        """What parts cost at a carrier; that of a carrier that was removed is not known."""
        known = self._intake.routing.carriers.get(carrier)
        return (known.prices if known else NO_PRICES).cost_of(esim, parts)

    def _standstill_of(self, result: SendResult, broadcast: Broadcast) -> PauseReason | None:
        """The reason to pause, if this refusal is the same for all recipients."""
        if result.reason is Reason.SENDING_STOPPED:
            return self._find_standstill(broadcast)
        if result.reason is Reason.CATALOGUE_STALE:
            return PauseReason.CATALOGUE_STALE
        return PauseReason.BUDGET_REACHED if result.budget in _WHOLE_BUDGETS else None


def _accepted(esim_tran_no: str, message_id: bytes, parts: int, cost: Cost) -> RecipientResult:
    return RecipientResult(
        esim_tran_no,
        RecipientState.ACCEPTED,
        message_id,
        parts=parts,
        cost=cost.amount,
        is_unpriced=not cost.is_known,
    )


def _refused(esim_tran_no: str, reason: Reason) -> RecipientResult:
    return RecipientResult(esim_tran_no, RecipientState.REFUSED, reason=reason)
