"""Holds all sending of a store that is a copy, until an administrator confirms it."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

import msgspec
from msgspec.structs import replace

from simpost.domain.broadcasts import BroadcastStatus
from simpost.domain.instance import (
    Confirmation,
    CopyHold,
    DatabasePlace,
    Instance,
    InstanceFile,
    Waiting,
    confirmed,
    merged_place,
    sign_of_copy,
)
from simpost.errors import NotHeld, StoreError
from simpost.observe import get_logger, metrics
from simpost.observe.metrics import Sample
from simpost.ports.store import Store
from simpost.ports.store.automations import AUTOMATION_STEP
from simpost.ports.store.broadcasts import BroadcastChange
from simpost.ports.store.instance import StoredInstance, WaitingCounts
from simpost.runtime.clock import Clock
from simpost.runtime.component import Component
from simpost.runtime.scheduler import always

COMMAND: Final = "simpost confirm-copy"
REACHED_S: Final = 10.0
"""How often a served store notes the time that it has reached."""
_HELD_S: Final = 0.5
"""How often a held copy looks whether it was confirmed, maybe on another node."""
_TRIES: Final = 20
_ASSIGN_STEP: Final = 1_000

log = get_logger(__name__)


class CopyStatus(msgspec.Struct, frozen=True):
    """Whether sending is held, why, and what waits."""

    instance: Instance
    queued_parts: int
    waiting: WaitingCounts


class CopyGuard(Component):
    """Checks the identity of the store before anything is sent, and notes the time it has reached.

    Attributes:
        is_held: nothing is sent: no message, no webhook, no broadcast, no automation.
    """

    def __init__(
        self,
        store: Store,
        *,
        new_id: Callable[[], bytes],
        clock_ms: Clock,
        is_leader: Callable[[], bool] = always,
        release: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """`release` is awaited once a copy is confirmed."""
        self.is_held = False
        self._store = store
        self._new_id = new_id
        self._clock_ms = clock_ms
        self._is_leader = is_leader
        self._release = release
        self._sign = ""
        self._soon = asyncio.Event()

    @property
    def warning(self) -> str | None:
        """Why nothing is sent, and what to do; `None` when sending is not held."""
        if not self.is_held:
            return None
        return (
            f"This store is a copy: {self._sign}. Messages are accepted, nothing is sent. "
            f"Confirm it with `{COMMAND}`."
        )

    def may_send(self) -> bool:
        """Whether jobs that send may run."""
        return not self.is_held

    def samples(self) -> Iterable[Sample]:
        return (Sample(metrics.COPY_HELD, (), int(self.is_held)),)

    async def check(self) -> None:
        """Recognise a copy and hold its sending. Must run before anything is sent."""
        for _ in range(_TRIES):
            stored = await self._store.instance.read()
            instance = await self._checked(stored)
            if instance == stored.instance or await self._store.instance.replace(
                stored, instance, delete_mark=True
            ):
                break
        else:
            raise StoreError("the identity of the store changes all the time: start again")
        self._note_hold(instance.hold)
        if instance.hold is None:
            await self._settle(instance)
        else:
            log.warning("copy_held", sign=instance.hold.sign, since_ms=instance.hold.since_ms)

    async def _checked(self, stored: StoredInstance) -> Instance:
        """The identity to go on with."""
        now_ms = self._clock_ms()
        instance = stored.instance
        if instance is not None and instance.hold is not None:
            return instance
        around = await self._store.instance.look_around()
        sign = sign_of_copy(instance, around, is_marked=stored.is_marked, is_empty=stored.is_empty)
        if instance is None:
            instance = Instance(secrets.token_hex(16), now_ms)
        if sign is not None:
            return replace(instance, hold=CopyHold(now_ms, sign))
        reached_ms = max(now_ms, instance.reached_ms + 1)
        if isinstance(around.place, DatabasePlace):
            place = merged_place(instance.place, around.place)
            return replace(instance, reached_ms=reached_ms, place=place)
        return replace(instance, reached_ms=reached_ms)

    async def _settle(self, instance: Instance) -> None:
        """Write the instance file after the commit, so that it is never ahead; note its place."""
        await self._store.instance.write_file(InstanceFile(instance.id, instance.reached_ms))
        around = await self._store.instance.look_around()
        place = merged_place(instance.place, around.place)
        stored = await self._store.instance.read()
        found = stored.instance
        if found is not None and found.id == instance.id and found.place != place:
            await self._store.instance.replace(stored, replace(found, place=place))

    async def run(self) -> None:
        """Note how far the store has reached; while it is held, wait for its confirmation."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_HELD_S if self.is_held else REACHED_S):
                    await self._soon.wait()
            self._soon.clear()
            try:
                await (self._follow() if self.is_held else self.note_reached())
            except StoreError as error:
                log.error("job_failed", job="copy guard", error=str(error))

    async def note_reached(self) -> None:
        """Note the present time in the database, then beside it.

        A node that sends knows that the store is no copy: it ends a hold of another node.
        """
        stored = await self._store.instance.read()
        instance = stored.instance
        if instance is None:
            return
        if self._is_leader():
            if instance.hold is not None:
                log.warning("copy_hold_ended", sign=instance.hold.sign)
            reached_ms = max(self._clock_ms(), instance.reached_ms + 1)
            instance = replace(instance, reached_ms=reached_ms, hold=None)
            if not await self._store.instance.replace(stored, instance):
                return
        await self._settle(instance)

    async def status(self) -> CopyStatus:
        """Whether sending is held, why, and what waits. Raises StoreError."""
        stored = await self._store.instance.read()
        instance = stored.instance or Instance("", 0)
        carriers = await self._store.routing.carriers_with_backlog()
        parts = [await self._store.routing.count_queued(carrier) for carrier in carriers]
        return CopyStatus(instance, sum(parts), await self._store.instance.count_waiting())

    async def confirm(self, by: str, waiting: Waiting) -> None:
        """Confirm the copy; sending begins soon, after what waits was cancelled if that is asked.

        Raises NotHeld and StoreError.
        """
        for _ in range(_TRIES):
            stored = await self._store.instance.read()
            instance = stored.instance
            if instance is None or instance.hold is None:
                raise NotHeld
            if instance.hold.confirmed is not None:
                return
            done = Confirmation(self._clock_ms(), by, instance.hold.sign, waiting)
            hold = replace(instance.hold, confirmed=done)
            if await self._store.instance.replace(stored, replace(instance, hold=hold)):
                log.warning("copy_confirmed", by=by, waiting=waiting)
                break
        self._soon.set()

    async def _follow(self) -> None:
        """Go on with a confirmation; send again once it is complete."""
        stored = await self._store.instance.read()
        instance = stored.instance
        hold = instance.hold if instance else None
        if instance and hold and hold.confirmed and self._is_leader():
            if hold.confirmed.waiting is Waiting.CANCEL:
                await self._cancel_waiting(hold.since_ms, hold.confirmed.by)
            after = confirmed(instance, secrets.token_hex(16), hold.confirmed)
            if not await self._store.instance.replace(stored, after, delete_mark=True):
                return
            instance, hold = after, None
        self._note_hold(hold)
        if instance and hold is None:
            await self._settle(instance)
            if self._release:
                await self._release()

    def _note_hold(self, hold: CopyHold | None) -> None:
        self.is_held = hold is not None
        self._sign = hold.sign.sentence if hold else ""

    # What came with the copy.

    async def _cancel_waiting(self, before_ms: int, by: str) -> None:
        """Cancel everything that waited when the copy was found; new messages stay.

        Every step is committed: after a crash the rest is cancelled.
        """
        await self._cancel_broadcasts(before_ms, by)
        await self._cancel_runs(before_ms)
        await self._cancel_messages(before_ms)
        await self._skip_events(before_ms)

    async def _cancel_broadcasts(self, before_ms: int, by: str) -> None:
        store = self._store.broadcasts
        change = BroadcastChange(BroadcastStatus.CANCELLED, by)
        while found := await self._store.instance.waiting_broadcasts(before_ms=before_ms):
            for key in found:
                await store.change(*key, change, now_ms=self._clock_ms())

    async def _cancel_runs(self, before_ms: int) -> None:
        now_ms = self._clock_ms()
        store = self._store.automations
        while await store.start_runs(new_id=self._new_id, now_ms=now_ms) >= AUTOMATION_STEP:
            pass
        while await self._store.instance.end_runs(before_ms=before_ms, now_ms=now_ms):
            pass

    async def _cancel_messages(self, before_ms: int) -> None:
        before_id = before_ms.to_bytes(6, "big")
        while found := await self._store.instance.waiting_messages(before_id=before_id):
            cancelled = 0
            for account_id, message_id in found:
                cancelled += await self._store.held.cancel_message(
                    account_id, message_id, now_ms=self._clock_ms()
                )
            if not cancelled and not await self._store.instance.end_repeats(before_id=before_id):
                break
        while await self._store.instance.end_repeats(before_id=before_id):
            pass

    async def _skip_events(self, before_ms: int) -> None:
        while await self._store.events.assign_sequence(limit=_ASSIGN_STEP) >= _ASSIGN_STEP:
            pass
        for account_id, endpoint_id in await self._store.instance.list_endpoints():
            while await self._store.instance.skip_events(
                account_id, endpoint_id, before_ms=before_ms, now_ms=self._clock_ms()
            ):
                pass
