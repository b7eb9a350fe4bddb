"""Contents measured in octets: Latin-1, ASCII and binary."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simpost.text import (
    ASCII,
    BINARY,
    GSM7,
    LATIN1,
    UCS2,
    Ports,
    TooManyParts,
    Unencodable,
    decode,
    encode,
    explain,
    is_encodable,
    parse_encoding,
    parse_header,
    part_header,
    ports_element,
    segment,
    segment_as,
    segment_octets,
    units_per_part,
)

from .strategies import reference_bits, texts

latin1_texts = st.text(
    st.characters(max_codepoint=0xFF, exclude_categories=["Cs"]).filter(
        lambda char: not "\x80" <= char <= "\x9f"
    ),
    max_size=500,
)
ports = st.one_of(
    st.none(),
    st.builds(Ports, st.integers(0, 255), st.integers(0, 255), st.just(8)),
    st.builds(Ports, st.integers(0, 65535), st.integers(0, 65535), st.just(16)),
)


@pytest.mark.parametrize("encoding", [LATIN1, ASCII, BINARY])
def test_a_label_reads_back_as_the_encoding(encoding):
    assert parse_encoding(encoding.label) == encoding
    assert encoding.label == encoding.alphabet


@pytest.mark.parametrize(
    ("text", "encoding", "octets"),
    [
        ("@£é[Ç]", LATIN1, "40a3e95bc75d"),
        ("@[~]", ASCII, "405b7e5d"),
        ("00ff1b", BINARY, "00ff1b"),
    ],
)
def test_octets_are_those_of_the_alphabet(text, encoding, octets):
    assert encode(text, encoding).hex() == octets
    assert decode(bytes.fromhex(octets), encoding) == text


@pytest.mark.parametrize(
    ("text", "encoding", "position"),
    [
        ("10 €", LATIN1, 3),
        ("a\x85", LATIN1, 1),
        ("é", ASCII, 0),
        ("00f", BINARY, 2),
        ("zz", BINARY, 0),
    ],
)
def test_a_character_outside_the_alphabet_is_refused_with_its_position(text, encoding, position):
    with pytest.raises(Unencodable) as refused:
        encode(text, encoding)
    assert (refused.value.position, refused.value.encoding) == (position, encoding.label)
    assert not is_encodable(text, encoding)


def test_windows_1252_readers_are_not_given_c1_controls_as_latin_1():
    """0x80 to 0x9F are controls in ISO 8859-1 and quotes in Windows-1252: jasmin#415, #617."""
    assert segment("\x93quoted\x94", default=LATIN1).encoding == UCS2


@given(texts, reference_bits, st.sampled_from([GSM7, LATIN1, ASCII, UCS2]))
def test_parts_decode_back_to_the_text_in_every_default_alphabet(text, bits, default):
    cut = segment(text, reference_bits=bits, default=default)
    assert cut.encoding in (default, UCS2)
    assert "".join(decode(encode(part, cut.encoding), cut.encoding) for part in cut.parts) == text


@given(latin1_texts, reference_bits)
def test_a_latin_1_part_takes_no_more_than_140_octets_with_its_header(text, bits):
    cut = segment(text, reference_bits=bits, default=LATIN1)
    assert cut.encoding == LATIN1
    for number, part in enumerate(cut.parts, start=1):
        total = len(cut.parts)
        header = part_header(LATIN1, reference=1, total=total, number=number, bits=bits)
        assert len(header + encode(part, LATIN1)) <= 140


@pytest.mark.parametrize(("bits", "count"), [(8, 134), (16, 133)])
def test_latin_1_is_cut_at_140_134_and_133_octets(bits, count):
    assert [len(part) for part in segment_as("é" * 140, LATIN1, bits).parts] == [140]
    assert [len(part) for part in segment_as("é" * 141, LATIN1, bits).parts] == [count, 141 - count]


def test_another_default_has_no_national_tables():
    turkish = "ışığını söndürmüş" * 8
    assert segment(turkish, languages=frozenset({1}), default=LATIN1).encoding == UCS2


def test_characters_outside_the_carriers_alphabet_are_named():
    found = explain("é “10 €”", default=LATIN1)
    assert [driver.character for driver in found.forced] == ["“", "€", "”"]
    assert found.languages == ()
    assert found.replaced is None


def test_look_alikes_are_offered_where_the_carriers_alphabet_holds_them():
    found = explain("“é” " * 30, default=LATIN1)
    assert found.replaced
    assert (found.replaced.encoding, found.replaced.text) == (LATIN1, '"é" ' * 30)
    assert explain("“é” " * 30, default=ASCII).replaced is None


@given(st.binary(max_size=3000), reference_bits, ports)
def test_binary_parts_join_to_what_was_given_and_fit_with_their_header(octets, bits, ports):
    cut = segment_octets(octets, reference_bits=bits, ports=ports)
    assert b"".join(bytes.fromhex(part) for part in cut.parts) == octets
    for number, part in enumerate(cut.parts, start=1):
        header = part_header(
            BINARY, reference=1, total=len(cut.parts), number=number, bits=bits, ports=ports
        )
        whole = header + encode(part, BINARY)
        assert len(whole) <= 140
        if header:
            assert parse_header(whole).ports == ports


@pytest.mark.parametrize(
    ("bits", "ports", "whole", "joined"),
    [
        (8, None, 140, 134),
        (16, None, 140, 133),
        (8, Ports(2948, 9200), 133, 128),
        (16, Ports(2948, 9200), 133, 127),
        (16, Ports(250, 250, 8), 135, 129),
    ],
)
def test_binary_is_split_at_the_room_its_headers_leave(bits, ports, whole, joined):
    def sizes(count):
        cut = segment_octets(bytes(count), reference_bits=bits, ports=ports)
        return [len(part) // 2 for part in cut.parts]

    assert sizes(whole) == [whole]
    assert sizes(whole + 1) == [joined, whole + 1 - joined]


def test_too_much_binary_is_refused_with_the_exact_count():
    with pytest.raises(TooManyParts) as refused:
        segment_octets(bytes(134 * 3 + 1), max_parts=3)
    assert (refused.value.parts, refused.value.limit) == (4, 3)


@pytest.mark.parametrize(
    ("ports", "octets"),
    [(Ports(2948, 9200), "0605040b8423f0"), (Ports(250, 240, 8), "040402faf0")],
)
def test_ports_are_written_by_ts_23_040_9_2_3_24_3_and_4(ports, octets):
    header = part_header(BINARY, reference=0, total=1, number=1, bits=16, ports=ports)
    assert header.hex() == octets


def test_ports_follow_the_position_in_the_header():
    header = part_header(
        BINARY, reference=0x1234, total=2, number=1, bits=16, ports=Ports(2948, 9200)
    )
    assert header.hex() == "0c" + "080412340201" + "05040b8423f0"


@pytest.mark.parametrize("ports", [Ports(256, 0, 8), Ports(0, 65536), Ports(-1, 0)])
def test_a_port_that_does_not_fit_is_not_written(ports):
    with pytest.raises(ValueError, match="port does not fit"):
        ports_element(ports)


@given(st.sampled_from([LATIN1, ASCII, BINARY]), reference_bits)
def test_octets_count_as_they_are(encoding, bits):
    assert units_per_part(encoding, joined=False, reference_bits=bits) == 140
    assert units_per_part(encoding, joined=True, reference_bits=bits) == 140 - 1 - 4 - bits // 8
