"""A text from a handset is a deliver_sm that smpplib reads as it was written."""

import pytest
import smpplib.consts
import smpplib.gsm
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from simpost.api.smpp.replies import MAX_SHORT_OCTETS, inbound_id_of, reply_of
from simpost.domain.inbound import InboundMessage, InboundState
from simpost.domain.texts import TextAbsence
from simpost.smpp import Tag, decode, encode

INBOUND = InboundMessage(
    id=bytes(16),
    account_id=1,
    esim_tran_no="E-1",
    carrier="one",
    source="66810000001",
    destination="4455",
    state=InboundState.RECEIVED,
    reason=None,
    encoding="gsm7",
    text="Hello",
    part_count=1,
    missing=(),
    message_id=None,
    received_ms=0,
)


def sent(text, alphabet="gsm7", **fields):
    """The PDU as it crosses the wire."""
    pdu = reply_of(replace(INBOUND, text=text, **fields), alphabet)
    pdu.sequence_number = 1
    return decode(encode(pdu))


def octets_of(pdu):
    assert (pdu.tlv(Tag.MESSAGE_PAYLOAD) is None) == bool(pdu.short_message)
    return pdu.short_message or pdu.tlv(Tag.MESSAGE_PAYLOAD)


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="`§\x1b\f"), min_size=1))
def test_a_text_is_in_the_default_alphabet_if_that_has_every_character(text):
    """smpplib writes ` as the octet of §, and ESC alone, which announces an extension.

    It has no page break (a form feed), which is an extension. Source: 3GPP TS 23.038 6.2.1.
    """
    pdu = sent(text)
    try:
        expected = smpplib.gsm.gsm_encode(text)
    except UnicodeError:
        assert pdu.data_coding == smpplib.consts.SMPP_ENCODING_ISO10646
        assert octets_of(pdu).decode("utf-16-be") == text
    else:
        assert pdu.data_coding == smpplib.consts.SMPP_ENCODING_DEFAULT
        assert octets_of(pdu) == expected


@pytest.mark.parametrize(("count", "is_payload"), [(1, False), (127, False), (128, True)])
def test_a_long_text_is_in_the_payload(count, is_payload):
    pdu = sent("Г" * count)
    assert (pdu.tlv(Tag.MESSAGE_PAYLOAD) is not None) == is_payload
    assert len(octets_of(pdu)) == 2 * count
    assert is_payload == (2 * count > MAX_SHORT_OCTETS)


def test_latin1_is_written_where_it_is_the_default():
    assert (sent("é", "latin1").data_coding, sent("é", "latin1").short_message) == (0, b"\xe9")
    assert sent("€", "latin1").data_coding == 8


@pytest.mark.parametrize(
    ("source", "ton_npi"),
    [("66810000001", (1, 1)), ("4455", (3, 0)), ("Shop", (5, 0)), ("x" * 30, (0, 0))],
)
def test_an_address_has_its_type_and_fits(source, ton_npi):
    pdu = sent("Hello", source=source)
    assert (pdu.source_addr_ton, pdu.source_addr_npi) == ton_npi
    assert pdu.source_addr == source[:20]


def test_an_erased_text_is_not_sent():
    assert reply_of(replace(INBOUND, text="", text_absence=TextAbsence.KEY_MISSING), "gsm7") is None


def test_only_events_with_an_inbound_message_are_replies():
    known = "019a4c7e-7a02-7d11-8b6e-5f0a2c9d4e33"
    assert inbound_id_of({"inboundId": known}) == bytes.fromhex(known.replace("-", ""))
    for other in ({}, {"inboundId": None}, {"inboundId": "7"}):
        assert inbound_id_of(other) is None
