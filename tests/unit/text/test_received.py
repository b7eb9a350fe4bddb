"""What was received reads back as what was written, however it was carried."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simpost import text
from simpost.text import coding_of, parse_header, read_text, received_label, text_octets

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
