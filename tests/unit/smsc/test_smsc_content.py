from __future__ import annotations

import pytest

from simpost import text
from simpost.smpp import DataSm, SubmitSm, Tag, int_tlv
from simpost.smsc.content import (
    Content,
    SegmentPosition,
    class_of,
    content_of,
    encoding_of,
    fits_one_part,
    text_of,
)


def shown(request: SubmitSm | DataSm, *, packed: bool = False) -> tuple[str, str]:
    content = content_of(request)
    return text_of(content, packed=packed), encoding_of(content)


@pytest.mark.parametrize(
    ("data_coding", "octets", "expected", "encoding"),
    [
        (0x00, b"\x00\x02 \x1b\x65", "@$ €", "gsm7"),
        (0x01, b"@$ ~", "@$ ~", "ascii"),
        (0x03, "Çé@".encode("latin-1"), "Çé@", "latin1"),
        (0x06, "Привет".encode("iso8859-5"), "Привет", "cyrillic"),
        (0x07, "שלום".encode("iso8859-8"), "שלום", "hebrew"),
        (0x08, "Ελλάδα 🏖".encode("utf-16-be"), "Ελλάδα 🏖", "ucs2"),
        (0x02, b"\x00\xff\x10", "00 ff 10", "binary"),
        (0x04, b"\xca\xfe", "ca fe", "binary"),
        (0xF5, b"\xca\xfe", "ca fe", "binary"),
        (0x20, b"\x01", "01", "binary"),
        (0x09, b"\x01", "01", "binary"),
    ],
)
def test_each_data_coding_shows_as_a_phone_shows_it(
    data_coding: int, octets: bytes, expected: str, encoding: str
) -> None:
    submit = SubmitSm(data_coding=data_coding, short_message=octets)
    assert shown(submit) == (expected, encoding)


@pytest.mark.parametrize(
    ("data_coding", "message_class", "encoding"),
    [
        (0x00, None, "gsm7"),
        (0x08, None, "ucs2"),
        (0x10, 0, "gsm7"),
        (0x11, 1, "gsm7"),
        (0x18, 0, "ucs2"),
        (0x14, 0, "binary"),
        (0xF0, 0, "gsm7"),
        (0xF6, 2, "binary"),
        (0xC8, None, "gsm7"),
        (0xE0, None, "ucs2"),
        (0x48, None, "ucs2"),
    ],
)
def test_class_and_alphabet_are_read_from_the_coding_group(
    data_coding: int, message_class: int | None, encoding: str
) -> None:
    content = Content(b"\x00A", data_coding)
    assert (class_of(content), encoding_of(content)) == (message_class, encoding)


def test_the_display_subunit_makes_a_text_flash_where_the_coding_says_nothing() -> None:
    tlvs = (int_tlv(Tag.DEST_ADDR_SUBUNIT, 1, 1),)
    assert class_of(content_of(SubmitSm(tlvs=tlvs, short_message=b"x"))) == 0
    assert class_of(content_of(SubmitSm(tlvs=tlvs, data_coding=0xF1, short_message=b"x"))) == 1


def test_packed_septets_are_read_only_where_the_link_packs() -> None:
    octets = text.pack_septets(b"Hello, eSIM")
    submit = SubmitSm(short_message=octets)
    assert shown(submit, packed=True)[0] == "Hello, eSIM"
    assert shown(submit, packed=False)[0] != "Hello, eSIM"


@pytest.mark.parametrize(("padding", "seen"), [(0, "1234567@"), (0x0D, "1234567")])
def test_padding_in_the_last_seven_bits_shows_as_on_a_handset(padding: int, seen: str) -> None:
    """An SMSC that is given octets counts eight septets in seven of them."""
    submit = SubmitSm(short_message=text.pack_septets(b"1234567", padding=padding))
    assert shown(submit, packed=True)[0] == seen


def test_packed_text_begins_at_the_septet_edge_after_its_header() -> None:
    header = text.concat_header(7, 2, 1, 8)
    packed = text.pack_septets(b"ABC", text.fill_bits_after(len(header)))
    content = content_of(SubmitSm(esm_class=0x40, short_message=header + packed))
    assert text_of(content, packed=True) == "ABC"
    assert content.position == SegmentPosition("udh8", 7, 2, 1)


@pytest.mark.parametrize(
    ("encoding", "message"),
    [
        (text.Encoding("gsm7", single=1), "İstanbul'a hoş geldiniz, ığ"),
        (text.Encoding("gsm7", locking=3, single=3), "Olá, informação à mão"),
    ],
)
def test_national_tables_of_the_header_are_used(encoding: text.Encoding, message: str) -> None:
    header = text.part_header(encoding, reference=1, total=1, number=1, bits=8)
    octets = header + text.encode(message, encoding)
    assert shown(SubmitSm(esm_class=0x40, short_message=octets)) == (message, encoding.label)


def test_a_national_table_nobody_knows_leaves_the_default_alphabet() -> None:
    header = text.build_header([text.Element(0x24, b"\x63"), text.Element(0x25, b"\x02")])
    submit = SubmitSm(esm_class=0x40, short_message=header + b"plain")
    assert shown(submit) == ("plain", "gsm7")


def test_a_surrogate_pair_cut_between_parts_shows_as_broken() -> None:
    first, second = "a🏖".encode("utf-16-be")[:4], "🏖".encode("utf-16-be")[2:]
    texts = [
        text_of(Content(part, 0x08, text.parse_header(b"\x00"), None), packed=False)
        for part in (b"\x00" + first, b"\x00" + second)
    ]
    assert "🏖" not in "".join(texts)
    assert "\N{REPLACEMENT CHARACTER}" in texts[0]


def test_message_payload_is_the_text_of_submit_and_data_sm() -> None:
    tlvs = ((Tag.MESSAGE_PAYLOAD, b"paid " * 60),)
    assert shown(SubmitSm(tlvs=tlvs))[0] == "paid " * 60
    assert shown(DataSm(tlvs=tlvs))[0] == "paid " * 60


def test_sar_tlvs_give_the_position_of_a_part() -> None:
    tlvs = (
        int_tlv(Tag.SAR_MSG_REF_NUM, 4660, 2),
        int_tlv(Tag.SAR_TOTAL_SEGMENTS, 3, 1),
        int_tlv(Tag.SAR_SEGMENT_SEQNUM, 2, 1),
    )
    assert content_of(SubmitSm(tlvs=tlvs, short_message=b"x")).position == SegmentPosition(
        "sar", 4660, 3, 2
    )


@pytest.mark.parametrize(("total", "number"), [(3, 4), (3, 0), (0, 0), (1, 1)])
def test_incomplete_sar_tlvs_leave_a_single_text(total: int, number: int) -> None:
    tlvs = (
        int_tlv(Tag.SAR_MSG_REF_NUM, 1, 2),
        int_tlv(Tag.SAR_TOTAL_SEGMENTS, total, 1),
        int_tlv(Tag.SAR_SEGMENT_SEQNUM, number, 1),
    )
    assert content_of(SubmitSm(tlvs=tlvs, short_message=b"x")).position is None


@pytest.mark.parametrize(
    ("content", "packed", "fits"),
    [
        (Content(b"a" * 160), False, True),
        (Content(b"a" * 161), False, False),
        (Content(b"a" * 140), True, True),
        (Content(b"a" * 141), True, False),
        (Content(b"a" * 140, 0x08), False, True),
        (Content(b"a" * 142, 0x08), False, False),
        (Content(b"a" * 141, 0x03), False, False),
        (Content(b"\5" + b"a" * 158, 0, text.Header(6)), False, True),
        (Content(b"\5" + b"a" * 159, 0, text.Header(6)), False, False),
        (Content(b"\6" + b"a" * 158, 0, text.Header(7)), False, True),
    ],
)
def test_a_part_holds_140_octets_of_user_data(content: Content, packed: bool, fits: bool) -> None:
    assert fits_one_part(content, packed=packed) is fits
