import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simpost.text import GSM7, concat_header, encode, fill_bits_after, pack_septets, unpack_septets

VECTORS = json.loads(
    (Path(__file__).parents[2] / "vectors" / "text_packing.json").read_text("utf-8")
)
septets = st.binary(max_size=160).map(lambda octets: bytes(octet & 0x7F for octet in octets))


@pytest.mark.parametrize("row", VECTORS, ids=lambda row: row["source"])
def test_septets_are_packed_as_the_source_says(row):
    text, packed = encode(row["text"], GSM7), bytes.fromhex(row["packed"])
    assert pack_septets(text, row["fill_bits"]) == packed
    assert unpack_septets(packed, len(text), row["fill_bits"]) == text


@given(septets, st.integers(0, 6))
def test_packed_septets_come_back(text, fill_bits):
    packed = pack_septets(text, fill_bits)
    assert unpack_septets(packed, len(text), fill_bits) == text
    assert len(packed) == -(-(len(text) * 7 + fill_bits) // 8)


@given(st.binary(max_size=200), st.integers(0, 300), st.integers(0, 6))
def test_unpacking_never_invents_septets(octets, count, fill_bits):
    found = unpack_septets(octets, count, fill_bits)
    assert len(found) <= count
    assert len(found) * 7 + fill_bits <= max(len(octets) * 8, fill_bits)


def test_without_the_count_an_at_sign_appears_that_was_never_sent():
    assert unpack_septets(pack_septets(b"a" * 7), 8) == b"a" * 7 + b"\0"


def test_an_octet_that_is_no_septet_is_refused():
    with pytest.raises(ValueError, match="0x80"):
        pack_septets(b"a\x80")


@pytest.mark.parametrize(("octets", "bits"), [(0, 0), (4, 3), (6, 1), (7, 0), (10, 4), (13, 1)])
def test_text_begins_on_the_septet_edge_after_the_header(octets, bits):
    assert fill_bits_after(octets) == bits
    assert (octets * 8 + bits) % 7 == 0


def test_a_part_with_a_packed_text_of_153_septets_fills_140_octets():
    head = concat_header(1, 2, 1, 8)
    assert len(head + pack_septets(b"a" * 153, fill_bits_after(len(head)))) == 140
