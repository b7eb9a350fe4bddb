"""The carrier: parts out as submit_sm, receipts in as deliver_sm or data_sm."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from functools import partial

from simpost.carriers.smpp.answers import Answers
from simpost.carriers.smpp.line import Line
from simpost.carriers.smpp.reports import receipt_of
from simpost.carriers.smpp.submit import Submitter, traits_of
from simpost.config import SmppCarrier as Settings
from simpost.domain.outcomes import Outcome, Verdict
from simpost.domain.rates import TokenBucket
from simpost.domain.reasons import Reason
from simpost.ports.carrier import BindStatus, Desk, Link, Submission
from simpost.smpp import (
    SMPP_3_4,
    SMPP_5_0,
    Bind,
    BindReceiver,
    BindTransceiver,
    BindTransmitter,
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
    SubmitSmResp,
    is_receipt,
    parse_receipt,
)

_UNREACHABLE = Outcome(Verdict.UNREACHABLE, reason=Reason.CARRIER_UNREACHABLE)
_IN_DOUBT = Outcome(Verdict.IN_DOUBT, reason=Reason.NO_ANSWER)

_VERSIONS = {"3.4": SMPP_3_4, "5.0": SMPP_5_0}
_DEPTH_WINDOWS = 4
_LEAST_DEPTH = 64
_MOST_IN_DOUBT = 1000


class SmppCarrier:
    """One message centre: a transceiver line, or one line to transmit and one to receive."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._submitter = Submitter(settings)
        self._answers = Answers({})
        self._bucket = TokenBucket(
            settings.rate_per_s, burst=max(1.0, settings.rate_per_s / 10), now_s=time.monotonic()
        )
        self._waiting_for_rate = False
        self.is_paused = False
        self._desk: Desk | None = None
        self._in_doubt: OrderedDict[int, tuple[SubmitSm, Submission]] = OrderedDict()
        self.traits = traits_of(settings)
        if settings.bind == "transceiver":
            self._out = self._line(BindTransceiver)
            self._lines = [self._out]
        else:
            self._out = self._line(BindTransmitter)
            self._lines = [self._out, self._line(BindReceiver)]

    @property
    def depth(self) -> int:
        """Parts its lane should hold: enough to fill the window again while a commit runs."""
        depth = max(_LEAST_DEPTH, _DEPTH_WINDOWS * self._settings.window)
        if rate := self._settings.rate_per_s:
            depth = max(self._settings.window, min(depth, int(10 * rate)))
        return depth

    @property
    def link(self) -> Link:
        return self._out.link

    @property
    def is_open(self) -> bool:
        return self._out.session is not None and not self.is_paused

    def binds(self) -> list[BindStatus]:
        return [line.status(number) for number, line in enumerate(self._lines, start=1)]

    def pause(self) -> None:
        self.is_paused = True
        self._changed()

    def resume(self) -> None:
        self.is_paused = False
        self._changed()

    async def drain(self) -> None:
        self.pause()
        await self.stop()

    async def reconfigure(self, settings: Settings) -> None:
        await self.stop()
        self._settings = settings

    @property
    def problem(self) -> str:
        """Why the link is not bound, in a sentence."""
        return self._out.problem

    @property
    def room(self) -> int:
        room = self._out.room
        if room and (wait_s := self._bucket.wait_s(time.monotonic())):
            self._wait_for_rate(wait_s)
            return 0
        return room

    async def start(self, desk: Desk) -> None:
        self._desk = desk
        for line in self._lines:
            line.start()

    async def stop(self) -> None:
        await asyncio.gather(*(line.stop() for line in self._lines))

    def send(self, part: Submission) -> asyncio.Future[Outcome]:
        outcome: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        session = self._out.session
        if session is None:
            outcome.set_result(_UNREACHABLE)
            return outcome
        try:
            submit = self._submitter.submit_sm(part, time.time_ns() // 1_000_000)
            answer = session.request(submit)
        except FieldError as error:
            outcome.set_result(
                Outcome(Verdict.REFUSED, Reason.CARRIER_REFUSED, carrier_code=str(error))
            )
        except RequestError:
            outcome.set_result(_UNREACHABLE)
        else:
            self._bucket.take(time.monotonic())
            answer.add_done_callback(partial(self._settle, outcome, submit, part))
        return outcome

    def _line(self, bind: type[Bind]) -> Line:
        settings = self._settings
        return Line(
            settings,
            partial(
                bind,
                system_id=settings.system_id,
                password=settings.password.get_secret_value(),
                system_type=settings.system_type,
                interface_version=_VERSIONS[settings.interface_version],
            ),
            on_change=self._changed,
            on_request=self._take,
            on_late=self._take_late,
        )

    def _changed(self) -> None:
        if self._desk:
            self._desk.on_room()

    def _wait_for_rate(self, wait_s: float) -> None:
        if self._waiting_for_rate:
            return
        self._waiting_for_rate = True

        asyncio.get_running_loop().call_later(wait_s, self._rate_allows)

    def _rate_allows(self) -> None:
        self._waiting_for_rate = False
        self._changed()

    def _settle(
        self,
        outcome: asyncio.Future[Outcome],
        submit: SubmitSm,
        part: Submission,
        answer: asyncio.Future[Pdu],
    ) -> None:
        error = answer.exception()
        if error is None:
            outcome.set_result(self._outcome(answer.result()))
        elif isinstance(error, RequestError) and not error.written:
            outcome.set_result(_UNREACHABLE)
        else:
            outcome.set_result(_IN_DOUBT)
            self._await_late(submit, part)

    def _await_late(self, submit: SubmitSm, part: Submission) -> None:
        """Remember whose answer may still come; the oldest are forgotten first."""
        self._in_doubt[id(submit)] = (submit, part)
        if len(self._in_doubt) > _MOST_IN_DOUBT:
            self._in_doubt.popitem(last=False)

    def _outcome(self, response: Pdu) -> Outcome:
        message_id = response.message_id if isinstance(response, SubmitSmResp) else ""
        return self._answers.outcome(response.command_status, message_id)

    # What comes in.

    def _take_late(self, request: Pdu, response: Pdu) -> None:
        _, part = self._in_doubt.pop(id(request), (None, None))
        if part and self._desk:
            self._desk.on_late(part, self._outcome(response))

    def _take(self, session: Session, request: Pdu) -> None:
        if not isinstance(request, DeliverSm | DataSm):
            session.refuse(request, Status.ESME_RINVCMDID)
            return
        if self._desk is None or not is_receipt(request):
            session.refuse(request, Status.ESME_RX_P_APPN)
            return
        receipt = receipt_of(parse_receipt(request), self.traits.name, time.time_ns() // 1_000_000)
        committed = self._desk.on_receipt(receipt)
        committed.add_done_callback(partial(_acknowledge, session, request))


def _acknowledge(session: Session, request: Pdu, committed: asyncio.Future[None]) -> None:
    if committed.cancelled() or committed.exception():
        session.refuse(request, Status.ESME_RX_T_APPN)
    else:
        session.respond(
            request, DeliverSmResp() if isinstance(request, DeliverSm) else DataSmResp()
        )
