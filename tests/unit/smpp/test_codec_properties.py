import os
import random

import pytest
from hypothesis import given

from simpost.smpp import (
    PDU_CLASSES,
    FatalPduError,
    FieldError,
    Framer,
    Pdu,
    RecoverablePduError,
    decode,
    encode,
)
from tests.unit.smpp.strategies import any_pdu, pdus_of
from tests.unit.smpp.vectors import VECTORS, Vector

MUTATIONS = int(os.environ.get("SIMPOST_SMPP_MUTATIONS", "100000"))


@pytest.mark.parametrize("pdu_class", PDU_CLASSES.values(), ids=lambda cls: cls.__name__)
def test_what_is_written_is_read_back(pdu_class: type[Pdu]) -> None:
    @given(pdus_of(pdu_class))
    def round_trip(pdu: Pdu) -> None:
        octets = encode(pdu)
        assert decode(octets) == pdu
        assert encode(decode(octets)) == octets

    round_trip()


@given(any_pdu)
def test_a_pdu_cut_anywhere_waits_for_the_rest(pdu: Pdu) -> None:
    octets = encode(pdu)
    for cut in range(1, len(octets)):
        framer = Framer()
        assert framer.feed(octets[:cut]) == []
        assert framer.held_octets == cut
        assert framer.feed(octets[cut:]) == [pdu]
        assert framer.held_octets == 0


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)
def test_a_body_cut_at_every_octet_is_a_declared_error_or_a_shorter_pdu(vector: Vector) -> None:
    """With command_length made right again, so that only the body is at fault."""
    for cut in range(16, len(vector.octets)):
        short = cut.to_bytes(4, "big") + vector.octets[4:cut]
        (read,) = Framer().feed(short)
        if isinstance(read, Pdu):
            assert type(read) is type(vector.pdu)
            assert read.is_response or read != vector.pdu  # a response may lack its last NUL
        else:
            assert isinstance(read, RecoverablePduError)
            assert (read.command_id, read.fatal) == (vector.pdu.command_id, False)
            assert read.sequence_number == vector.pdu.sequence_number
            assert read.body == short[16:]
            assert read.status > 0


def mutate(octets: bytes, chance: random.Random) -> bytes:
    mutated = bytearray(octets)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(mutated)) if mutated else 0
        match chance.randrange(5):
            case 0 if mutated:
                mutated[at] ^= 1 << chance.randrange(8)
            case 1 if mutated:
                mutated[at] = chance.randrange(256)
            case 2:
                del mutated[at:]
            case 3:
                mutated[at:at] = chance.randbytes(chance.randint(1, 20))
            case _:
                del mutated[at : at + chance.randint(1, 4)]
    if chance.random() < 0.7 and len(mutated) >= 4:
        mutated[:4] = len(mutated).to_bytes(4, "big")
    return bytes(mutated)


def test_mutated_pdus_end_in_pdus_and_declared_errors_only() -> None:
    chance = random.Random(1999)
    good = encode(VECTORS[0].pdu)
    read = refused = 0
    for number in range(MUTATIONS):
        framer = Framer()
        found = framer.feed(mutate(VECTORS[number % len(VECTORS)].octets, chance))
        assert framer.held_octets <= 64 * 1024
        assert framer.broken == any(isinstance(one, FatalPduError) for one in found)
        for one in found:
            if isinstance(one, Pdu):
                read += 1
                encode_again(one)
            else:
                assert isinstance(one, FatalPduError | RecoverablePduError)
                refused += 1
        if not framer.broken and framer.held_octets == 0:
            assert framer.feed(good) == [VECTORS[0].pdu]
    assert read > MUTATIONS // 10
    assert refused > MUTATIONS // 10


def encode_again(pdu: Pdu) -> None:
    """What was read can be written and read again, unless it broke the standard's own lengths."""
    try:
        octets = encode(pdu)
    except FieldError:
        return
    assert decode(octets) == pdu
