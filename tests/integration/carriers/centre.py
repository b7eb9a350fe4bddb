"""A scripted message centre on a real socket, and a lane that records."""

import asyncio
import contextlib
import time
from typing import Any

from pydantic import SecretStr

from simpost.carriers.smpp import SmppCarrier
from simpost.config import SmppCarrierSettings as Settings
from simpost.ports.carrier import ConnectionState, OutboundPart
from simpost.smpp import SessionHandler, SessionSettings, Status, SubmitSm, SubmitSmResp, serve

_OPTIONS = SessionSettings()


class Centre(SessionHandler):
    """Answers binds and submits from a script, or as a function of the submit says.

    `answer` gets the session and the submit and gives a status, a response, "silence" or
    "hang up"; `binds` are those that were asked for, with the time they came at.
    """

    def __init__(self, answer=None):
        self.script = []
        self.bind_script = []
        self.answer = answer
        self.submits: asyncio.Queue[Any] = asyncio.Queue()
        self.texts = []
        self.bound: asyncio.Queue[Any] = asyncio.Queue()
        self.binds = []
        self.ends: asyncio.Queue[Any] = asyncio.Queue()
        self.password = "secret"

    def authenticate(self, bind, _):
        self.binds.append((asyncio.get_running_loop().time(), bind))
        if self.bind_script:
            return self.bind_script.pop(0)
        return Status.ESME_ROK if bind.password == self.password else Status.ESME_RINVPASWD

    def on_bound(self, session):
        self.bound.put_nowait(session)

    def on_closed(self, session, reason):
        self.ends.put_nowait(reason)

    def on_request(self, session, request):
        assert isinstance(request, SubmitSm)
        self.session = session
        self.submits.put_nowait(request)
        self.texts.append(request.short_message.decode("latin1"))
        if self.answer:
            answer = self.answer(session, request)
        else:
            answer = self.script.pop(0) if self.script else Status.ESME_ROK
        if answer == "silence":
            return
        if answer == "hang up":
            session.abort()
        elif isinstance(answer, SubmitSmResp):
            session.respond(request, answer)
        elif answer == Status.ESME_ROK:
            session.respond(request, SubmitSmResp(message_id=f"id-{request.sequence_number}"))
        else:
            session.refuse(request, answer)


def settings(port, **changed):
    given = {
        "type": "smpp",
        "name": "centre",
        "host": "127.0.0.1",
        "port": port,
        "system_id": "esme",
        "password": SecretStr("secret"),
        "reconnect_min_s": 0.1,
        **changed,
    }
    return Settings(**given)


def part(text="hello", *, number=1, total=1, encoding="gsm7", reference=0, sender="simpost"):
    now_ms = time.time_ns() // 1_000_000
    return OutboundPart(
        account_id=1,
        message_id=b"\x07" * 16,
        number=number,
        total=total,
        text=text,
        encoding=encoding,
        reference=reference,
        destination="447700900001",
        sender=sender,
        category="service",
        priority=1,
        created_ms=now_ms,
        expires_ms=now_ms + 3_600_500,
        attempt=1,
        repeat=False,
    )


class Listening:
    """The lane's side of a carrier: records free capacity and receipts."""

    def __init__(self):
        self.changed = asyncio.Event()
        self.receipts: asyncio.Queue[Any] = asyncio.Queue()
        self.late: asyncio.Queue[Any] = asyncio.Queue()
        self.answers = {}

    def on_outcome(self, part, _started_ms, outcome):
        self.answers.pop(id(part)).set_result(outcome)

    def on_late_response(self, part, outcome):
        self.late.put_nowait((part, outcome))

    def on_capacity(self):
        self.changed.set()

    def on_receipt(self, receipt, committed):
        self.receipts.put_nowait((receipt, committed))

    async def until(self, condition):
        while not condition():
            self.changed.clear()
            await self.changed.wait()

    async def until_bound(self, carrier):
        await self.until(lambda: carrier.state is ConnectionState.READY)


def send(carrier, part):
    """Send a part; returns the outcome as a future."""
    answer = asyncio.get_running_loop().create_future()
    outcome = carrier.send(part, time.time_ns() // 1_000_000)
    if outcome is None:
        carrier._events.answers[id(part)] = answer
    else:
        answer.set_result(outcome)
    return answer


@contextlib.asynccontextmanager
async def listening(centre, options=_OPTIONS, ssl=None):
    """Serve a message centre; yields its port."""
    server = await serve("127.0.0.1", 0, centre.authenticate, centre, options, ssl=ssl)
    try:
        yield server.port
    finally:
        await server.close()


@contextlib.asynccontextmanager
async def started(carrier):
    """Start a carrier; yields the lane that receives its events. Stops it at the end."""
    lane = Listening()
    await carrier.start(lane)
    try:
        yield lane
    finally:
        await carrier.close()


@contextlib.asynccontextmanager
async def linked(*, centre=None, options=_OPTIONS, **changed):
    """A carrier with every bind bound to a centre."""
    centre = centre or Centre()
    async with listening(centre, options) as port:
        carrier = SmppCarrier(settings(port, **changed))
        async with started(carrier) as lane:
            await lane.until(
                lambda: all(bind.state is ConnectionState.READY for bind in carrier.connections())
            )
            yield carrier, centre, lane
