"""Inbound PDUs as they are read: addresses, alphabets, headers, positions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simpost.carriers.smpp.inbound import inbound_part_of, status_of
from simpost.config import SmppCarrierSettings as Settings
from simpost.domain.reasons import Reason
from simpost.messaging.reassembly import reassemble
from simpost.smpp import DataSm, DeliverSm, Status, Tag, int_tlv
from simpost.text import GSM7, Encoding, Ports, encode, pack_septets, part_header

CONCAT_8 = bytes.fromhex("050003070201")


def settings(**changed):
    given = {
        "type": "smpp",
        "name": "c",
        "host": "h",
        "system_id": "s",
        "password": "p",
        **changed,
    }
    return Settings.model_validate(given, strict=False)


def read(request, **changed):
    return inbound_part_of(request, settings(**changed), 5)


def text_of(request, **changed):
    return reassemble([read(request, **changed)]).text


def deliver(octets=b"hello", data_coding=0, udhi=False, **fields):
    facts = {
        "source_addr": "447700900123",
        "source_addr_ton": 1,
        "destination_addr": "12345",
        "esm_class": 0x40 if udhi else 0,
        "data_coding": data_coding,
        "short_message": octets,
        **fields,
    }
    return DeliverSm(**facts)


def test_a_text_is_read_with_both_addresses_and_its_time():
    incoming = read(deliver())
    assert (incoming.carrier, incoming.source, incoming.destination) == (
        "c",
        "447700900123",
        "12345",
    )
    assert (incoming.received_ms, incoming.is_text, incoming.place.is_alone) == (5, True, True)


@pytest.mark.parametrize(
    ("source", "ton", "plain"),
    [
        ("+447700900123", 1, "447700900123"),
        ("00447700900123", 0, "447700900123"),
        (" 447700900123 ", 0, "447700900123"),
        ("MyBank", 5, "MyBank"),
        ("0044770090", 5, "0044770090"),
    ],
)
def test_a_source_is_its_digits_whatever_prefix_it_came_with(source, ton, plain):
    assert read(deliver(source_addr=source, source_addr_ton=ton)).source == plain


@pytest.mark.parametrize(
    ("data_coding", "octets", "text"),
    [
        (0x00, b"\x1b\x65\x00", "€@"),
        (0x01, b"@$", "@$"),
        (0x03, b"\xe9", "é"),
        (0x08, "Ελ 😀".encode("utf-16-be"), "Ελ 😀"),
        (0xF0, b"\x02", "$"),
        (0x04, b"\xca\xfe", "cafe"),
        (0xF5, b"\xca\xfe", "cafe"),
    ],
)
def test_each_alphabet_is_read(data_coding, octets, text):
    assert text_of(deliver(octets, data_coding)) == text


def test_the_default_coding_is_the_configured_one():
    assert text_of(deliver(b"\xe9@"), default_alphabet="latin1") == "é@"
    assert text_of(deliver(b"\xe9", 3), default_alphabet="latin1") == "é"
    assert text_of(deliver(b"\x00"), default_alphabet="latin1", default_data_coding=3) == "@"


def test_packed_septets_are_read_where_the_carrier_packs():
    packed = pack_septets(encode("Hello €", GSM7))
    assert text_of(deliver(packed), gsm7="packed") == "Hello €"


def test_national_tables_of_the_header_are_used():
    turkish = Encoding("gsm7", single=1)
    header = part_header(turkish, reference=0, total=1, number=1, bits=8)
    assert text_of(deliver(header + encode("ğışç", turkish), udhi=True)) == "ğışç"


def test_jasmin_1257_other_elements_beside_the_reference_are_tolerated():
    header = bytes.fromhex("0b 00 03 07 02 01 0a 04 00 01 02 03".replace(" ", ""))
    incoming = read(deliver(header + b"hi", udhi=True))
    assert (incoming.place.reference, incoming.place.total, incoming.place.number) == (7, 2, 1)
    assert incoming.octets == b"hi"


@pytest.mark.parametrize(
    ("request_", "kind"),
    [
        (deliver(CONCAT_8 + b"x", udhi=True), "udh8"),
        (deliver(bytes.fromhex("06080400070201") + b"x", udhi=True), "udh16"),
        (
            deliver(
                b"x",
                tlvs=(
                    int_tlv(Tag.SAR_MSG_REF_NUM, 7, 2),
                    int_tlv(Tag.SAR_TOTAL_SEGMENTS, 2, 1),
                    int_tlv(Tag.SAR_SEGMENT_SEQNUM, 1, 1),
                ),
            ),
            "sar",
        ),
        (
            DataSm(
                esm_class=0x40,
                tlvs=((Tag.MESSAGE_PAYLOAD, CONCAT_8 + b"x"),),
            ),
            "udh8",
        ),
    ],
)
def test_each_kind_of_concatenation_gives_the_same_position(request_, kind):
    place = read(request_).place
    assert (place.kind, place.reference, place.total, place.number) == (kind, 7, 2, 1)
    assert read(request_).octets == b"x"


@pytest.mark.parametrize("total, number", [(0, 0), (2, 3), (1, 1), (2, 0)])  # noqa: PT006
def test_a_part_numbered_impossibly_is_a_message_of_its_own(total, number):
    tlvs = (
        int_tlv(Tag.SAR_MSG_REF_NUM, 7, 2),
        int_tlv(Tag.SAR_TOTAL_SEGMENTS, total, 1),
        int_tlv(Tag.SAR_SEGMENT_SEQNUM, number, 1),
    )
    assert read(deliver(tlvs=tlvs)).place.is_alone


def test_a_long_text_comes_in_message_payload():
    payload = b"long " * 100
    request = deliver(b"", tlvs=((Tag.MESSAGE_PAYLOAD, payload),))
    assert text_of(request) == payload.decode()


def test_a_port_addressed_message_is_not_text_for_a_person():
    header = part_header(GSM7, reference=0, total=1, number=1, bits=8, ports=Ports(2948))
    assert not read(deliver(header + b"x", udhi=True)).is_text
    assert not read(deliver(tlvs=(int_tlv(Tag.DESTINATION_PORT, 2948, 2),))).is_text


def test_the_same_text_has_the_same_fingerprint_and_another_text_another():
    assert read(deliver()).place == read(deliver()).place
    assert read(deliver()).place != read(deliver(b"hallo")).place
    assert read(deliver()).place != read(deliver(data_coding=4)).place


@given(
    st.binary(max_size=160),
    st.integers(0, 255),
    st.integers(0, 255),
    st.lists(st.tuples(st.sampled_from([int(tag) for tag in Tag]), st.binary(max_size=6))),
)
def test_any_octets_are_read(octets, data_coding, esm_class, tlvs):
    request = deliver(octets, data_coding, tlvs=tuple(tlvs))
    request.esm_class = esm_class
    incoming = read(request)
    assert isinstance(reassemble([incoming]).text, str)
    assert 1 <= incoming.place.number <= incoming.place.total <= 255
    assert -(2**63) <= incoming.place.reference < 2**63


@pytest.mark.parametrize("reason", list(Reason))
def test_every_refusal_is_final_for_the_message_centre(reason):
    ours = reason in (Reason.NO_ROUTE, Reason.NO_ADDRESS)
    assert status_of(reason) == (Status.ESME_RX_P_APPN if ours else Status.ESME_RX_R_APPN)


@pytest.mark.parametrize(
    "octets",
    [
        bytes.fromhex("06050003070201"),  # one octet too many said
        bytes.fromhex("7f0003070201"),  # longer than all that came
        bytes.fromhex("050003070201")[:5],
        bytes.fromhex("0300") + b"hello",  # an element that is cut
        b"hello, I have no header at all",
        b"",
    ],
)
def test_a_broken_header_is_undecodable_and_no_empty_text(octets):
    incoming = read(deliver(octets, udhi=True))
    reading = reassemble([incoming])
    assert (reading.encoding, reading.text) == ("undecodable", octets.hex())
    assert not incoming.is_text
    assert incoming.raw.octets == octets


@pytest.mark.parametrize("carrying", ["short_message", "message_payload"])
@pytest.mark.parametrize("kind", [DeliverSm, DataSm])
def test_octets_are_kept_as_they_came_with_what_tells_how_to_read_them(kind, carrying):
    octets = CONCAT_8 + b"\x82\xa0"
    fields = {"esm_class": 0x43, "data_coding": 0x05}
    if carrying == "short_message" and kind is DeliverSm:
        fields["short_message"] = octets
    else:
        fields["tlvs"] = ((Tag.MESSAGE_PAYLOAD, octets),)
    raw = read(kind(**fields)).raw
    assert (raw.octets, raw.size) == (octets, 8)
    assert (raw.number, raw.data_coding, raw.esm_class) == (1, 5, 0x43)


def test_the_octets_kept_of_one_pdu_are_bounded():
    payload = bytes(60_000)
    raw = read(DataSm(tlvs=((Tag.MESSAGE_PAYLOAD, payload),))).raw
    assert (len(raw.octets), raw.size) == (8_192, 60_000)
