"""Inbound messages are decoded correctly in any order of their parts."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from simpost.domain.inbound import InboundPart, PartPosition
from simpost.messaging.reassembly import GAP, reassemble
from simpost.text import encode, parse_encoding, segment


def part(octets, number=1, total=1, encoding="gsm7"):
    place = PartPosition("udh8", 7, total, number)
    return InboundPart("c", "4477", "123", octets, encoding, place, 0)


def cut(text):
    found = segment(text, reference_bits=8)
    total = len(found.parts)
    label = found.encoding.label
    octets = [encode(piece, parse_encoding(label)) for piece in found.parts]
    return [part(piece, number, total, label) for number, piece in enumerate(octets, 1)]


TEXTS = st.text(
    st.sampled_from("abcdefgh xyz é€{}✓😀") | st.characters(exclude_categories=["Cs", "Cc"]),
    min_size=1,
    max_size=200,
)
LONG_TEXTS = TEXTS.map(lambda text: text * (200 // len(text) + 1))


@given(TEXTS | LONG_TEXTS, st.data())
def test_any_order_and_any_duplicates_read_the_same(text, data):
    parts = cut(text)
    again = data.draw(st.lists(st.sampled_from(parts), max_size=5))
    shuffled = data.draw(st.permutations(parts + again))
    reading = reassemble(shuffled)
    assert reading.text == text
    assert reading.missing == ()
    assert reading.part_count == len(parts)


@given(LONG_TEXTS, st.data())
def test_missing_parts_are_named_and_the_others_are_complete(text, data):
    assume(GAP not in text)
    parts = cut(text)
    came = data.draw(st.lists(st.sampled_from(parts), min_size=1, unique=True))
    reading = reassemble(came)
    numbers = {each.place.number for each in came}
    assert set(reading.missing) == set(range(1, len(parts) + 1)) - numbers
    alone = [reassemble([part(each.octets, encoding=each.encoding)]).text for each in came]
    assert all(piece in reading.text for piece in alone)
    assert (GAP in reading.text) == bool(reading.missing)


def test_a_character_split_by_its_sender_is_joined():
    halves = "😀".encode("utf-16-be")
    reading = reassemble([part(halves[:2], 1, 2, "ucs2"), part(halves[2:], 2, 2, "ucs2")])
    assert reading.text == "😀"


def test_an_escape_split_from_its_character_is_joined():
    assert reassemble([part(b"a\x1b", 1, 2), part(b"\x65b", 2, 2)]).text == "a€b"


def test_each_part_is_read_in_its_own_alphabet():
    latin, gsm = part(b"\xe9", 1, 2, "latin1"), part(b"\x05", 2, 2)
    reading = reassemble([gsm, latin])
    assert (reading.text, reading.encoding) == ("éé", "latin1")


def test_missing_parts_in_a_row_leave_one_gap():
    reading = reassemble([part(b"a", 1, 4), part(b"d", 4, 4)])
    assert (reading.text, reading.missing) == (f"a{GAP}d", (2, 3))


def test_binary_octets_are_shown_in_hex():
    assert reassemble([part(b"\x00\xff", encoding="binary")]).text == "00ff"


@pytest.mark.parametrize("encoding", ["latin1", "ascii", "ucs2"])
def test_padding_after_a_text_is_dropped(encoding):
    octets = "ok\0\0".encode({"ucs2": "utf-16-be"}.get(encoding, "latin1"))
    assert reassemble([part(octets, encoding=encoding)]).text == "ok"
