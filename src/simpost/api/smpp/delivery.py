"""Sends receipts and replies to clients: follows the event log, as webhooks do (decision 0023).

A round of a login reads events behind its cursor, sends what they make due, and commits the cursor
up to the first event that no client acknowledged. After a `kill -9`, or with another node, what was
sent since then is sent again.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from simpost.api.smpp.clients import Clients
from simpost.api.smpp.receipts import (
    PARTS_DROPPED,
    address_of,
    dropped_receipts,
    receipts_of,
    reference_of,
)
from simpost.api.smpp.replies import inbound_id_of, reply_of
from simpost.config.smpp_server import SmppServerSettings
from simpost.domain.smpp_logins import SmppLogin
from simpost.errors import StoreError
from simpost.observe import get_logger
from simpost.ports.store import Event, Store
from simpost.runtime.clock import Clock
from simpost.runtime.scheduler import always, run_periodically
from simpost.smpp import (
    DeliverSm,
    FieldError,
    Pdu,
    RequestError,
    Session,
    Status,
)

START_FOR_S: Final = 5.0
"""For how long a round starts receipts."""
_COMMIT_S: Final = 10.0
"""What a round may take besides, so that it ends well within its lease."""
_INTERVAL_S: Final = 0.25
_ASSIGN_STEP: Final = 1_000
_STEP: Final = 200
"""Most events that are read at once."""
_FIRST_PAUSE_S: Final = 1.0
_LONGEST_PAUSE_S: Final = 60.0
_TEMPORARY: Final = frozenset(
    {
        Status.ESME_RSYSERR,
        Status.ESME_RMSGQFUL,
        Status.ESME_RTHROTTLED,
        Status.ESME_RX_T_APPN,
        Status.ESME_RINVBNDSTS,
    }
)
"""A client that answers so gets the receipt again; any other status ends it."""

log = get_logger(__name__)


class ReceiptDelivery:
    """Serves each login that has a receiver on this node in a task of its own.

    Attributes:
        outcomes: receipts by what became of them: acknowledged, refused, again.
    """

    def __init__(
        self,
        store: Store,
        *,
        owner: str,
        clock_ms: Clock,
        settings: SmppServerSettings,
        may_send: Callable[[], bool] = always,
    ) -> None:
        self.outcomes: Counter[tuple[str]] = Counter()
        self._store = store
        self._owner = owner
        self._clock_ms = clock_ms
        self._default_alphabet = settings.default_alphabet
        self._lease_ms = int(1000 * (START_FOR_S + settings.response_timeout_s + _COMMIT_S))
        self._may_send = may_send
        self._serving: dict[str, asyncio.Task[None]] = {}
        self._paused_until_s: dict[str, float] = {}
        self._failures: Counter[str] = Counter()

    async def run(self, clients: Clients) -> None:
        """Deliver until cancelled. Receipts without a response then are sent again."""
        try:
            await run_periodically(
                partial(self.run_once, clients),
                _INTERVAL_S,
                name="smpp_receipts",
                when=self._may_send,
            )
        finally:
            for task in self._serving.values():
                task.cancel()

    async def release_own(self) -> None:
        """End the leases that this node had when it stopped."""
        await self._store.smpp_logins.release_smpp_logins(self._owner, now_ms=self._clock_ms())

    async def run_once(self, clients: Clients) -> None:
        """Begin to serve the logins that have new events and a receiver here."""
        clients.end_revoked()
        receiving = clients.receiving()
        for system_id in self._paused_until_s.keys() - receiving.keys():
            del self._paused_until_s[system_id]
            self._failures.pop(system_id, None)
        now_s = time.monotonic()
        free = [
            system_id
            for system_id in receiving
            if system_id not in self._serving and self._paused_until_s.get(system_id, 0.0) <= now_s
        ]
        if not free:
            return
        await self._store.events.assign_sequence(limit=_ASSIGN_STEP)
        now_ms = self._clock_ms()
        claimed = await self._store.smpp_logins.claim_smpp_logins(
            self._owner, free, now_ms=now_ms, lease_ms=now_ms + self._lease_ms
        )
        for system_id, cursor in claimed.items():
            task = asyncio.create_task(self._serve(clients, receiving[system_id], cursor))
            self._serving[system_id] = task
            task.add_done_callback(partial(self._on_served, system_id))

    def _on_served(self, system_id: str, _: asyncio.Task[None]) -> None:
        del self._serving[system_id]

    async def _serve(self, clients: Clients, login: SmppLogin, cursor: int) -> None:
        """Rounds until nothing is left, or a receipt has to wait."""
        try:
            with contextlib.suppress(StoreError):  # the lease ends by itself
                goes_on = True
                while goes_on:
                    cursor, goes_on = await self._round(clients, login, cursor)
        except Exception as error:  # noqa: BLE001  one login must not stop the others
            log.error("smpp_receipts_failed", system_id=login.system_id, error=type(error).__name__)
            self._pause(login.system_id)

    async def _round(self, clients: Clients, login: SmppLogin, cursor: int) -> tuple[int, bool]:
        """One round and its commit: the new cursor, and whether to go on."""
        ends_s = time.monotonic() + START_FOR_S
        is_stopped, is_full = False, True
        while is_full and not is_stopped and time.monotonic() < ends_s:
            page = await self._store.events.events_after(login.account_id, cursor, limit=_STEP)
            sent = ReceiptBatch(clients, login, self.outcomes, ends_s)
            for event in page.events:
                pdus = await self._pdus(login, event)
                if not await sent.add(event.sequence, pdus):
                    break
            await sent.finish()
            is_full = len(page.events) == _STEP
            is_stopped = sent.unsent is not None
            if is_stopped:
                cursor = max(cursor, (sent.unsent or 1) - 1)
            elif page.events:
                cursor = page.events[-1].sequence
            if sent.has_failed:
                self._pause(login.system_id)
        if not is_stopped:
            self._failures.pop(login.system_id, None)
        now_ms = self._clock_ms()
        goes_on = is_full and not is_stopped
        lease_ms = now_ms + self._lease_ms if goes_on else now_ms
        kept = await self._store.smpp_logins.record_smpp_cursor(
            self._owner, login.system_id, cursor, now_ms=now_ms, lease_ms=lease_ms
        )
        return cursor, kept and goes_on

    async def _pdus(self, login: SmppLogin, event: Event) -> Sequence[DeliverSm]:
        """What an event makes due for a login."""
        if inbound_id := inbound_id_of(event.data):
            inbound = await self._store.inbound.find_inbound(login.account_id, inbound_id)
            reply = reply_of(inbound, self._default_alphabet) if inbound else None
            return (reply,) if reply else ()
        if event.type == PARTS_DROPPED:
            return dropped_receipts(event, login.system_id)
        reference = reference_of(event, login.system_id)
        if reference is None:
            return ()
        msisdn = ""
        esim_tran_no = event.data.get("esimTranNo")
        if reference.destination[0] == "msisdn" and esim_tran_no:
            esim = await self._store.catalogue.find_esim(
                login.account_id, esim_tran_no=esim_tran_no, iccid=None
            )
            msisdn = esim.msisdn if esim else ""
        return receipts_of(event, reference, address_of(reference, event.data, msisdn))

    def _pause(self, system_id: str) -> None:
        self._failures[system_id] += 1
        pause_s = _FIRST_PAUSE_S * 2.0 ** min(self._failures[system_id] - 1, 10)
        self._paused_until_s[system_id] = time.monotonic() + min(_LONGEST_PAUSE_S, pause_s)


class ReceiptBatch:
    """The receipts of one page of events, sent in order over all receivers of a login.

    Attributes:
        unsent: the first event of which a receipt was not acknowledged; `None` if all were.
        has_failed: whether a client asked to wait, or did not answer.
    """

    def __init__(
        self, clients: Clients, login: SmppLogin, outcomes: Counter[tuple[str]], ends_s: float
    ) -> None:
        self.unsent: int | None = None
        self.has_failed = False
        self._clients = clients
        self._login = login
        self._outcomes = outcomes
        self._ends_s = ends_s
        self._unanswered: dict[asyncio.Future[Pdu], int] = {}

    async def add(self, sequence: int, pdus: Sequence[DeliverSm]) -> bool:
        """Send the receipts of an event; `False` once no more should be sent."""
        for pdu in pdus:
            session = await self._free_session()
            if session is None:
                self._note_unsent(sequence)
                return False
            try:
                future = session.request(pdu)
            except FieldError:
                self._outcomes["refused",] += 1  # no client can ever read it
                continue
            except RequestError:
                self._note_unsent(sequence)
                return False
            self._unanswered[future] = sequence
        return self.unsent is None

    async def finish(self) -> None:
        """Wait for the responses."""
        while self._unanswered:
            await self._wait()

    async def _free_session(self) -> Session | None:
        """The receiver with the most free places; `None` if there is no receiver, or no time."""
        while self.unsent is None and time.monotonic() < self._ends_s:
            sessions = self._clients.receivers_of(self._login.system_id)
            best = max(sessions, key=lambda each: each.free_window, default=None)
            if best is None or best.free_window:
                return best
            if not self._unanswered:
                return None
            await self._wait()
        return None

    async def _wait(self) -> None:
        done, _ = await asyncio.wait(self._unanswered, return_when=asyncio.FIRST_COMPLETED)
        for future in done:
            sequence = self._unanswered.pop(future)
            if error := future.exception():
                self.has_failed |= self._clients.receivers_of(self._login.system_id) != []
                self._outcomes["again",] += 1
                self._note_unsent(sequence)
                if not isinstance(error, RequestError):
                    raise error
            else:
                self._judge(sequence, future.result().command_status)

    def _judge(self, sequence: int, status: int) -> None:
        if status in _TEMPORARY:
            self.has_failed = True
            self._outcomes["again",] += 1
            self._note_unsent(sequence)
        else:
            self._outcomes["refused" if status else "acknowledged",] += 1

    def _note_unsent(self, sequence: int) -> None:
        self.unsent = sequence if self.unsent is None else min(self.unsent, sequence)
