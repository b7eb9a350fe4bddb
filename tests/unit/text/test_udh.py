import pytest
from hypothesis import given
from hypothesis import strategies as st

from simpost.text import (
    GSM7,
    ConcatenationElement,
    Element,
    Encoding,
    Header,
    Ports,
    build_header,
    concat_header,
    encode,
    language_elements,
    parse_header,
    part_header,
    units_per_part,
)

from .strategies import ENCODINGS, reference_bits

elements = st.lists(st.builds(Element, st.integers(0, 255), st.binary(max_size=10)), max_size=8)


def test_concatenation_headers_are_written_by_ts_23_040_9_2_3_24():
    assert concat_header(0xAB, 3, 2, 8).hex() == "050003ab0302"
    assert concat_header(0x12AB, 3, 2, 16).hex() == "06080412ab0302"


def test_shift_elements_are_written_by_ts_23_040_9_2_3_24_15_and_16():
    assert build_header(language_elements(Encoding("gsm7", 1, 2))).hex() == "06240102250101"
    assert build_header(language_elements(Encoding("gsm7", 3))).hex() == "03250103"
    assert build_header(language_elements(GSM7)) == b""


def test_a_single_part_without_tables_has_no_header():
    assert part_header(GSM7, reference=7, total=1, number=1, bits=16) == b""


@given(st.sampled_from(ENCODINGS), reference_bits, st.integers(1, 255), st.data())
def test_a_part_header_reads_back_and_leaves_the_room_that_was_promised(
    encoding, bits, total, data
):
    number = data.draw(st.integers(1, total))
    reference = data.draw(st.integers(0, (1 << bits) - 1))
    octets = part_header(encoding, reference=reference, total=total, number=number, bits=bits)
    room = (140 - len(octets)) * 8 // 7
    assert units_per_part(encoding, joined=total > 1, reference_bits=bits) == room
    if octets:
        found = parse_header(octets + encode("0", encoding))
        place = ConcatenationElement(reference, total, number, bits) if total > 1 else None
        assert found.octets == len(octets)
        assert (found.concatenation, found.locking, found.single, found.broken) == (
            place,
            encoding.locking,
            encoding.single,
            False,
        )


@pytest.mark.parametrize(("total", "number"), [(0, 0), (1, 0), (2, 3), (256, 1), (-1, -1)])
def test_an_impossible_place_is_not_written(total, number):
    with pytest.raises(ValueError, match="not possible"):
        concat_header(1, total, number, 8)


@pytest.mark.parametrize(("reference", "bits"), [(256, 8), (65536, 16), (-1, 8)])
def test_a_reference_that_does_not_fit_is_not_written(reference, bits):
    with pytest.raises(ValueError, match="does not fit"):
        concat_header(reference, 2, 1, bits)


def test_a_header_that_leaves_no_room_is_not_written():
    with pytest.raises(ValueError, match="no room"):
        build_header([Element(0x70, bytes(138))])


@given(elements)
def test_elements_come_back_in_their_order(each):
    octets = build_header(each)
    if octets:
        assert parse_header(octets + b"text").elements == tuple(each)


@given(st.binary(max_size=300))
def test_parsing_never_raises_and_never_reads_past_the_end(octets):
    found = parse_header(octets)
    assert 0 <= found.octets <= len(octets)
    assert not (found.broken and found.elements)
    if not found.broken:
        assert found.octets == octets[0] + 1


@pytest.mark.parametrize(
    "octets",
    [
        "",
        "05",
        "050003ab03",
        "050004ab0302",
        "040003ab0302",
        "060003ab030200",
        "0100",
    ],
)
def test_a_header_whose_lengths_do_not_add_up_is_ignored_whole(octets):
    found = parse_header(bytes.fromhex(octets))
    assert found.broken
    assert found == Header(found.octets, broken=True)


def test_an_empty_header_is_no_mistake():
    assert parse_header(b"\x00text") == Header(1)


def test_unknown_elements_are_kept_beside_known_ones():
    found = parse_header(bytes.fromhex("09700200ff0003ab0201" + "41"))
    assert found.elements == (Element(0x70, b"\x00\xff"), Element(0x00, b"\xab\x02\x01"))
    assert found.concatenation == ConcatenationElement(0xAB, 2, 1, 8)


def test_of_repeated_or_exclusive_elements_the_last_counts():
    both = bytes.fromhex("0b" + "0003ab0201" + "080412340302")
    assert parse_header(both).concatenation == ConcatenationElement(0x1234, 3, 2, 16)


def test_an_impossible_element_does_not_undo_a_possible_one():
    both = bytes.fromhex("0a" + "0003ab0201" + "0003cd0209")
    assert parse_header(both).concatenation == ConcatenationElement(0xAB, 2, 1, 8)


@pytest.mark.parametrize("element", ["0003ab0200", "0003ab0203", "0003ab0000", "0002ab02"])
def test_an_impossible_concatenation_is_no_concatenation(element):
    body = bytes.fromhex(element)
    found = parse_header(bytes((len(body),)) + body)
    assert found.concatenation is None
    assert not found.broken
    assert len(found.elements) == 1


def test_ports_are_read_in_both_sizes():
    assert parse_header(bytes.fromhex("0404021020")).ports == Ports(0x10, 0x20, 8)
    assert parse_header(bytes.fromhex("0605040b8423f0")).ports == Ports(2948, 9200, 16)


def test_a_language_we_do_not_know_is_reported_as_it_came():
    assert parse_header(bytes.fromhex("0324010e")).single == 14
