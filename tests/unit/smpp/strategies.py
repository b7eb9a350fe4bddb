"""PDUs of every class with any values the standard allows."""

from typing import Any, TypeVar

from hypothesis import strategies as st

from simpost.smpp import PDU_CLASSES, DistributionList, Pdu, SmeAddress, UnknownPdu, UnsuccessSme
from simpost.smpp.fields import CString, FieldType, Integer, ShortMessage, Time
from simpost.smpp.pdu import layout
from simpost.smpp.pdu.multi import Destinations, UnsuccessSmes

P = TypeVar("P", bound=Pdu)

octet = st.integers(0, 255)
word = st.integers(0, 0xFFFFFFFF)


def latin1(max_size: int, min_size: int = 0) -> st.SearchStrategy[str]:
    """Every octet but NUL."""
    characters = st.characters(min_codepoint=1, max_codepoint=255)
    return st.text(characters, min_size=min_size, max_size=max_size)


tlvs = st.lists(st.tuples(st.integers(0, 0xFFFF), st.binary(max_size=40)), max_size=4).map(tuple)


def values(kind: FieldType) -> st.SearchStrategy[Any]:
    match kind:
        case Time():
            return st.one_of(st.just(""), latin1(16, 16))
        case CString():
            return latin1(kind.max_octets - 1)
        case Integer():
            return st.integers(0, 256**kind.octets - 1)
        case ShortMessage():
            return st.binary(max_size=255)
        case Destinations():
            sme = st.builds(SmeAddress, octet, octet, latin1(20))
            return st.lists(sme | st.builds(DistributionList, latin1(20)), max_size=5).map(tuple)
        case UnsuccessSmes():
            failed = st.builds(UnsuccessSme, octet, octet, latin1(20), word)
            return st.lists(failed, max_size=5).map(tuple)
    raise AssertionError(f"no strategy for {kind}")


def pdus_of(pdu_class: type[P]) -> st.SearchStrategy[P]:
    fields = {name: values(kind) for name, kind in layout(pdu_class)}
    return st.builds(pdu_class, command_status=word, sequence_number=word, tlvs=tlvs, **fields)


unknown_pdus = st.builds(
    UnknownPdu,
    command_id=word.filter(lambda command_id: command_id not in PDU_CLASSES),
    command_status=word,
    sequence_number=word,
    body=st.binary(max_size=64),
)
any_pdu = st.one_of(unknown_pdus, *[pdus_of(pdu) for pdu in PDU_CLASSES.values()])
