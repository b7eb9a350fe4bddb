from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simpost.smpp import (
    DataSm,
    DeliverSm,
    EnquireLink,
    MessageState,
    ParsedReceipt,
    SubmitSm,
    Tlvs,
    format_receipt,
    is_receipt,
    looks_like_receipt,
    parse_receipt,
    receipt_tlvs,
)
from simpost.smpp.receipt import parse_receipt_text
from tests.unit.smpp.strategies import latin1, pdus_of, tlvs

MORNING = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
DELIVERED = MessageState.DELIVERED
PLAIN = (
    b"id:0A1b sub:001 dlvrd:001 submit date:2611220930 done date:2611221200 stat:DELIVRD err:000"
)


def read(text: bytes, **fields: Any) -> ParsedReceipt:
    return parse_receipt(DeliverSm(esm_class=4, short_message=text, **fields))


def test_the_form_of_appendix_b_is_read() -> None:
    receipt = read(PLAIN + b" text:Your data plan is ac")
    assert receipt == ParsedReceipt(
        message_id="0A1b",
        state=DELIVERED,
        error="000",
        submitted=MORNING,
        done=NOON,
        raw=receipt.raw,
    )
    assert receipt.raw["text"] == "Your data plan is ac"


@pytest.mark.parametrize(
    "text",
    [
        PLAIN + b" text:hi",
        PLAIN + b" Text:hi",
        PLAIN,
        PLAIN.upper().replace(b"0A1B", b"0A1b") + b" TEXT:",
        PLAIN.replace(b" sub", b",sub").replace(b" stat", b", stat").replace(b" err", b",err"),
        PLAIN.replace(b":", b": "),
        PLAIN.replace(b":", b" : "),
        b"  " + PLAIN + b"\r\n\0",
        PLAIN.replace(b"submit date", b"submit_date").replace(b"done date", b"donedate"),
        PLAIN.replace(b"0930", b"093000").replace(b"1200", b"120000"),
        PLAIN.replace(b"2611220930", b"202611220930").replace(b"2611221200", b"202611221200"),
        PLAIN.replace(b"2611220930", b"20261122093000").replace(b"2611221200", b"20261122120000"),
        PLAIN.replace(b"2611220930", b"261122093000000+"),
        PLAIN.replace(b"DELIVRD", b"delivered"),
        b"err:000 stat:DELIVRD done date:2611221200 submit date:2611220930 id:0A1b",
        PLAIN.decode().encode("utf-16-be"),
    ],
)
def test_every_spelling_seen_in_the_field_says_the_same(text: bytes) -> None:
    """php-smpp#70, jasmin#447, jasmin#760."""
    receipt = read(text, data_coding=8 if text[:1] == b"\0" else 0)
    assert (receipt.message_id, receipt.state, receipt.error) == ("0A1b", DELIVERED, "000")
    assert (receipt.submitted, receipt.done) == (MORNING, NOON)


@pytest.mark.parametrize(
    "message_id",
    ["0A1B2C", "0a1b2c", "00000042", "42", "3735928559", "DEADBEEF", "c449ab97-44f4", "a@b_c/d+e="],
)
def test_an_id_stays_exactly_as_received(message_id: str) -> None:
    """jasmin#643, #375, #1129: case, base and padding are for the one who matches to know."""
    assert read(PLAIN.replace(b"0A1b", message_id.encode())).message_id == message_id
    by_tlv = DeliverSm(esm_class=4, tlvs=((0x001E, message_id.encode()),))
    assert parse_receipt(by_tlv).message_id == message_id


def test_tlvs_come_before_the_text() -> None:
    tlvs = receipt_tlvs("from-tlv", MessageState.EXPIRED, (3, 0x0102))
    receipt = read(PLAIN, tlvs=tlvs)
    assert receipt.message_id == "from-tlv"
    assert receipt.state is MessageState.EXPIRED
    assert receipt.network_error == (3, 0x0102)
    assert receipt.error == "000"


def test_of_repeated_tlvs_the_first_is_used() -> None:
    doubled = DeliverSm(esm_class=4, tlvs=((0x001E, b"one\0"), (0x001E, b"two\0")))
    assert parse_receipt(doubled).message_id == "one"


def test_a_receipt_without_text_is_read_from_its_tlvs() -> None:
    receipt = read(b"", tlvs=receipt_tlvs("7", MessageState.SKIPPED))
    assert (receipt.message_id, receipt.state) == ("7", MessageState.SKIPPED)
    assert receipt.raw == {}


def test_a_receipt_in_message_payload_is_read() -> None:
    for pdu in (DeliverSm(tlvs=((0x0424, PLAIN),)), DataSm(tlvs=((0x0424, PLAIN),))):
        assert parse_receipt(pdu).message_id == "0A1b"


def test_a_user_data_header_before_the_text_is_skipped() -> None:
    udh = bytes.fromhex("050003010201")
    pdu = DeliverSm(esm_class=0x44, short_message=udh + PLAIN)
    assert is_receipt(pdu)
    assert parse_receipt(pdu).message_id == "0A1b"


def test_what_is_missing_is_none_and_nothing_is_guessed() -> None:
    assert read(b"") == ParsedReceipt(raw={})
    receipt = read(b"id: stat:MAYBE err: done date:2613450000 submit date:yesterday")
    assert receipt == ParsedReceipt(raw=receipt.raw)
    assert receipt.raw["stat"] == "MAYBE"
    assert receipt.raw["donedate"] == "2613450000"


@pytest.mark.parametrize("value", [b"", b"\x0a", b"\xff", b"\0\x02"])
def test_an_unknown_message_state_leaves_the_state_of_the_text(value: bytes) -> None:
    assert read(PLAIN, tlvs=((0x0427, value),)).state is DELIVERED
    assert read(b"", tlvs=((0x0427, value),)).state is None


@pytest.mark.parametrize("value", [b"", b"\x03\0", b"\x03\0\0\0"])
def test_a_network_error_code_of_a_wrong_length_is_ignored(value: bytes) -> None:
    assert read(PLAIN, tlvs=((0x0423, value),)).network_error is None


def test_labels_inside_the_repeated_text_are_text() -> None:
    receipt = read(PLAIN + b" text:id:99 stat:REJECTD")
    assert (receipt.message_id, receipt.state) == ("0A1b", DELIVERED)
    assert parse_receipt_text("stat:DELIVRD text:x id:9") == {"stat": "DELIVRD", "text": "x id:9"}


def test_a_label_inside_another_word_is_no_label() -> None:
    assert parse_receipt_text("paid:1 sid:2 id:3") == {"id": "3"}


@pytest.mark.parametrize(
    ("esm_class", "expected"),
    [(0x00, False), (0x04, True), (0x44, True), (0x20, True), (0x08, False), (0x10, False),
     (0x18, False), (0xC4, True)],
)  # fmt: skip
def test_esm_class_marks_a_receipt(esm_class: int, expected: bool) -> None:
    """Delivery and manual acknowledgements are of the handset, not of the message centre."""
    assert is_receipt(DeliverSm(esm_class=esm_class, short_message=b"hello")) is expected


def test_tlvs_mark_a_receipt_when_esm_class_does_not() -> None:
    both = ((0x001E, b"7"), (0x0427, b"\x02"))
    assert is_receipt(DeliverSm(tlvs=both))
    assert is_receipt(DataSm(tlvs=both))
    assert is_receipt(DeliverSm(tlvs=both[:1], short_message=PLAIN))
    assert is_receipt(DeliverSm(tlvs=both[1:], short_message=PLAIN))
    assert not is_receipt(DeliverSm(tlvs=((0x0204, b"\0\x01"),)))


@pytest.mark.parametrize(
    "tlvs",
    [
        ((0x001E, b"7"),),
        ((0x0427, b"\x02"),),
        ((0x001E, b"\0"), (0x0427, b"\x02")),
        ((0x001E, b"7"), (0x0427, b"\x63")),
        ((0x001E, b"7"), (0x0427, b"\0\x02")),
    ],
)
def test_a_normal_message_with_half_of_a_receipt_stays_a_message(
    tlvs: tuple[tuple[int, bytes], ...],
) -> None:
    """SMPP 3.4 5.2.12: an esm_class of 0 is a normal message."""
    assert not is_receipt(DeliverSm(tlvs=tlvs, short_message=b"hello"))
    assert is_receipt(DeliverSm(tlvs=tlvs, esm_class=4))


def test_a_different_id_in_the_text_is_kept_beside_that_of_the_tlv() -> None:
    other = parse_receipt(DeliverSm(short_message=PLAIN, tlvs=((0x001E, b"7\0"),)))
    assert (other.message_id, other.text_id) == ("7", "0A1b")
    same = parse_receipt(DeliverSm(short_message=PLAIN, tlvs=((0x001E, b"0A1b"),)))
    assert (same.message_id, same.text_id) == ("0A1b", None)
    assert parse_receipt(DeliverSm(short_message=PLAIN)).text_id is None


@pytest.mark.parametrize("data_coding", [0, 3, 8])
@pytest.mark.parametrize("charset", ["utf-16-be", "utf-16-le"])
def test_a_byte_order_mark_decides_the_byte_order_of_a_receipt(
    charset: str, data_coding: int
) -> None:
    receipt = read(("\ufeff" + PLAIN.decode()).encode(charset), data_coding=data_coding)
    assert (receipt.message_id, receipt.state, receipt.error) == ("0A1b", DELIVERED, "000")
    assert (receipt.submitted, receipt.done) == (MORNING, NOON)


def test_an_id_and_an_error_have_no_nul() -> None:
    receipt = read(PLAIN.replace(b"0A1b", b"0A1b\0").replace(b"err:000", b"err:00\0") + b" text:")
    assert (receipt.message_id, receipt.error) == ("0A1b", "00")


def test_a_text_that_looks_like_a_receipt_is_a_text() -> None:
    assert not is_receipt(DeliverSm(short_message=PLAIN))


@pytest.mark.parametrize(
    "text",
    [
        PLAIN,
        PLAIN + b" text:",
        PLAIN + b" Text:id:7 stat:UNDELIV",
        PLAIN.upper(),
        PLAIN.replace(b" sub", b",sub"),
        PLAIN.replace(b"2611220930", b"261122093059"),
    ],
)
def test_a_text_of_appendix_b_from_end_to_end_reads_as_a_receipt(text: bytes) -> None:
    assert looks_like_receipt(DeliverSm(short_message=text))
    assert looks_like_receipt(DataSm(tlvs=((0x0424, text),)))


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"id:",
        b"my " + PLAIN,
        PLAIN.replace(b"0A1b", b""),
        PLAIN.replace(b"sub:001 ", b""),
        PLAIN.replace(b"dlvrd:001", b"dlvrd:all"),
        PLAIN.replace(b"2611221200", b"today"),
        PLAIN.replace(b"DELIVRD", b"SOON"),
        PLAIN.replace(b" err:000", b""),
    ],
)
def test_a_text_with_a_part_of_appendix_b_does_not_read_as_a_receipt(text: bytes) -> None:
    assert not looks_like_receipt(DeliverSm(short_message=text))


def test_a_text_after_a_header_does_not_read_as_a_receipt() -> None:
    assert not looks_like_receipt(DeliverSm(esm_class=0x40, short_message=b"\0" + PLAIN))


@given(pdus_of(DeliverSm))
def test_reads_as_receipt_takes_any_octets(pdu: DeliverSm) -> None:
    assert looks_like_receipt(pdu) in {True, False}


def test_what_cannot_be_a_receipt_is_none() -> None:
    assert not is_receipt(SubmitSm(esm_class=4))
    assert not is_receipt(EnquireLink())


@pytest.mark.parametrize(
    ("esm_class", "stat", "expected"),
    [(0x20, b"DELIVRD", True), (0x04, b"ENROUTE", True), (0x04, b"DELIVRD", False),
     (0x04, b"ACCEPTD", False)],
)  # fmt: skip
def test_an_intermediate_notice_is_not_final(esm_class: int, stat: bytes, expected: bool) -> None:
    pdu = DeliverSm(esm_class=esm_class, short_message=PLAIN.replace(b"DELIVRD", stat))
    assert parse_receipt(pdu).intermediate is expected


@given(
    message_id=st.text("0123456789abcdefABCDEF-", min_size=1, max_size=64),
    state=st.sampled_from(MessageState),
    minutes=st.integers(0, 60 * 24 * 365),
    text=st.binary(max_size=40),
)
def test_what_is_formatted_is_read_back(
    message_id: str, state: MessageState, minutes: int, text: bytes
) -> None:
    done = MORNING + timedelta(minutes=minutes)
    written = format_receipt(
        message_id, state, submitted=MORNING, done=done, error="1FF", text=text
    )
    receipt = parse_receipt(DeliverSm(esm_class=4, short_message=written))
    assert (receipt.message_id, receipt.state, receipt.error) == (message_id, state, "1FF")
    assert (receipt.submitted, receipt.done) == (MORNING, done)
    assert receipt.raw["text"] == text[:20].decode("latin-1")


@given(st.text("0123456789abcdef", max_size=20), st.sampled_from(["DELIVRD", "x", ""]))
def test_the_fast_and_the_tolerant_parser_agree(message_id: str, stat: str) -> None:
    form = f"id:{message_id} sub:1 dlvrd:1 submit date:1 done date:2 stat:{stat} err:0 text:id:9"
    assert parse_receipt_text(form) == parse_receipt_text(" " + form)


@given(pdus_of(DeliverSm) | pdus_of(DataSm), latin1(200), tlvs)
def test_parsing_a_receipt_never_raises(
    pdu: DeliverSm | DataSm, text: str, some_tlvs: Tlvs
) -> None:
    pdu.tlvs += some_tlvs
    assert isinstance(parse_receipt(pdu), ParsedReceipt)
    assert all(label == label.lower() for label in parse_receipt_text(text))
