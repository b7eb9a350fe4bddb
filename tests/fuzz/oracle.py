"""What a session must do with a stream of octets, from the standard alone (SMPP 3.4, 5.0).

- A command_length that cannot be: generic_nack ESME_RINVCMDLEN, and the link closes, for the stream
  has lost its frame (4.3, "assume that the data is corrupt").
- A command_id nobody knows: generic_nack ESME_RINVCMDID (4.3), and the next PDU is read.
- A request that cannot be read: the command's own response with the status of 5.1.3 that names
  what is wrong; generic_nack where a command has no response. The next PDU is read.
- An optional part that cannot be read is passed over (3.3), and so is the body of a response.
- A request out of place: ESME_RINVBNDSTS, or ESME_RALYBND for a second bind (2.2, table 2-1).
- A response is never answered, whatever is wrong with it: that could go on for ever.
- Answers carry the sequence_number of what they answer (3.2).
"""

from dataclasses import dataclass, field
from typing import NamedTuple

from tests.fuzz import grammar
from tests.fuzz.grammar import RESPONSE

MAX_PDU_OCTETS = 2048
MAX_UNACKED = 3
SYSTEM_ID, PASSWORD = "esme", "pw"

INVALID_COMMAND_ID = 0x03
INVALID_BIND_STATUS = 0x04
ALREADY_BOUND = 0x05
INVALID_PASSWORD = 0x0E
QUEUE_FULL = 0x14

# Not a state of the standard: bound, and an unbind of ours waits for its answer.
UNBINDING = "unbinding"
BOUND = frozenset({"bound_tx", "bound_rx", "bound_trx"})
BOUND_BY = {
    grammar.BIND_TRANSMITTER: "bound_tx",
    grammar.BIND_RECEIVER: "bound_rx",
    grammar.BIND_TRANSCEIVER: "bound_trx",
}
_SENDING, _RECEIVING = {"bound_tx", "bound_trx"}, {"bound_rx", "bound_trx"}
_FROM_ESME = {
    grammar.BIND_TRANSMITTER: {"open"},
    grammar.BIND_RECEIVER: {"open", "outbound"},
    grammar.BIND_TRANSCEIVER: {"open", "outbound"},
    grammar.UNBIND: BOUND,
    grammar.SUBMIT_SM: _SENDING,
    grammar.SUBMIT_MULTI: _SENDING,
    grammar.DATA_SM: _SENDING,
    grammar.QUERY_SM: _SENDING,
    grammar.CANCEL_SM: _SENDING,
    grammar.REPLACE_SM: _SENDING,
    grammar.BROADCAST_SM: _SENDING,
    grammar.QUERY_BROADCAST_SM: _SENDING,
    grammar.CANCEL_BROADCAST_SM: _SENDING,
}
_FROM_MC = {
    grammar.OUTBIND: {"open"},
    grammar.UNBIND: BOUND,
    grammar.DELIVER_SM: _RECEIVING,
    grammar.DATA_SM: _RECEIVING,
    grammar.ALERT_NOTIFICATION: _RECEIVING,
}

# Requests of ours that wait for their answer when the stream begins, by sequence_number.
WAITING = {
    ("esme", "open"): {},
    ("esme", "binding"): {1: grammar.BIND_TRANSCEIVER},
    ("esme", "bound_tx"): {
        2: grammar.SUBMIT_SM,
        3: grammar.SUBMIT_SM,
        4: grammar.QUERY_SM,
        5: grammar.ENQUIRE_LINK,
    },
    ("esme", "bound_rx"): {2: grammar.ENQUIRE_LINK},
    ("esme", UNBINDING): {2: grammar.SUBMIT_SM, 3: grammar.UNBIND},
    ("esme", "bound_trx"): {
        2: grammar.SUBMIT_SM,
        3: grammar.DATA_SM,
        4: grammar.SUBMIT_MULTI,
        5: grammar.ENQUIRE_LINK,
    },
    ("smsc", "open"): {},
    ("smsc", "outbound"): {},
    ("smsc", "bound_tx"): {1: grammar.ENQUIRE_LINK},
    ("smsc", "bound_rx"): {1: grammar.DELIVER_SM, 2: grammar.DELIVER_SM},
    ("smsc", UNBINDING): {1: grammar.DELIVER_SM, 2: grammar.UNBIND},
    ("smsc", "bound_trx"): {1: grammar.DELIVER_SM, 2: grammar.DATA_SM, 3: grammar.ENQUIRE_LINK},
}


class Frame(NamedTuple):
    """One PDU by its header; `body` is None when command_length cannot be."""

    command_id: int
    status: int
    sequence: int
    body: bytes | None


class Answer(NamedTuple):
    command_id: int
    status: int
    sequence: int


@dataclass
class Expected:
    """What can be seen of a session from outside.

    Attributes:
        answers: what it writes, in order.
        asked: the requests its handler is given.
        answered: sequence numbers of ours that got their response.
        tolerated: PDUs of which something was passed over.
        unexpected: responses nobody waits for.
        malformed: statuses that are passed to its handler.
        close: why it closed the link itself; None when it did not.
    """

    answers: list[Answer] = field(default_factory=list)
    asked: list[tuple[int, int]] = field(default_factory=list)
    answered: list[int] = field(default_factory=list)
    tolerated: int = 0
    unexpected: list[tuple[int, int]] = field(default_factory=list)
    malformed: list[int] = field(default_factory=list)
    close: str | None = None
    state: str = "open"


def frames_of(stream, max_octets=MAX_PDU_OCTETS):
    """PDUs as far as command_length leads; a rest that is not whole is left out."""
    at = 0
    while len(stream) - at >= 16:
        length, command_id, status, sequence = (
            int.from_bytes(stream[at + i : at + i + 4], "big") for i in (0, 4, 8, 12)
        )
        if not 16 <= length <= max_octets:
            yield Frame(command_id, status, sequence, None)
            return
        if len(stream) - at < length:
            return
        yield Frame(command_id, status, sequence, stream[at + 16 : at + length])
        at += length


def expect(role, start, stream, *, answers):
    """`answers`: the handler answers every request at once, or else none."""
    link = _Link(role, start, answers)
    for frame in frames_of(stream):
        link.take(frame)
        if link.told.close:
            break
    return link.told


class _Link:
    def __init__(self, role, start, answers):
        self.told = Expected(state={"binding": "open", UNBINDING: "bound_trx"}.get(start, start))
        self._role = role
        self._answers = answers
        self._waiting = dict(WAITING[role, start])
        self._unacked = 0
        self._bind_is_pending = False

    def take(self, frame):
        if frame.body is None:
            self._answer(grammar.GENERIC_NACK, grammar.INVALID_COMMAND_LENGTH, frame.sequence)
            self.told.malformed.append(grammar.INVALID_COMMAND_LENGTH)
            self.told.close = "protocol_error"
        elif frame.command_id not in grammar.KNOWN:
            self._unknown(frame)
        elif status := grammar.status_of(frame.command_id, frame.body):
            self._malformed(frame, status)
            return
        else:
            self.told.tolerated += grammar.is_tolerated(frame.command_id, frame.body)
            self._known(frame)

    def _known(self, frame):
        if frame.command_id & RESPONSE:
            self._response(frame)
        else:
            self._request(frame)

    def _unknown(self, frame):
        if frame.command_id & RESPONSE:
            self.told.unexpected.append((frame.command_id, frame.sequence))
        else:
            self._refuse(frame, INVALID_COMMAND_ID)

    def _malformed(self, frame, status):
        self.told.malformed.append(status)
        self._refuse(frame, status)

    def _response(self, frame):
        request = self._settles(frame)
        if request is None:
            self.told.unexpected.append((frame.command_id, frame.sequence))
            return
        self.told.answered.append(frame.sequence)
        self._close_if_unbound(request)
        is_yes = frame.status == 0 and frame.command_id != grammar.GENERIC_NACK
        if request in BOUND_BY and is_yes:
            self.told.tolerated += frame.command_id != request | RESPONSE
            self.told.state = BOUND_BY[request]

    def _close_if_unbound(self, request):
        if request == grammar.UNBIND:
            self.told.close = "unbound_by_us"

    def _request(self, frame):
        command_id = frame.command_id
        if command_id == grammar.ENQUIRE_LINK:  # in every state (SMPP 5.0 2.4)
            self._answer(command_id | RESPONSE, 0, frame.sequence)
            return
        table = _FROM_MC if self._role == "esme" else _FROM_ESME
        if self.told.state not in table.get(command_id, ()):
            is_bound = self._role == "smsc" and self.told.state in BOUND
            second_bind = command_id in BOUND_BY and is_bound
            self._refuse(frame, ALREADY_BOUND if second_bind else INVALID_BIND_STATUS)
        elif command_id == grammar.UNBIND:
            self._answer(command_id | RESPONSE, 0, frame.sequence)
            self.told.close = "unbound_by_peer"
        elif command_id in BOUND_BY:
            self._bind(frame)
        elif command_id in grammar.NO_ANSWER:
            self.told.asked.append((command_id, frame.sequence))
            if command_id == grammar.OUTBIND:
                self.told.state = "outbound"
        elif self._unacked == MAX_UNACKED:
            self._refuse(frame, QUEUE_FULL)
        else:
            self.told.asked.append((command_id, frame.sequence))
            if self._answers:
                self._refuse(frame, 0)
            else:
                self._unacked += 1

    def _bind(self, frame):
        if self._bind_is_pending:
            self._refuse(frame, ALREADY_BOUND)
        elif not self._answers:
            self._bind_is_pending = True
        elif frame.body.split(b"\0")[:2] == [SYSTEM_ID.encode(), PASSWORD.encode()]:
            self._refuse(frame, 0)
            self.told.state = BOUND_BY[frame.command_id]
        else:
            self._refuse(frame, INVALID_PASSWORD)
            self.told.close = "bind_refused"

    def _settles(self, frame):
        """The request of ours that this answers."""
        request = self._waiting.get(frame.sequence)
        fits = {request | RESPONSE if request else None, grammar.GENERIC_NACK}
        if request in BOUND_BY:  # any bind's response answers a bind: OsmoMSC confuses them
            fits |= {bind | RESPONSE for bind in BOUND_BY}
        if request is None or frame.command_id not in fits:
            return None
        del self._waiting[frame.sequence]
        return request

    def _refuse(self, frame, status):
        known = frame.command_id in grammar.KNOWN - grammar.NO_ANSWER
        answer = frame.command_id | RESPONSE if known else grammar.GENERIC_NACK
        self._answer(answer, status, frame.sequence)

    def _answer(self, command_id, status, sequence):
        self.told.answers.append(Answer(command_id, status, sequence))
