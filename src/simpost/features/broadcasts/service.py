"""Broadcasts: begun and changed by people, noted, sent and reported by the leader."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

from msgspec.structs import replace

from simpost.domain.accounts import Account
from simpost.domain.broadcast_rules import pause_rule
from simpost.domain.broadcasts import MAX_UNFINISHED, Broadcast, BroadcastStatus, PauseReason
from simpost.domain.messages import Category
from simpost.errors import InvalidRequest, StoreError, UnknownBroadcast
from simpost.features.broadcasts.files import BroadcastFiles
from simpost.features.broadcasts.messages import BroadcastMessages, BroadcastTexts
from simpost.features.broadcasts.preview import BroadcastPreviews
from simpost.features.broadcasts.sender import BroadcastSender, IsStopped
from simpost.messaging.accounts import Accounts
from simpost.messaging.intake import Intake
from simpost.ports.store import Store
from simpost.ports.store.broadcasts import ActivePlace, BroadcastChange
from simpost.runtime.clock import Clock
from simpost.runtime.component import Component
from simpost.runtime.scheduler import always, run_periodically

_INTERVAL_S: Final = 0.25
_IDLE_S: Final = 1.0
"""When to look again after there was no broadcast to work on."""
_DELETE_INTERVAL_S: Final = 10.0
_BUSY_INTERVAL_S: Final = 0.05
"""Between two turns of sending when the last one decided `_MANY`: carriers wait for more."""
_MANY: Final = 50
_TURN_S: Final = 0.5
"""Longest time that sending or noting goes on before others are looked at."""
_KEEP_MS: Final = 90 * 86_400_000
"""How long a broadcast that ended is kept, with its recipients."""
_REPORT_MS: Final = 2_000
_LATE_REPORT_MS: Final = 60_000
_LATE_REPORTS_MS: Final = 2 * 86_400_000
"""How long reports of carriers are noted after the end of a broadcast."""
_OPT_OUT_SLACK_MS: Final = 3_000
"""Changes of preferences may be committed this much later than their id says."""
_REPORT_PAGES: Final = 5


class TooManyBroadcasts(InvalidRequest):
    """The account has as many broadcasts that are not over as it may have."""


class RequestReused(InvalidRequest):
    """The request id was used for a broadcast with other contents."""


def _never(_account_id: int, _category: Category) -> bool:
    return False


class Broadcasts(Component):
    """The broadcasts of all accounts."""

    def __init__(
        self,
        store: Store,
        accounts: Accounts,
        intake: Intake,
        texts: BroadcastTexts,
        *,
        new_id: Callable[[], bytes],
        clock_ms: Clock,
        is_stopped: IsStopped = _never,
        is_leader: Callable[[], bool] = always,
    ) -> None:
        messages = BroadcastMessages(store, texts)
        self.previews = BroadcastPreviews(store, intake, messages)
        self.files = BroadcastFiles(store.broadcast_files, new_id=new_id, clock_ms=clock_ms)
        self._sender = BroadcastSender(
            store,
            accounts,
            intake,
            messages,
            new_id=new_id,
            clock_ms=clock_ms,
            is_stopped=is_stopped,
        )
        self._store = store.broadcasts
        self._new_id = new_id
        self._clock_ms = clock_ms
        self._is_leader = is_leader
        self._reported: dict[bytes, bytes] = {}
        self._turns = asyncio.Lock()
        self._begun = asyncio.Event()
        self._is_busy = False

    async def run(self) -> None:
        """Note recipients and send, four times a second on the leader, until cancelled."""
        jobs: tuple[tuple[Callable[[], Awaitable[object]], float, str], ...] = (
            (self.note_some, _INTERVAL_S, "broadcast_recipients"),
            (self.send_some, _INTERVAL_S, "broadcasts"),
            (self.report_some, _INTERVAL_S, "broadcast_reports"),
            (self.delete_old, _DELETE_INTERVAL_S, "old_broadcasts"),
        )
        async with asyncio.TaskGroup() as tasks:
            for job, every_s, name in jobs:
                work = run_periodically(
                    job,
                    every_s,
                    idle_s=_IDLE_S,
                    name=name,
                    when=self._is_leader,
                    sleep=self._pause_sending if job == self.send_some else self._pause,
                )
                tasks.create_task(work)

    async def _pause(self, seconds: float) -> None:
        """Wait; less when a broadcast is added or resumed here."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._begun.wait()

    async def _pause_sending(self, seconds: float) -> None:
        await self._pause(_BUSY_INTERVAL_S if self._is_busy else seconds)

    def _wake(self) -> None:
        self._begun.set()
        self._begun.clear()

    async def tick(self) -> None:
        """Take each active broadcast a step further."""
        await self.note_some()
        await self.send_some()
        await self.report_some()

    async def add(self, broadcast: Broadcast) -> Broadcast:
        """Add a broadcast; its recipients are noted from now on.

        A repeated request returns the first broadcast. Raises TooManyBroadcasts, RequestReused,
        UnknownBroadcastFile and StoreError.
        """
        added = replace(
            broadcast,
            id=self._new_id(),
            created_ms=self._clock_ms(),
            begun_by=broadcast.actor,
            named=len(broadcast.audience.esims),
        )
        added_id = await self._store.add(added)
        if added_id is None:
            most = f"{MAX_UNFINISHED} broadcasts that are not over, the most it may"
            raise TooManyBroadcasts(f"The account has {most}.")
        found = await self.find(broadcast.account_id, added_id)
        if added_id != added.id and found.fingerprint != added.fingerprint:
            raise RequestReused
        self._wake()
        return found

    async def find(self, account_id: int, broadcast_id: bytes) -> Broadcast:
        """Raises UnknownBroadcast and StoreError."""
        found = await self._store.find(account_id, broadcast_id)
        if found is None:
            raise UnknownBroadcast
        return found

    async def pause(self, account: Account, broadcast_id: bytes, actor: str) -> Broadcast:
        """Pause it if it is not over; it as it is then. Raises UnknownBroadcast, StoreError."""
        return await self._change(account, broadcast_id, BroadcastStatus.PAUSED, actor)

    async def cancel(self, account: Account, broadcast_id: bytes, actor: str) -> Broadcast:
        """Cancel it if it is not over; it as it is then. Raises UnknownBroadcast, StoreError."""
        return await self._change(account, broadcast_id, BroadcastStatus.CANCELLED, actor)

    async def resume(self, account: Account, broadcast_id: bytes, actor: str) -> Broadcast:
        """Let it go on if it is paused; it as it is then. Raises UnknownBroadcast, StoreError."""
        now_ms = self._clock_ms()
        found = await self._store.resume(account.id, broadcast_id, actor=actor, now_ms=now_ms)
        if found is None:
            raise UnknownBroadcast
        self._wake()
        return await self._with_audience(found)

    async def note_some(self) -> bool:
        """Note recipients of broadcasts that are new, in turns; whether any is active."""
        found = [each async for each in self._active()]
        new = [each for each in found if each.status is BroadcastStatus.PREPARING]
        end_s = time.monotonic() + _TURN_S
        while new and time.monotonic() < end_s:
            new = [each for each in new if not await self._note(each)]
        return bool(found)

    async def _note(self, broadcast: Broadcast) -> bool:
        key = broadcast.account_id, broadcast.id
        return await self._store.prepare(*key, now_ms=self._clock_ms())

    async def send_some(self) -> bool:
        """Begin, send and end what is due, in turns, for a while; whether any is active.

        An error of the store with one broadcast is raised after the others had their turn.
        """
        async with self._turns:  # a process never commits one message twice at once
            return await self._send_some(self._clock_ms())

    async def _send_some(self, now_ms: int) -> bool:
        self._is_busy = False
        found = [each async for each in self._active()]
        self._sender.paces.keep(each.id for each in found)
        errors: list[StoreError] = []
        turns: list[tuple[Broadcast, int]] = []
        for broadcast in found:
            try:
                turns.append((broadcast, await self._step(broadcast, now_ms)))
            except StoreError as error:
                errors.append(error)
        end_s = time.monotonic() + _TURN_S
        turns = [turn for turn in turns if turn[1] > 0]
        decided = 0
        while turns and time.monotonic() < end_s:
            done = [(each, await self._turn(each, errors)) for each in turns]
            decided += sum(sent for _, sent in done)
            turns = [(one, most - sent) for (one, most), sent in done if 0 < sent < most]
        self._is_busy = decided >= _MANY
        if errors:
            raise errors[0]
        return bool(found)

    async def delete_old(self) -> None:
        """Delete broadcasts and files that are not needed any more, some rows at a time."""
        before_ms = self._clock_ms() - _KEEP_MS
        while await self._store.delete_old(before_ms=before_ms):
            pass
        while await self.files.delete_old():
            pass

    async def _turn(self, turn: tuple[Broadcast, int], errors: list[StoreError]) -> int:
        """How many recipients were decided."""
        try:
            return await self._sender.send_chunk(*turn)
        except StoreError as error:
            errors.append(error)
            return 0

    async def report_some(self) -> bool:
        """Note what became of messages, and pause broadcasts of which too many failed.

        Returns whether there is any broadcast to report on.
        """
        now_ms = self._clock_ms()
        due = await self._store.list_to_report(now_ms=now_ms)
        ids = {each.id for each in due}
        self._reported = {key: place for key, place in self._reported.items() if key in ids}
        for broadcast in due:
            await self._report(broadcast, now_ms)
        return bool(due)

    async def _report(self, broadcast: Broadcast, now_ms: int) -> None:
        key = broadcast.account_id, broadcast.id
        after: bytes | None = self._reported.get(broadcast.id, b"")
        for _ in range(_REPORT_PAGES):
            if after is not None:
                _, after = await self._store.report(*key, after=after)
        self._reported[broadcast.id] = after or b""
        found = await self._store.count_opt_outs(
            *key,
            before_ms=now_ms - _OPT_OUT_SLACK_MS,
            report_ms=_next_report_ms(broadcast, now_ms),
        )
        if found is None or found.status is not BroadcastStatus.SENDING or not found.unsent:
            return
        if rule := pause_rule(found):
            change = BroadcastChange(BroadcastStatus.PAUSED, actor="", pause_reason=rule)
            await self._store.change(*key, change, now_ms=now_ms)

    async def _active(self) -> AsyncIterator[Broadcast]:
        place: ActivePlace | None = None
        while True:
            now_ms = self._clock_ms()
            found, place = await self._store.list_active(now_ms=now_ms, after=place)
            for each in found:
                yield each
            if place is None:
                return

    async def _step(self, broadcast: Broadcast, now_ms: int) -> int:
        """Begin or end it if it is time; how many recipients it may decide now."""
        store, key = self._store, (broadcast.account_id, broadcast.id)
        if now_ms >= broadcast.not_after_ms:
            change = BroadcastChange(BroadcastStatus.EXPIRED)
            await store.change(*key, change, now_ms=now_ms)
        elif broadcast.status is BroadcastStatus.SCHEDULED:
            change = BroadcastChange(BroadcastStatus.SENDING)
            await store.change(*key, change, now_ms=now_ms)
        elif broadcast.status is BroadcastStatus.SENDING:
            return await self._sender.begin_turn(broadcast, now_ms)
        return 0

    async def _change(
        self, account: Account, broadcast_id: bytes, status: BroadcastStatus, actor: str
    ) -> Broadcast:
        reason = PauseReason.PERSON if status is BroadcastStatus.PAUSED else None
        change, now_ms = BroadcastChange(status, actor, reason), self._clock_ms()
        changed = await self._store.change(account.id, broadcast_id, change, now_ms=now_ms)
        if changed is None:
            raise UnknownBroadcast
        return await self._with_audience(changed)

    async def _with_audience(self, changed: Broadcast) -> Broadcast:
        """With its audience; the status is that of the change, whatever came after it."""
        found = await self.find(changed.account_id, changed.id)
        return replace(changed, audience=found.audience)


def _next_report_ms(broadcast: Broadcast, now_ms: int) -> int | None:
    """When to look at its messages again; `None`: there is nothing to come."""
    if broadcast.ended_ms is None:
        return now_ms + _REPORT_MS
    is_complete = broadcast.accepted == broadcast.delivered + broadcast.failed
    is_late = now_ms > broadcast.ended_ms + _LATE_REPORTS_MS
    return None if is_complete or is_late else now_ms + _LATE_REPORT_MS
