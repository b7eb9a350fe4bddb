"""The carrier: parts out as submit_sm, receipts and messages in as deliver_sm or data_sm."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection
from functools import partial

from simpost.carriers.smpp.answers import Answers, Meaning, tells_of_congestion
from simpost.carriers.smpp.doubts import Doubts
from simpost.carriers.smpp.inbound import Inbox
from simpost.carriers.smpp.line import Line
from simpost.carriers.smpp.lines import lines_of
from simpost.carriers.smpp.reports import receipt_of
from simpost.carriers.smpp.submit import Submitter, traits_of
from simpost.config import SmppCarrier as Settings
from simpost.domain.outcomes import Outcome, OutcomeKind
from simpost.domain.reasons import Reason
from simpost.ports.carrier import BEST_LINK, BindKind, BindStatus, Desk, Link, Submission
from simpost.smpp import (
    DataSm,
    DataSmResp,
    DeliverSm,
    DeliverSmResp,
    FieldError,
    Pdu,
    RequestError,
    Session,
    Status,
    SubmitSm,
    is_receipt,
    status_meaning,
    status_name,
)

_UNREACHABLE = Outcome(OutcomeKind.UNREACHABLE, reason=Reason.CARRIER_UNREACHABLE)
_IN_DOUBT = Outcome(OutcomeKind.IN_DOUBT, reason=Reason.NO_ANSWER)

_DEPTH_WINDOWS = 4
_LEAST_DEPTH = 256
_STOP_GRACE_S = 5.0
_FOREVER_S = 3600.0
"""Longer than any answer is waited for: the response timer ends every wait before."""
_BRINGING = (DeliverSm, DataSm)


def _wall_clock_ms() -> int:
    return time.time_ns() // 1_000_000


class SmppCarrier:
    """One message centre and the lines to it; a part takes the line with most room.

    `owned` are the numbers of the binds that it may keep bound; without them all of them.
    `clock_ms` says when something came in.
    """

    def __init__(
        self,
        settings: Settings,
        owned: Collection[int] | None = None,
        clock_ms: Callable[[], int] = _wall_clock_ms,
    ) -> None:
        self._clock_ms = clock_ms
        self._owned = None if owned is None else frozenset(owned)
        self.is_paused = False
        self.is_open = False
        self._desk: Desk | None = None
        self._doubts = Doubts()
        self._is_drained = False
        self._changing = asyncio.Lock()
        self._adopt(settings)

    def _adopt(self, settings: Settings) -> None:
        self._settings = settings
        self._submitter = Submitter(settings)
        self._inbox = Inbox(settings)
        self._answers = Answers(settings.statuses, settings.retry_after_s)
        self.traits = traits_of(settings)
        self._lines = lines_of(settings, self._answers, self)
        self._senders = [line for line in self._lines if line.kind is not BindKind.RECEIVER]
        self._roomiest = self._senders[0]

    @property
    def depth(self) -> int:
        """Parts its lane should hold: enough to fill the windows again while a commit runs."""
        binds = self._settings.binds if self._owned is None else max(1, len(self._owned))
        window = self._settings.window * binds
        depth = max(_LEAST_DEPTH, _DEPTH_WINDOWS * window)
        if rate := self._settings.rate_per_s * binds:
            depth = max(window, min(depth, int(10 * rate)))
        return depth

    @property
    def link(self) -> Link:
        owned = [line for line in self._senders if self._owns(line)]
        return min((line.link for line in owned or self._senders), key=BEST_LINK.index)

    @property
    def problem(self) -> str:
        """Why a line is not bound, in a sentence."""
        return next((line.problem for line in self._lines if line.problem), "")

    @property
    def room(self) -> int:
        return 0 if self.is_paused else self._find_room()

    def _find_room(self) -> int:
        """The sum over the lines; remembers the line with most room for the next part."""
        room = most = 0
        for line in self._senders:
            if here := line.room:
                room += here
                if here > most:
                    most, self._roomiest = here, line
        return room

    def binds(self) -> list[BindStatus]:
        return [
            line.status(number)
            for number, line in enumerate(self._lines, start=1)
            if self._owns(line)
        ]

    # Whose binds they are.

    @property
    def bind_numbers(self) -> tuple[int, ...]:
        """Those of all binds; a pair of links is one bind."""
        return tuple(sorted({line.bind for line in self._lines}))

    @property
    def held_binds(self) -> frozenset[int]:
        """The binds of which a link may be there, those that are being given up among them."""
        return frozenset(line.bind for line in self._lines if line.is_kept)

    @property
    def unbound_s(self) -> float:
        """For how long it has dialled in vain; 0 while a link is bound, or none is to be."""
        owned = [line for line in self._lines if self._owns(line) and line.is_kept]
        tried = [line for line in owned if line.dials]
        if not tried or any(line.session or line.link is Link.UNBINDING for line in owned):
            return 0.0
        began_s = min(line.started_s for line in tried)
        return time.monotonic() - max(began_s, *(line.bound_until_s for line in tried))

    async def own(self, numbers: Collection[int], within_s: float) -> None:
        """Keep these binds bound and no others; those given up are gone within so many seconds."""
        self._owned = frozenset(numbers)
        extra = [line for line in self._lines if not self._owns(line) and line.is_kept]
        cutting = asyncio.get_running_loop().call_later(within_s, self._cut)
        try:
            async with self._changing:
                grace_s = min(within_s / 2, self._settings.response_timeout_s)
                await asyncio.gather(
                    *(line.stop(grace_s) for line in extra if not self._owns(line))
                )
                self._start_unless_drained()
        finally:
            cutting.cancel()

    def _cut(self) -> None:
        for line in self._lines:
            if line.is_kept and not self._owns(line):
                line.cut()

    def _owns(self, line: Line) -> bool:
        return self._owned is None or line.bind in self._owned

    # Life.

    async def start(self, desk: Desk) -> None:
        self._desk = desk
        self._is_drained = False
        self._start_lines()

    async def stop(self) -> None:
        self._is_drained = True
        await self._stop_lines(min(_STOP_GRACE_S, self._settings.response_timeout_s))

    def pause(self) -> None:
        self.is_paused = True
        self.on_link()

    def resume(self) -> None:
        self.is_paused = False
        if self._is_drained:
            self._is_drained = False
            if not self._changing.locked():  # else whoever holds it starts the lines
                self._start_lines()
        self.on_link()

    async def drain(self) -> None:
        self._is_drained = True
        self.pause()
        async with self._changing:
            await self._stop_lines(_FOREVER_S)
            self._start_unless_drained()

    async def reconfigure(self, settings: Settings) -> None:
        async with self._changing:
            await self._stop_lines(_FOREVER_S)
            self._adopt(settings)
            self._start_unless_drained()

    def _start_unless_drained(self) -> None:
        if self._desk and not self._is_drained:
            self._start_lines()

    def _start_lines(self) -> None:
        for line in self._lines:
            if self._owns(line) and not line.is_kept:
                line.start()

    async def _stop_lines(self, grace_s: float) -> None:
        await asyncio.gather(*(line.stop(grace_s) for line in self._lines))

    # What goes out.

    def send(self, part: Submission, now_ms: int) -> Outcome | None:
        line = self._roomiest
        session = line.session
        if session is None or not session.room:
            self._find_room()
            line = self._roomiest
            session = line.session
        if session is None or self.is_paused:
            return _UNREACHABLE
        try:
            submit = self._submitter.submit_sm(part, now_ms)
            session.ask(submit, partial(self._on_end, line, submit, part, now_ms))
        except FieldError as error:
            return Outcome(OutcomeKind.REFUSED, Reason.CARRIER_REFUSED, carrier_code=str(error))
        except RequestError:
            return _UNREACHABLE
        line.pace.take(time.monotonic())
        return None

    def _on_end(
        self,
        line: Line,
        submit: SubmitSm,
        part: Submission,
        started_ms: int,
        end: Pdu | RequestError,
    ) -> None:
        if isinstance(end, RequestError):
            line.on_answer()
            outcome = _IN_DOUBT if end.written else _UNREACHABLE
            if end.written:
                self._doubts.remember(submit, part)
        else:
            if end.command_status or end.tlvs:
                self._learn(line, end)
            else:
                line.on_answer()
            outcome = self._answers.outcome_of(end)
        if self._desk:
            self._desk.on_answer(part, started_ms, outcome)

    def _learn(self, line: Line, response: Pdu) -> None:
        """What an answer says of its line."""
        status = response.command_status
        meaning = self._answers.meaning(status) if status else None
        line.on_answer(
            throttled=meaning is Meaning.THROTTLE,
            pressed=tells_of_congestion(response),
        )
        if meaning is Meaning.BIND:
            line.rebind(f"A submit was answered {status_name(status)}. {status_meaning(status)}")

    # What the lines say.

    def on_link(self) -> None:
        self.is_open = not self.is_paused and any(line.is_usable for line in self._senders)
        self.on_room()

    def on_room(self) -> None:
        if self._desk:
            self._desk.on_room()

    def on_late(self, request: Pdu, response: Pdu) -> None:
        part = self._doubts.recall(request)
        if part and self._desk:
            self._desk.on_late(part, self._answers.outcome_of(response))

    def on_request(self, session: Session, request: Pdu) -> None:
        self._take(session, request)

    # What comes in.

    def _take(self, session: Session, request: Pdu) -> None:
        if not isinstance(request, _BRINGING):
            session.refuse(request, Status.ESME_RINVCMDID)
            return
        if self._desk is None:
            session.refuse(request, Status.ESME_RX_T_APPN)
            return
        now_ms = self._clock_ms()
        if not is_receipt(request):
            self._inbox.take(self._desk, session, request, now_ms)
            return
        receipt = receipt_of(request, self.traits.name, now_ms)
        self._desk.on_receipt(receipt, partial(_acknowledge, session, request))


def _acknowledge(session: Session, request: Pdu) -> None:
    session.respond(request, DeliverSmResp() if isinstance(request, DeliverSm) else DataSmResp())
