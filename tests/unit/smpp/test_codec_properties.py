import pytest
from hypothesis import given

from simpost.smpp import (
    PDU_CLASSES,
    Framer,
    Pdu,
    RecoverablePduError,
    decode,
    encode,
)
from tests.unit.smpp.strategies import any_pdu, pdus_of
from tests.unit.smpp.vectors import VECTORS, Vector


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
        assert framer.buffered_octets == cut
        assert framer.feed(octets[cut:]) == [pdu]
        assert framer.buffered_octets == 0


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)
def test_a_body_cut_at_every_octet_is_a_declared_error_or_a_shorter_pdu(vector: Vector) -> None:
    """With command_length made right again, so that only the body is at fault."""
    for cut in range(16, len(vector.octets)):
        short = cut.to_bytes(4, "big") + vector.octets[4:cut]
        (read,) = Framer().feed(short)
        if isinstance(read, Pdu):
            assert type(read) is type(vector.pdu)
            if read == vector.pdu:  # a response may lack its last NUL
                assert (read.is_response, cut) == (True, len(vector.octets) - 1)
        else:
            assert isinstance(read, RecoverablePduError)
            assert (read.command_id, read.fatal) == (vector.pdu.command_id, False)
            assert read.sequence_number == vector.pdu.sequence_number
            assert read.body == short[16:]
            assert read.status > 0
