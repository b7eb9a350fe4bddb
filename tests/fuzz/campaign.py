"""Runs cases through codec, framer, session and receipt parser, and compares with the oracle."""

import asyncio
import contextlib
import resource
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from simpost.smpp import (
    BindReceiver,
    BindTransceiver,
    BindTransmitter,
    CloseReason,
    DataSm,
    DeliverSm,
    EnquireLink,
    FieldError,
    Framer,
    MessageState,
    Outbind,
    Pdu,
    PduError,
    QuerySm,
    Role,
    SessionClosed,
    SessionHandler,
    SessionSettings,
    Status,
    SubmitMulti,
    SubmitSm,
    decode,
    encode,
    is_receipt,
    parse_receipt,
)
from simpost.smpp.session_protocol import SessionProtocol
from simpost.smpp.window import resolve
from tests.fuzz import grammar, oracle
from tests.fuzz.mutations import Case, case_of

CPU_S = 5  # of one case; the slowest take a few milliseconds
MAX_GROWTH_MIB = 32
_RECEIPT_LABELS = frozenset(("id", "sub", "dlvrd", "submitdate", "donedate", "stat", "err", "text"))
_SETTINGS = SessionSettings(
    window=10,
    max_unacked=oracle.MAX_UNACKED,
    max_pdu_octets=oracle.MAX_PDU_OCTETS,
    enquire_link_s=None,
)
_BINDS = {"bound_tx": BindTransmitter, "bound_rx": BindReceiver, "bound_trx": BindTransceiver}
_REQUESTS = {
    request.command_id: request
    for request in (SubmitSm, DataSm, QuerySm, SubmitMulti, EnquireLink, DeliverSm)
}


@dataclass
class Tally:
    """Results of the cases.

    Attributes:
        counts: PDUs read, errors by class, receipts.
        failures: a case that broke a promise, written down with the promise.
        peak_mib, growth_mib: of this process, and since it was warm.
    """

    cases: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    failures: list[tuple[Case, str]] = field(default_factory=list)
    peak_mib: float = 0.0
    growth_mib: float = 0.0

    def __iadd__(self, other):
        self.cases += other.cases
        self.counts += other.counts
        self.failures += other.failures
        self.peak_mib = max(self.peak_mib, other.peak_mib)
        self.growth_mib = max(self.growth_mib, other.growth_mib)
        return self


class Hung(Exception):
    """A case took `CPU_S` seconds of the processor."""


def run(seed: int, numbers: range) -> Tally:
    """Every case of these numbers, in a loop of its own."""
    return asyncio.run(_run(seed, numbers))


async def _run(seed, numbers):
    tally = Tally()
    unforeseen = []
    asyncio.get_running_loop().set_exception_handler(lambda _, what: unforeseen.append(what))
    warm = max(len(numbers) // 20, 200)
    for count, number in enumerate(numbers):
        if count == warm:
            tally.growth_mib = -_peak_mib()
        case = case_of(seed, number)
        try:
            with _no_hang():
                check(case, tally.counts)
            await asyncio.sleep(0)  # what the session left for the end of the turn
            assert not unforeseen, unforeseen
        except Exception as error:  # noqa: BLE001  whatever it is, it is what we look for
            unforeseen.clear()
            tally.failures.append((case, f"{type(error).__name__}: {error}"))
        tally.cases += 1
    tally.peak_mib = _peak_mib()
    tally.growth_mib += tally.peak_mib if len(numbers) > warm else 0.0
    return tally


def check(case: Case, counts: Counter[str]) -> None:
    """Raises the undeclared error, or AssertionError for a broken promise."""
    _check_codec(case.mutated)
    found = _check_framer(case)
    for one in found:
        if isinstance(one, Pdu):
            counts["accepted"] += 1
            _check_writing(one, counts)
            if isinstance(one, DeliverSm | DataSm):
                _check_receipt(one, counts)
        else:
            counts[type(one).__name__] += 1
    _check_session(case, counts)


def _check_codec(octets):
    with contextlib.suppress(PduError):
        decode(octets)


def _check_framer(case):
    """PDUs and errors as the grammar has them, in whatever pieces they come."""
    framer = Framer(oracle.MAX_PDU_OCTETS)
    found = framer.feed(case.stream)
    assert framer.buffered_octets < oracle.MAX_PDU_OCTETS
    in_pieces = Framer(oracle.MAX_PDU_OCTETS)
    again = []
    for piece in case.pieces():
        again += in_pieces.feed(piece)
        assert in_pieces.buffered_octets < oracle.MAX_PDU_OCTETS
    assert [_told(one) for one in found] == [_told(one) for one in again]
    assert framer.is_broken == in_pieces.is_broken
    frames = list(oracle.frames_of(case.stream))
    assert len(found) == len(frames), f"{len(found)} PDUs, {len(frames)} frames"
    for one, frame in zip(found, frames, strict=True):
        assert (one.command_id, one.sequence_number) == (frame.command_id, frame.sequence)
        assert _refusal(one) == _refusal_of(frame), frame
        if isinstance(one, Pdu):
            assert one.command_status == frame.status
        else:
            assert one.fatal == (frame.body is None)
    return found


def _told(one):
    return one if isinstance(one, Pdu) else (type(one), one.status, one.body, str(one))


def _refusal(one):
    return 0 if isinstance(one, Pdu) else one.status


def _refusal_of(frame):
    if frame.body is None:
        return grammar.INVALID_COMMAND_LENGTH
    if frame.command_id not in grammar.KNOWN:
        return 0
    return grammar.status_of(frame.command_id, frame.body)


def _check_writing(pdu, counts):
    """What was read can be written and read again, unless it is longer than we may write.

    Or a response half read: the fields that it lacks are written, and what was passed over.
    """
    if pdu.is_response and pdu.unreadable:
        return
    try:
        octets = encode(pdu)
    except FieldError:
        counts["FieldError"] += 1
        return
    assert decode(octets) == pdu


def _check_receipt(pdu, counts):
    """Nothing is guessed: every value that is read is in the PDU."""
    receipt = parse_receipt(pdu)
    if is_receipt(pdu):
        counts["receipts"] += 1
    text = getattr(pdu, "short_message", b"") or pdu.tlv(0x0424) or b""
    values = [text.decode("latin-1"), text.decode("utf-16-be", "replace")]
    values += [text[1:].decode("utf-16-be", "replace"), text[1:].decode("latin-1")]
    if pdu.esm_class & 0x40 and text:
        values.append(text[1 + text[0] :].decode("utf-16-be", "replace"))
    values += [value.decode("latin-1") for value in pdu.tlv_values(0x001E)]
    for said in (receipt.message_id, receipt.error, *receipt.raw.values()):
        assert said is None or any(said in value for value in values), said
    assert receipt.message_id != ""
    assert receipt.raw.keys() <= _RECEIPT_LABELS
    assert receipt.state is None or isinstance(receipt.state, MessageState)
    for moment in (receipt.submitted, receipt.done):
        assert moment is None or moment.utcoffset() == timedelta(0)
    if receipt.network_error is not None:
        network, code = receipt.network_error
        assert bytes((network, *code.to_bytes(2, "big"))) in pdu.tlv_values(0x0423)


# The session, on a wire that is only memory.


class Wire(asyncio.Transport):
    def __init__(self):
        super().__init__()
        self.written = bytearray()
        self._is_closing = False

    def write(self, data):
        assert not self._is_closing, "written after the close"
        self.written += data

    def close(self):
        self._is_closing = True

    abort = close

    def is_closing(self):
        return self._is_closing

    def get_write_buffer_size(self):
        return 0


class Witness(SessionHandler):
    """The handler, and the message centre that checks binds."""

    def __init__(self, *, answers):
        self.asked = []
        self.unexpected = []
        self.malformed = []
        self.tolerated = 0
        self.closed = []
        self._answers = answers

    def session_opened(self, session):
        pass

    def bind_requested(self, session, bind):
        if not self._answers:
            return
        if (bind.system_id, bind.password) == (oracle.SYSTEM_ID, oracle.PASSWORD):
            session.accept_bind(bind, "mc")
        else:
            session.reject_bind(bind, Status.ESME_RINVPASWD)

    def on_request(self, session, request):
        self.asked.append((request.command_id, request.sequence_number))
        if self._answers and request.response is not None:
            assert session.respond(request, request.response())
            assert not session.respond(request, request.response())

    def on_late_response(self, session, request, response):
        raise AssertionError("nothing was given up")

    def on_unexpected_response(self, session, response):
        self.unexpected.append((response.command_id, response.sequence_number))

    def on_tolerated(self, session, what):
        self.tolerated += 1

    def on_malformed(self, session, error):
        self.malformed.append(error.status)

    def on_closed(self, session, reason):
        self.closed.append(reason)


def _check_session(case, counts):
    witness = Witness(answers=case.answers)
    session, wire, waiting = _session_at(case, witness)
    try:
        for piece in case.pieces():
            if wire.is_closing():
                break
            session.data_received(piece)
            assert session._framer.buffered_octets < oracle.MAX_PDU_OCTETS
        outcomes = {sequence: _outcome(future) for sequence, future in waiting.items()}
        state = session.state
    finally:
        session.connection_lost(None)
    expected = oracle.expect(case.role, case.start, case.stream, answers=case.answers)
    told = oracle.Expected(
        answers=[oracle.Answer(*frame[:3]) for frame in oracle.frames_of(wire.written, 65536)],
        asked=witness.asked,
        answered=[sequence for sequence, how in outcomes.items() if how == "answered"],
        unexpected=witness.unexpected,
        malformed=witness.malformed,
        tolerated=witness.tolerated,
        close=str(session.closed.result()) if wire.is_closing() else None,
        state=expected.state if wire.is_closing() else str(state),
    )
    expected.answered.sort()
    assert told == expected, f"\n did      {told}\n expected {expected}"
    assert len(witness.closed) == 1
    for sequence, future in waiting.items():
        if outcomes[sequence] == "waiting":
            assert isinstance(future.exception(), SessionClosed), f"{sequence} is not handed back"
    counts["tolerated"] += told.tolerated
    counts["closed"] += told.close is not None


def _outcome(future):
    if not future.done():
        return "waiting"
    assert future.exception() is None, future.exception()
    return "answered"


def _session_at(case, witness):
    """A session in the case's state, with requests waiting."""
    answers, witness._answers = witness._answers, True
    role = Role(case.role)
    session = SessionProtocol(role, witness, _SETTINGS, host=witness if role is Role.SMSC else None)
    wire = Wire()
    session.connection_made(wire)
    waiting = {}
    if case.start == "outbound":
        session.notify(Outbind(system_id="mc"))
        session._window._next = 1  # as if nothing had been said
    elif case.start != "open":
        bind = _BINDS.get(case.start, BindTransceiver)(
            sequence_number=1, system_id=oracle.SYSTEM_ID, password=oracle.PASSWORD
        )
        if role is Role.SMSC:
            session.data_received(encode(bind))
        else:
            binding = session.request(bind)
            if case.start == "binding":
                waiting[1] = binding
            else:
                session.data_received(encode(bind.response(0, 1)))  # type: ignore[misc]
    for sequence, command_id in oracle.WAITING[case.role, case.start].items():
        if command_id == grammar.UNBIND:
            session._start_unbind(CloseReason.UNBOUND_BY_US)
            waiting[sequence] = asyncio.get_running_loop().create_future()
            session._window.unanswered[sequence].on_result = partial(resolve, waiting[sequence])
        elif sequence not in waiting:
            waiting[sequence] = session.request(request := _REQUESTS[command_id]())
            assert request.sequence_number == sequence
    session._writer.flush()
    wire.written.clear()
    witness._answers = answers
    return session, wire, waiting


# Bounds.


def _peak_mib():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@contextlib.contextmanager
def _no_hang() -> Iterator[None]:
    """Limits processor time, not wall time. Works in the main thread only."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGVTALRM, _hung)
    signal.setitimer(signal.ITIMER_VIRTUAL, CPU_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _hung(*_):
    raise Hung(f"more than {CPU_S} s")
