"""Received text equals the text that was written, for every encoding."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simpost import text
from simpost.text import (
    coding_of,
    join_octets,
    parse_header,
    read_text,
    received_label,
    text_octets,
)

LETTERS = "abc @£$¥èéùìòÇΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ^{}\\[~]|€"


@given(st.text(st.sampled_from(LETTERS), max_size=40), st.booleans(), st.booleans())
def test_gsm_7_reads_back_packed_or_not_with_a_header_or_without(written, packed, with_header):
    header = text.concat_header(7, 2, 1, 16) if with_header else b""
    septets = text.encode(written, text.GSM7)
    if packed and (septets.endswith(b"\0") or not septets):
        septets += b"a"  # SMPP counts octets: a last @ cannot be told from filling
    body = text.pack_septets(septets, text.fill_bits_after(len(header))) if packed else septets
    parsed = parse_header(header) if header else None
    octets = text_octets(header + body, parsed, "gsm7", packed=packed)
    assert octets == septets
    assert read_text(octets, "gsm7") == text.decode(septets, text.GSM7)


@pytest.mark.parametrize(("locking", "single"), [(1, 0), (0, 1), (1, 1), (10, 10)])
def test_national_tables_of_the_header_are_in_force(locking, single):
    encoding = text.Encoding("gsm7", locking, single)
    elements = text.language_elements(encoding)
    header = parse_header(text.build_header(elements))
    assert received_label("gsm7", header) == encoding.label


def test_a_national_table_nobody_knows_leaves_the_default_in_force():
    header = parse_header(bytes.fromhex("06 24 01 63 25 01 63"))
    assert (header.locking, header.single) == (0x63, 0x63)
    assert received_label("gsm7", header) == "gsm7"


@pytest.mark.parametrize("data_coding", range(256))
def test_every_data_coding_has_an_alphabet_that_reads_whatever_comes(data_coding):
    label = received_label(coding_of(data_coding).alphabet, None)
    assert isinstance(read_text(bytes(range(256)), label), str)


@pytest.mark.parametrize(
    ("data_coding", "octets", "written"),
    [
        (0x01, b"@$ ~", "@$ ~"),
        (0x03, "Çé@".encode("latin-1"), "Çé@"),
        (0x06, "Привет".encode("iso8859-5"), "Привет"),
        (0x08, "Ελλάδα 🏖".encode("utf-16-be"), "Ελλάδα 🏖"),
        (0x04, b"\xca\xfe", "cafe"),
    ],
)
def test_each_alphabet_reads_as_it_was_written(data_coding, octets, written):
    label = received_label(coding_of(data_coding).alphabet, None)
    assert read_text(octets, label) == written


@pytest.mark.parametrize(
    ("data_coding", "octets", "written"),
    [
        (0x03, "It\u2019s \u201c5 \u20ac\u201d \u2013 \u0161".encode("cp1252"), "It’s “5 €” – š"),
        (0x03, b"\x81\x9d", "\x81\x9d"),  # no characters of Windows-1252 either
        (0x08, "\ufeffПривет".encode("utf-16-be"), "Привет"),
        (0x08, "\ufeffПривет 🏖".encode("utf-16-le"), "Привет 🏖"),
        (0x08, b"\xff\xfe", ""),
        (0x18, "\ufeffda".encode("utf-16-le"), "da"),
        (0x05, "日本語 OK".encode("shift_jis"), "日本語 OK"),
        (0x05, "日本語 OK".encode("euc_jp"), "日本語 OK"),
        (0x05, "ｶﾅ".encode("iso2022_jp_ext"), "ｶﾅ"),
        (0x0A, "こんにちは abc".encode("iso2022_jp"), "こんにちは abc"),
        (0x0D, "丂".encode("euc_jp"), "丂"),  # JIS X 0212
        (0x0E, "안녕하세요 OK".encode("euc_kr"), "안녕하세요 OK"),
        (0x0E, "안녕".encode("iso2022_kr"), "안녕"),
    ],
)
def test_texts_seen_in_the_field_are_read(data_coding, octets, written):
    label = received_label(coding_of(data_coding).alphabet, None)
    assert read_text(octets, label) == written


@pytest.mark.parametrize("order", ["utf-16-be", "utf-16-le"])
@pytest.mark.parametrize("marks", [(True, True), (True, False)])
def test_a_byte_order_mark_applies_to_the_parts_after_it(order, marks):
    parts = [
        ("\ufeff" * marked + words).encode(order)
        for words, marked in zip(("Добрый ", "день"), marks, strict=True)
    ]
    assert read_text(join_octets(parts, "ucs2"), "ucs2") == "Добрый день"


def test_a_surrogate_pair_split_in_little_endian_is_joined():
    octets = "\ufeff🏖".encode("utf-16-le")
    assert read_text(join_octets((octets[:4], octets[4:]), "ucs2"), "ucs2") == "🏖"


@pytest.mark.parametrize("octets", ["48 65 6c 6c 6f", "0b 48 69", "03 00 05 01", "04 00 03 01 02"])
@pytest.mark.parametrize("alphabet", ["gsm7", "latin1", "ucs2"])
def test_a_broken_header_is_not_an_empty_text(octets, alphabet):
    sent = bytes.fromhex(octets)
    header = parse_header(sent)
    assert header.broken
    left = text_octets(sent, header, alphabet, packed=False)
    assert left == sent
    assert read_text(left, received_label(alphabet, header))


def test_after_a_broken_header_with_an_end_comes_the_text():
    sent = bytes.fromhex("04 00 03 01 02") + b"text"
    assert text_octets(sent, parse_header(sent), "latin1", packed=False) == b"text"


@pytest.mark.parametrize("with_header", [False, True])
@pytest.mark.parametrize("count", range(1, 25))
def test_a_carriage_return_in_the_last_seven_bits_shows_nothing(count, with_header):
    header = text.concat_header(7, 2, 1, 8) if with_header else b""
    fill_bits = text.fill_bits_after(len(header))
    septets = b"a" * count
    packed = header + text.pack_septets(septets, fill_bits, padding=text.CARRIAGE_RETURN)
    parsed = parse_header(header) if header else None
    for as_shown in (False, True):
        assert text_octets(packed, parsed, "gsm7", packed=True, as_shown=as_shown) == septets


def test_zero_bits_at_the_end_show_as_an_at_sign_on_a_handset():
    packed = text.pack_septets(b"aaaaaaa")
    assert text_octets(packed, None, "gsm7", packed=True, as_shown=True) == b"aaaaaaa\0"
    assert text_octets(packed, None, "gsm7", packed=True) == b"aaaaaaa"
