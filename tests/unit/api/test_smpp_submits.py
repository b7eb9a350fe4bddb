"""A submit_sm is read as the standard says, or refused with the status of the wrong field."""

import contextlib
from datetime import UTC, datetime, timedelta

import pytest
import smpplib.gsm
from hypothesis import given
from hypothesis import strategies as st

from simpost.api.smpp.reference import parse_reference
from simpost.api.smpp.submits import MAX_PARTS, REQUEST_ID, SubmitError, read_submit
from simpost.messaging.reassembly import reassemble
from simpost.smpp import (
    Status,
    SubmitSm,
    Tag,
    cstring_tlv,
    decode,
    encode,
    format_absolute,
    format_relative,
    int_tlv,
)

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)
NUMBER = "66810000001"


def submit(**fields):
    """What simpost reads of a submit_sm that crossed the wire."""
    given = {"destination_addr": NUMBER, "short_message": b"Hello", **fields}
    octets = encode(SubmitSm(**given))
    return read_submit(decode(octets), "shop", NOW)


def status_of(**fields):
    with pytest.raises(SubmitError) as refused:
        submit(**fields)
    return refused.value.status


def text_of(read):
    return reassemble([read.part]).text


@pytest.mark.parametrize(
    ("address", "ton", "npi", "name"),
    [
        ("66810000001", 1, 1, ("66810000001", None, None)),
        ("+66810000001", 0, 0, ("66810000001", None, None)),
        ("0066810000001", 0, 1, ("66810000001", None, None)),
        ("66810000001", 2, 1, ("66810000001", None, None)),  # as Kannel sends by default
        ("8966000000000000012", 0, 0, (None, "8966000000000000012", None)),
        ("89660000000000000123", 1, 1, (None, "89660000000000000123", None)),
        ("26010100000001", 0, 9, (None, None, "26010100000001")),
    ],
)
def test_the_destination_is_a_number_an_iccid_or_an_esim_tran_no(address, ton, npi, name):
    read = submit(destination_addr=address, dest_addr_ton=ton, dest_addr_npi=npi)
    assert (read.msisdn, read.iccid, read.esim_tran_no) == name


@pytest.mark.parametrize(
    ("address", "ton", "npi", "status"),
    [
        ("", 1, 1, Status.ESME_RINVDSTADR),
        ("66 81", 1, 1, Status.ESME_RINVDSTADR),
        ("1234567890123456", 1, 1, Status.ESME_RINVDSTADR),  # more than E.164 allows
        ("Shop", 5, 0, Status.ESME_RINVDSTTON),
        ("", 0, 9, Status.ESME_RINVDSTADR),
    ],
)
def test_a_destination_that_names_nothing_is_refused(address, ton, npi, status):
    fields = {"destination_addr": address, "dest_addr_ton": ton, "dest_addr_npi": npi}
    assert status_of(**fields) == status


@pytest.mark.parametrize(
    ("address", "ton", "sender"),
    [("", 0, None), ("+4455", 1, "4455"), ("4455", 0, "4455"), ("My Shop", 5, "My Shop")],
)
def test_the_sender_is_the_source_address(address, ton, sender):
    assert submit(source_addr=address, source_addr_ton=ton).sender == sender


@pytest.mark.parametrize("address", ["Shop!", "TwelveLetter", "1234567890123456"])
def test_a_source_address_that_no_handset_shows_is_refused(address):
    assert status_of(source_addr=address) == Status.ESME_RINVSRCADR


@given(
    st.text(
        st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="`"), max_size=60
    ).filter(lambda text: 0 < len(text.encode("utf-16-be")) <= 140)  # one part in UCS-2, too
)
def test_a_text_of_smpplib_is_read_as_it_was_written(text):
    """smpplib writes ` as the octet of § (3GPP TS 23.038 6.2.1)."""
    [part], coding, esm_class = smpplib.gsm.make_parts(text)
    assert text_of(submit(short_message=part, data_coding=coding, esm_class=esm_class)) == text


@pytest.mark.parametrize(
    ("coding", "octets", "text"),
    [
        (0, b"\x00\x1b\x65", "@€"),  # 3GPP TS 23.038 6.2.1
        (1, b"a@", "a@"),
        (3, b"\xe9", "é"),
        (8, b"\x20\xac", "€"),
        (0xF0, b"flash", "flash"),
        (0x18, b"\x00A", "A"),
    ],
)
def test_a_text_is_read_in_its_coding(coding, octets, text):
    assert text_of(submit(data_coding=coding, short_message=octets)) == text


@pytest.mark.parametrize(("coding", "shown"), [(0xF0, 0), (0xF1, 1), (0x10, 0), (0, None)])
def test_the_class_is_that_of_the_coding(coding, shown):
    assert submit(data_coding=coding).message_class == shown


@pytest.mark.parametrize("coding", [2, 4, 9, 10 + 1, 0xF4, 0x14])
def test_what_is_no_text_is_refused(coding):
    assert status_of(data_coding=coding) == Status.ESME_RINVDCS


def test_a_payload_is_a_text_without_a_short_message():
    payload = (Tag.MESSAGE_PAYLOAD, b"x" * 500)
    assert text_of(submit(short_message=b"", tlvs=(payload,))) == "x" * 500
    assert status_of(tlvs=(payload,)) == Status.ESME_RINVMSGLEN
    assert status_of(short_message=b"") == Status.ESME_RINVMSGLEN
    long = (Tag.MESSAGE_PAYLOAD, b"x" * 8_193)
    assert status_of(short_message=b"", tlvs=(long,)) == Status.ESME_RINVMSGLEN


@pytest.mark.parametrize("esm_class", [0x04, 0x08, 0x10, 0x20, 0x3C])
def test_no_receipt_and_no_acknowledgement_is_sent_to_an_esim(esm_class):
    assert status_of(esm_class=esm_class) == Status.ESME_RINVESMCLASS


@pytest.mark.parametrize("esm_class", [0x01, 0x02, 0x03, 0x80])
def test_modes_and_the_reply_path_are_ignored(esm_class):
    assert text_of(submit(esm_class=esm_class)) == "Hello"


@pytest.mark.parametrize("octets", [b"\x06\x05\x04\x0b\x84\x23\xf0x", b"\x05\x00\x03", b"\x7fx"])
def test_a_broken_header_and_a_port_are_refused(octets):
    assert status_of(esm_class=0x40, short_message=octets) == Status.ESME_RINVESMCLASS


def test_a_relative_validity_counts_in_seconds_and_an_absolute_one_is_a_time():
    hour = timedelta(hours=1)
    assert submit(validity_period=format_relative(hour)).validity_s == 3_600
    assert submit(validity_period=format_absolute(NOW + hour)).expires_at_ms == NOW_MS + 3_600_000
    nothing = submit()
    assert (nothing.validity_s, nothing.expires_at_ms) == (None, None)


def test_a_schedule_is_relative_or_absolute():
    for text in (format_relative(timedelta(days=2)), format_absolute(NOW + timedelta(days=2))):
        assert submit(schedule_delivery_time=text).send_at_ms == NOW_MS + 172_800_000
    assert submit().send_at_ms is None


@pytest.mark.parametrize("text", ["000000000000000R", "000031000000000R"])
def test_no_validity_and_one_beyond_30_days_are_refused(text):
    assert status_of(validity_period=text) == Status.ESME_RINVEXPIRY


def test_times_that_are_none_are_refused():
    assert status_of(schedule_delivery_time="x" * 16) == Status.ESME_RINVSCHED
    assert status_of(validity_period="261332000000000+") == Status.ESME_RINVEXPIRY


def test_an_idempotency_key_is_visible_ascii():
    assert submit(tlvs=((REQUEST_ID, b"order-7"),)).request_id == "order-7"
    assert submit(tlvs=(cstring_tlv(REQUEST_ID, "order-7"),)).request_id == "order-7"
    for wrong in (b"", b"\0", b"a b", b"\xff", b"x" * 101):
        assert status_of(tlvs=((REQUEST_ID, wrong),)) == Status.ESME_RINVTLVVAL


def test_replacing_and_predefined_messages_are_refused():
    assert status_of(replace_if_present_flag=1) == Status.ESME_RINVREPFLAG
    assert status_of(sm_default_msg_id=1) == Status.ESME_RINVDFTMSGID


def test_the_reference_has_what_a_receipt_needs_and_no_number():
    read = submit(
        source_addr="4455",
        source_addr_ton=3,
        source_addr_npi=8,
        dest_addr_ton=2,
        dest_addr_npi=1,
        registered_delivery=0x11,
        tlvs=(int_tlv(Tag.USER_MESSAGE_REFERENCE, 0xBEEF, 2),),
    )
    text = str(read.reference)
    assert NUMBER not in text
    assert parse_reference(text) == read.reference
    assert read.reference.wanted == (1,)
    assert read.reference.destination == ("msisdn", 2, 1)
    assert read.reference.source == (3, 8, "4455")
    assert read.reference.user_reference == "beef"


@given(st.binary(max_size=300), st.integers(0, 255), st.integers(0, 255))
def test_whatever_the_octets_are_they_are_read_or_refused(octets, coding, esm_class):
    request = SubmitSm(
        destination_addr=NUMBER, short_message=octets, data_coding=coding, esm_class=esm_class
    )
    with contextlib.suppress(SubmitError):
        read = read_submit(request, "shop", NOW)
        assert read.part.place.total <= MAX_PARTS
        reassemble([read.part])


@pytest.mark.parametrize(("alphabet", "text"), [("ascii", "A{}"), ("gsm7", "Aäñ")])
def test_coding_1_is_what_the_settings_say(alphabet, text):
    request = SubmitSm(destination_addr=NUMBER, short_message=b"A\x7b\x7d", data_coding=1)
    assert text_of(read_submit(request, "shop", NOW, {0: "gsm7", 1: alphabet})) == text
