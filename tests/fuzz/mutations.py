"""Streams of PDUs with at least one faulty PDU, each named by a seed and a number."""

import random
from dataclasses import dataclass
from datetime import UTC, datetime

from simpost.smpp import DataSm, DeliverSm, MessageState, encode, format_receipt, receipt_tlvs
from tests.fuzz import grammar, oracle
from tests.unit.smpp.vectors import VECTORS

PROBE_SEQUENCE = 0x0BADCAFE
PROBE = b"\0\0\0\x10\0\0\0\x15\0\0\0\0" + PROBE_SEQUENCE.to_bytes(4, "big")

_NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
_RECEIPT_TEXTS = [
    format_receipt("0A1B2C3D", MessageState.DELIVERED, submitted=_NOON, done=_NOON, text=b"hello"),
    b"id:123 sub:1 submit date:261122120000 done date:20261122120001 stat:UNDELIV err:1F Text:id:9",
    b"id: 77,sub: 001,dlvrd: 001,submit_date: 2611221200,donedate: 2611221201,stat: EXPIRED,err: 0",
    b"stat:ENROUTE id:c0ffee",
    b"id:1;stat:REJECTD;err:;text:",
    "id:5 stat:DELIVRD err:000".encode("utf-16-be"),
    b"\x05\0\x03\x07\x02\x01" + b"id:6 stat:DELIVRD",
    b"",
]
_RECEIPTS = [
    encode(DeliverSm(sequence_number=1, source_addr="66812345678", esm_class=4, short_message=text))
    for text in _RECEIPT_TEXTS
]
_RECEIPTS += [
    encode(
        DeliverSm(
            sequence_number=2,
            esm_class=4,
            data_coding=8,
            short_message="id:5 stat:DELIVRD".encode("utf-16-be"),
            tlvs=receipt_tlvs("5", MessageState.DELIVERED, (3, 27)),
        )
    ),
    encode(DeliverSm(sequence_number=3, esm_class=0x44, short_message=_RECEIPT_TEXTS[6])),
    encode(
        DeliverSm(
            sequence_number=4,
            esm_class=0x20,
            tlvs=(*receipt_tlvs("9", MessageState.ENROUTE), (0x0424, _RECEIPT_TEXTS[1] * 8)),
        )
    ),
    encode(
        DataSm(sequence_number=5, esm_class=4, tlvs=receipt_tlvs("a" * 64, MessageState.EXPIRED))
    ),
]
_GOOD = [vector.octets for vector in VECTORS]
_ANSWERS = {  # the first of its kind, by the request it answers
    vector.pdu.command_id ^ grammar.RESPONSE: vector.octets
    for vector in reversed(VECTORS)
    if vector.pdu.command_id & grammar.RESPONSE
}
_TELLING_OCTETS = b"\0\1\2\3\x04\x05\x0f\x15\x1e\x20\x3a\x40\x7f\x80\xfe\xff"
_LABELS = (b" id:", b"stat:", b"err:", b" done date:", b"text:", b"DELIVRD", b"::", b" " * 40)
_TAGS = (0x001E, 0x0427, 0x0423, 0x0424, 0x020C, 0x0210, 0x0428, 0x1400, 0xFFFF)
_COMMANDS = (*sorted(grammar.KNOWN), 0, 0x0A, 0x110, 0x10200, 0x80000099, 0xFFFFFFFF)
_FALSE_LENGTHS = (0, 4, 15, 16, oracle.MAX_PDU_OCTETS, oracle.MAX_PDU_OCTETS + 1, 0x7FFFFFFF)


@dataclass(frozen=True, slots=True)
class Case:
    """A stream, and the session it meets.

    Attributes:
        role, start: the session's end of the link, and the state it is in.
        answers: its handler answers requests at once, or else never.
        mutated: the PDU this case is about; neighbours stand around it in `stream`, and a probe
            at the end, which a session that understands it answers.
        chunks: how many octets come at a time.
    """

    seed: int
    number: int
    role: str
    start: str
    answers: bool
    mutated: bytes
    stream: bytes
    chunks: tuple[int, ...]

    def pieces(self):
        at = 0
        for octets in self.chunks:
            yield self.stream[at : at + octets]
            at += octets

    def told(self):
        """The case as text, for a failure report."""
        return (
            f"make fuzz SEED={self.seed} CASE={self.number}\nsession {self.role}, {self.start}, "
            f"{'answers' if self.answers else 'silent'}\nchunks {self.chunks}\n"
            f"stream {self.stream.hex()}\n"
        )


def case_of(seed, number):
    """The same case for the same seed and number, whatever ran before."""
    chance = random.Random(f"{seed}/{number}")
    role, start = chance.choice(_STARTS)
    mutated = _mutated(chance, oracle.WAITING[role, start])
    neighbours = [chance.choice(_GOOD) for _ in range(chance.choice((0, 0, 1, 2)))]
    neighbours.insert(chance.randint(0, len(neighbours)), mutated)
    stream = b"".join(neighbours) + PROBE
    return Case(
        seed,
        number,
        role,
        start,
        chance.random() < 0.8,
        mutated,
        stream,
        _chunks(len(stream), chance),
    )


_STARTS = list(oracle.WAITING)


def _mutated(chance, waiting):
    if waiting and chance.random() < 0.2:  # an answer to what waits
        sequence, command_id = chance.choice(list(waiting.items()))
        octets = bytearray(_ANSWERS[command_id])
        octets[12:16] = sequence.to_bytes(4, "big")
    else:
        octets = bytearray(chance.choice(_RECEIPTS if chance.random() < 0.35 else _GOOD))
    for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
        chance.choice(_MUTATIONS)(octets, chance)
    _measure(octets, chance)
    return bytes(octets)


def _measure(octets, chance):
    """command_length made right again, mostly, so that what is behind it is reached."""
    dice = chance.random()
    if dice < 0.75:
        octets[:4] = len(octets).to_bytes(4, "big")
    elif dice < 0.9:
        near = len(octets) + chance.randint(-20, 40)
        length = chance.choice((*_FALSE_LENGTHS, near, near, near))
        octets[:4] = max(0, length).to_bytes(4, "big")


def _chunks(total, chance):
    match chance.randrange(4):
        case 0:
            return (total,)
        case 1 if total < 200:
            return (1,) * total
    chunks = []
    while total > 0:
        chunks.append(min(total, chance.choice((1, 3, 4, 15, 16, 17, 60, 400))))
        total -= chunks[-1]
    return tuple(chunks)


# Mutations of one PDU, in place.


def _flip_a_bit(octets, chance):
    if octets:
        octets[chance.randrange(len(octets))] ^= 1 << chance.randrange(8)


def _set_an_octet(octets, chance):
    if octets:
        octets[chance.randrange(len(octets))] = chance.choice(_TELLING_OCTETS)


def _cut(octets, chance):
    del octets[chance.randint(0, len(octets)) :]


def _remove(octets, chance):
    at = chance.randint(0, len(octets))
    del octets[at : at + chance.choice((1, 1, 2, 4, 9))]


def _insert(octets, chance):
    at = chance.randint(0, len(octets))
    octets[at:at] = chance.randbytes(chance.choice((1, 1, 2, 4, 9, 30, 300)))


def _write_a_label(octets, chance):
    at = chance.randint(16, max(16, len(octets)))
    octets[at:at] = chance.choice(_LABELS) * chance.choice((1, 1, 2, 20))


def _repeat_a_slice(octets, chance):
    at = chance.randint(0, len(octets))
    octets[at:at] = octets[at : at + chance.randint(1, 40)] * chance.choice((1, 1, 3, 30))


def _join_another(octets, chance):
    at = chance.randint(0, len(octets))
    octets[at:] = chance.choice(_GOOD)[at:]


def _swallow_another(octets, chance):
    octets += chance.choice(_GOOD)


def _name_another_command(octets, chance):
    octets[4:8] = chance.choice(_COMMANDS).to_bytes(4, "big")


def _make_it_an_answer(octets, chance):
    octets[4:8] = (int.from_bytes(octets[4:8], "big") ^ 0x80000000).to_bytes(4, "big")


def _change_the_status(octets, chance):
    octets[8:12] = chance.choice((0, 1, 0x58, 0x400, 0xFFFFFFFF)).to_bytes(4, "big")


def _change_the_sequence(octets, chance):
    octets[12:16] = chance.choice((0, 1, 2, 3, 4, 5, 0x7FFFFFFF, 0xFFFFFFFF)).to_bytes(4, "big")


def _change_the_tlvs(octets, chance):
    """Remove, double, swap or add one, or say a false length."""
    command_id, body = int.from_bytes(octets[4:8], "big"), bytes(octets[16:])
    if command_id not in grammar.KNOWN:
        return
    try:
        at = grammar.tlvs_begin_at(command_id, body)
        tlvs, _ = grammar.tlvs_of(body, at)
    except grammar.Refused:
        return
    if tlvs and chance.random() < 0.6:
        which = chance.randrange(len(tlvs))
        match chance.randrange(3):
            case 0:
                del tlvs[which]
            case 1:
                tlvs.append(tlvs[which])
            case _:
                tlvs.insert(0, tlvs.pop(which))
    else:
        tlvs.append((chance.choice(_TAGS), chance.randbytes(chance.choice((0, 1, 2, 3, 8, 70)))))
    lengths = [len(value) for _, value in tlvs]
    if tlvs and chance.random() < 0.3:
        which = chance.randrange(len(tlvs))
        lengths[which] = chance.choice((0, lengths[which] + 1, max(0, lengths[which] - 1), 0xFFFF))
    octets[16 + at :] = b"".join(
        tag.to_bytes(2, "big") + length.to_bytes(2, "big") + value
        for (tag, value), length in zip(tlvs, lengths, strict=True)
    )


_MUTATIONS = (
    *(_flip_a_bit, _flip_a_bit, _set_an_octet, _set_an_octet),
    *(_cut, _remove, _insert, _write_a_label, _repeat_a_slice, _join_another, _swallow_another),
    *(_name_another_command, _make_it_an_answer, _change_the_status, _change_the_sequence),
    *(_change_the_tlvs, _change_the_tlvs, _change_the_tlvs),
)
