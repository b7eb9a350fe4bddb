"""Notes the recipients of broadcasts, and sends to them at their pace, each once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

import msgspec

from simpost.domain.accounts import Account
from simpost.domain.broadcasts import (
    Audience,
    Broadcast,
    BroadcastStatus,
    RecipientResult,
    RecipientState,
    pause_rule,
)
from simpost.domain.esims import Esim
from simpost.domain.messages import Category, own_request_id
from simpost.domain.options import TemplateRef
from simpost.domain.reasons import Reason
from simpost.errors import UnknownBroadcast
from simpost.messaging.accounts import Accounts
from simpost.messaging.decision import Hold, Refusal, SendOptions, SendPlan
from simpost.messaging.intake import Intake, SendRequest
from simpost.ports.store import Store
from simpost.ports.store.broadcasts import CANCEL_STEP, PREPARE_STEP, BroadcastChange
from simpost.runtime.clock import Clock
from simpost.runtime.component import Component
from simpost.runtime.scheduler import always, run_periodically

_INTERVAL_S: Final = 0.25
_CHUNK: Final = 50
"""Recipients decided and committed together."""
_KEEP_MS: Final = 90 * 86_400_000
"""How long a broadcast that ended is kept, with its recipients."""
PREVIEW_ESIMS: Final = 500
"""eSIMs that a preview decides; it counts the others."""
_MOST_COUNTED: Final = 1_000_000

Values = Mapping[str, str | int | float]


class _BroadcastText(Protocol):
    @property
    def text(self) -> str: ...
    @property
    def source(self) -> TemplateRef: ...


class BroadcastTexts(Protocol):
    """Renders the templates of an account for an eSIM."""

    async def render(
        self,
        account: Account,
        esim: Esim,
        category: Category,
        name: str,
        values_in: Callable[[str], Values],
    ) -> _BroadcastText | Refusal:
        """The text, or why it cannot be made; see `RecipientTexts`."""
        ...


class LanguageSample(msgspec.Struct, frozen=True):
    """The text of one language, as the first eSIM with it would get it."""

    language: str
    esim_tran_no: str
    text: str


class BroadcastPreview(msgspec.Struct, frozen=True):
    """What a broadcast would do now; the first PREVIEW_ESIMS eSIMs are decided.

    Attributes:
        total: eSIMs of the audience, 1,000,000 at most.
        decided: how many of them were decided.
        parts: of the messages that would be sent or held.
    """

    total: int
    decided: int
    sends: int
    holds: int
    refusals: Mapping[Reason, int]
    parts: int
    samples: Sequence[LanguageSample]


class Broadcasts(Component):
    """The broadcasts of all accounts.

    The request id of a message is made from the broadcast and the eSIM: a node that dies between a
    commit and its note, or two that lead at once, send nothing twice.
    """

    def __init__(
        self,
        store: Store,
        accounts: Accounts,
        intake: Intake,
        texts: BroadcastTexts,
        *,
        new_id: Callable[[], bytes],
        clock_ms: Clock,
        is_leader: Callable[[], bool] = always,
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._intake = intake
        self._texts = texts
        self._new_id = new_id
        self._clock_ms = clock_ms
        self._is_leader = is_leader
        self._next_ms: dict[bytes, float] = {}

    async def run(self) -> None:
        """Run `tick` four times a second on the leader, until cancelled."""
        await run_periodically(self.tick, _INTERVAL_S, name="broadcasts", when=self._is_leader)

    async def tick(self) -> None:
        """Take each active broadcast a step further, and delete old ones."""
        active = await self._store.broadcasts.list_active()
        self._next_ms = {one.id: self._next_ms.get(one.id, 0.0) for one in active}
        for broadcast in active:
            await self._step(broadcast)
        await self._store.broadcasts.delete_old(before_ms=self._clock_ms() - _KEEP_MS)

    async def add(self, broadcast: Broadcast) -> Broadcast:
        """Add a broadcast; its recipients are noted from now on. Raises StoreError."""
        added = msgspec.structs.replace(broadcast, id=self._new_id(), created_ms=self._clock_ms())
        await self._store.broadcasts.add(added)
        return await self.find(broadcast.account_id, added.id)

    async def find(self, account_id: int, broadcast_id: bytes) -> Broadcast:
        """Raises UnknownBroadcast and StoreError."""
        found = await self._store.broadcasts.find(account_id, broadcast_id)
        if found is None:
            raise UnknownBroadcast
        return found

    async def change(
        self, account_id: int, broadcast_id: bytes, status: BroadcastStatus, actor: str
    ) -> Broadcast:
        """Pause, resume or cancel it, if its status allows it; the broadcast as it is then.

        Raises UnknownBroadcast and StoreError.
        """
        store, now_ms = self._store.broadcasts, self._clock_ms()
        change = BroadcastChange(status, actor)
        changed = await store.change(account_id, broadcast_id, change, now_ms=now_ms)
        if changed is None:
            raise UnknownBroadcast
        if changed.status is BroadcastStatus.CANCELLED:
            await self._cancel_rest(changed)
        return await self.find(account_id, broadcast_id)

    async def preview(self, account: Account, broadcast: Broadcast) -> BroadcastPreview:
        """What it would do now; nothing is stored or sent. Raises StoreError."""
        esims, total = await self._audience(account.id, broadcast.audience)
        refusals: Counter[Reason] = Counter()
        samples: dict[str, LanguageSample] = {}
        sends = holds = parts = 0
        for esim in esims:
            made = await self._request(account, broadcast, esim)
            if isinstance(made, Refusal):
                refusals[made.reason] += 1
                continue
            decision = (await self._intake.preview(account, made)).decision
            if isinstance(decision, Refusal):
                refusals[decision.reason] += 1
                continue
            plan = decision.plan if isinstance(decision, Hold) else decision
            assert isinstance(plan, SendPlan)
            holds += isinstance(decision, Hold)
            sends += not isinstance(decision, Hold)
            parts += plan.part_count
            assert made.options.template
            language = made.options.template.language
            samples.setdefault(language, LanguageSample(language, esim, made.text))
        return BroadcastPreview(
            total=total,
            decided=len(esims),
            sends=sends,
            holds=holds,
            refusals=dict(refusals),
            parts=parts,
            samples=[samples[language] for language in sorted(samples)],
        )

    async def _audience(self, account_id: int, audience: Audience) -> tuple[list[str], int]:
        """The first eSIMs of an audience, and how many it has."""
        if audience.esims:
            named = list(dict.fromkeys(audience.esims))
            return named[:PREVIEW_ESIMS], len(named)
        first: list[str] = []
        total = 0
        place: tuple[int, str] | None = (0, "")
        while place is not None and total < _MOST_COUNTED:
            found, place = await self._store.broadcasts.audience_page(
                account_id, audience, after=place, limit=PREPARE_STEP
            )
            total += len(found)
            first += found[: PREVIEW_ESIMS - len(first)]
        return first, total

    async def _step(self, broadcast: Broadcast) -> None:
        store, now_ms = self._store.broadcasts, self._clock_ms()
        key = broadcast.account_id, broadcast.id
        if broadcast.status is BroadcastStatus.PREPARING:
            await store.prepare(*key, now_ms=now_ms)
        elif now_ms >= broadcast.not_after_ms:
            change = BroadcastChange(BroadcastStatus.EXPIRED)
            if changed := await store.change(*key, change, now_ms=now_ms):
                await self._cancel_rest(changed)
        elif broadcast.status is BroadcastStatus.SCHEDULED:
            if now_ms >= broadcast.start_ms:
                change = BroadcastChange(BroadcastStatus.SENDING)
                await store.change(*key, change, now_ms=now_ms)
        elif broadcast.status is BroadcastStatus.SENDING:
            await self._send_some(broadcast, now_ms)

    async def _send_some(self, broadcast: Broadcast, now_ms: int) -> None:
        """Send to as many as its pace allows now, and end or pause it."""
        store, key = self._store.broadcasts, (broadcast.account_id, broadcast.id)
        for size in self._allowance(broadcast, now_ms):
            waiting = await store.list_waiting(*key, limit=size)
            if not waiting:
                change = BroadcastChange(BroadcastStatus.FINISHED)
                await store.change(*key, change, now_ms=now_ms)
                return
            results = await asyncio.gather(*(self._send(broadcast, each) for each in waiting))
            after = await store.end_recipients(*key, results, now_ms=self._clock_ms())
            if after is None or after.status is not BroadcastStatus.SENDING:
                return
            if after.remaining and (rule := pause_rule(after)):
                change = BroadcastChange(BroadcastStatus.PAUSED, pause_reason=rule)
                await store.change(*key, change, now_ms=self._clock_ms())
                return

    def _allowance(self, broadcast: Broadcast, now_ms: int) -> list[int]:
        """Sizes of the chunks that it may send now. At most a second of its pace is made up for."""
        started_ms = max(self._next_ms[broadcast.id], now_ms - 1000.0)
        allowed = int((now_ms - started_ms) * broadcast.per_s / 1000)
        if not allowed:
            self._next_ms[broadcast.id] = started_ms
            return []
        self._next_ms[broadcast.id] = started_ms + 1000.0 * allowed / broadcast.per_s
        full, rest = divmod(allowed, _CHUNK)
        return [_CHUNK] * full + ([rest] if rest else [])

    async def _send(self, broadcast: Broadcast, esim_tran_no: str) -> RecipientResult:
        account = self._accounts.by_id(broadcast.account_id)
        if account is None:
            return _refused(esim_tran_no, Reason.ACCOUNT_DISABLED)
        made = await self._request(account, broadcast, esim_tran_no)
        if isinstance(made, Refusal):
            return _refused(esim_tran_no, made.reason)
        request_id = own_request_id(f"broadcast {broadcast.id.hex()} {esim_tran_no}")
        request = msgspec.structs.replace(made, request_id=request_id)
        result = await self._intake.send(account, request)
        if result.message_id is None:
            return _refused(esim_tran_no, result.reason or Reason.NO_ROUTE)
        state = RecipientState.HELD if result.hold else RecipientState.ACCEPTED
        parts = result.plan.part_count if result.plan else 0
        return RecipientResult(esim_tran_no, state, result.message_id, None, parts)

    async def _request(
        self, account: Account, broadcast: Broadcast, esim_tran_no: str
    ) -> SendRequest | Refusal:
        """The message for an eSIM, or why it has no text."""
        esim = await self._store.catalogue.find_esim(
            account.id, esim_tran_no=esim_tran_no, iccid=None
        )
        if esim is None:
            return Refusal(Reason.ESIM_UNKNOWN)
        rendered = await self._texts.render(
            account, esim, broadcast.category, broadcast.template, lambda _: broadcast.values
        )
        if isinstance(rendered, Refusal):
            return rendered
        return SendRequest(
            esim_tran_no=esim_tran_no,
            iccid=None,
            text=rendered.text,
            category=broadcast.category,
            options=SendOptions(template=rendered.source),
            expires_at_ms=broadcast.not_after_ms,
        )

    async def _cancel_rest(self, broadcast: Broadcast) -> None:
        store, key = self._store.broadcasts, (broadcast.account_id, broadcast.id)
        while await store.cancel_rest(*key, now_ms=self._clock_ms()) >= CANCEL_STEP:
            pass


def _refused(esim_tran_no: str, reason: Reason) -> RecipientResult:
    return RecipientResult(esim_tran_no, RecipientState.REFUSED, reason=reason)
