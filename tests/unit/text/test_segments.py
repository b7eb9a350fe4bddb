import json
from contextlib import suppress
from pathlib import Path

import pytest
import regex  # type: ignore[import-untyped, unused-ignore]
from hypothesis import given
from hypothesis import strategies as st

from simpost.text import (
    GSM7,
    LANGUAGES,
    MAX_PARTS,
    UCS2,
    Encoding,
    TooManyParts,
    Unencodable,
    cheapest,
    encode,
    segment,
    segment_as,
    units_per_part,
)
from simpost.text.alphabet import septets_of

from .strategies import ENCODINGS, gsm_texts, languages, reference_bits, texts

VECTORS = json.loads(
    (Path(__file__).parents[2] / "vectors" / "text_segments.json").read_text("utf-8")
)


@pytest.mark.parametrize("row", VECTORS, ids=lambda row: f"{row['name']} ({row['source']})")
def test_a_text_is_cut_as_the_source_says(row):
    text = "".join(piece * times for piece, times in row["text"])
    cut = segment(text, reference_bits=row["reference_bits"])
    assert (cut.encoding.label, len(cut.parts)) == (row["encoding"], row["parts"])
    found = {"lengths": [len(part) for part in cut.parts], "units": cut.units}
    said = {name: row[name] for name in found.keys() & row.keys()}
    assert said, "the source says neither the lengths nor the units"
    assert {name: found[name] for name in said} == said


def units(text: str, encoding: Encoding) -> int:
    octets = encode(text, encoding)
    return len(octets) if encoding.alphabet == "gsm7" else len(octets) // 2


@given(texts, languages, reference_bits)
def test_the_parts_joined_are_the_text(text, allowed, bits):
    assert "".join(cheapest(text, bits, allowed).parts) == text


@given(texts, languages, reference_bits)
def test_every_part_fits_beside_its_header(text, allowed, bits):
    cut = cheapest(text, bits, allowed)
    joined = len(cut.parts) > 1
    limit = units_per_part(cut.encoding, joined=joined, reference_bits=bits)
    assert cut.unit_limit == limit
    assert all(units(part, cut.encoding) <= limit for part in cut.parts)
    assert sum(units(part, cut.encoding) for part in cut.parts) == cut.units


@given(texts, languages)
def test_no_part_is_empty_but_that_of_an_empty_text(text, allowed):
    cut = cheapest(text, 16, allowed)
    assert cut.parts == ("",) if text == "" else all(cut.parts)


@given(texts, languages, reference_bits)
def test_no_part_begins_with_half_of_an_escape_or_surrogate_pair(text, allowed, bits):
    cut = cheapest(text, bits, allowed)
    whole = b"".join(encode(part, cut.encoding) for part in cut.parts)
    assert whole == encode(text, cut.encoding)
    for part in cut.parts:
        octets = encode(part, cut.encoding)
        if cut.encoding.alphabet == "ucs2":
            assert not 0xDC <= (octets or b"\0")[0] < 0xE0
        else:
            assert not octets.endswith(b"\x1b")


@given(texts, languages, reference_bits)
def test_no_part_border_lies_within_a_cluster_that_fits(text, allowed, bits):
    cut = cheapest(text, bits, allowed)
    borders, at = set(), 0
    for part in cut.parts[:-1]:
        at += len(part)
        borders.add(at)
    for cluster in regex.finditer(r"\X", text):
        if borders & set(range(cluster.start() + 1, cluster.end())):
            assert units(cluster[0], cut.encoding) > cut.unit_limit


@given(gsm_texts, languages)
def test_plain_gsm_stays_plain_whatever_is_allowed(text, allowed):
    assert cheapest(text, 16, allowed).encoding == GSM7


@given(texts, languages, languages)
def test_allowing_more_languages_never_costs_more_parts(text, some, more):
    assert len(cheapest(text, 16, some | more).parts) <= len(cheapest(text, 16, some).parts)


@given(texts, languages)
def test_national_tables_are_used_only_for_fewer_parts_than_ucs2(text, allowed):
    cut = cheapest(text, 16, allowed)
    if cut.encoding.shift_octets:
        assert len(cut.parts) < len(segment_as(text, UCS2).parts)
        assert {cut.encoding.locking, cut.encoding.single} <= allowed | {0}


@given(texts, languages)
def test_no_allowed_pair_of_tables_would_need_fewer_parts(text, allowed):
    """The default alphabet is used whenever it has every character: every handset reads it."""
    counts = {}
    for encoding in (*ENCODINGS, UCS2):
        if {encoding.locking, encoding.single} <= allowed | {0}:
            with suppress(Unencodable):
                counts[encoding] = len(segment_as(text, encoding, 16).parts)
    cut = cheapest(text, 16, allowed)
    assert (cut.encoding == GSM7) is (GSM7 in counts)
    assert len(cut.parts) == counts.get(GSM7, min(counts.values()))


@given(texts)
def test_no_language_is_used_that_was_not_allowed(text):
    assert segment(text).encoding in {GSM7, UCS2}


@pytest.mark.parametrize(
    ("text", "allowed", "label"),
    [
        ("ğ" * 71, {1}, "gsm7+locking1"),
        ("ğ" + "a" * 80, {1}, "gsm7+locking1"),
        ("ğè" + "a" * 80, {1}, "gsm7+single1"),
        ("á" * 71, {2}, "gsm7+single2"),
        ("á" * 71, {2, 3}, "gsm7+locking3"),
        ("नमस्ते" * 20, {6}, "gsm7+locking6"),
        ("नमस्ते A" * 14, {6}, "gsm7+locking6+single6"),
        ("ã" * 40 + "Φ" + "a" * 40, {3}, "gsm7+single3"),
        ("ã" * 80 + "Φ", {3}, "gsm7+locking3+single3"),
        ("".join(sorted(septets_of(0, 2).pairs)) * 4, {2}, "gsm7+single2"),
        ("ğ" * 70, {1}, "ucs2"),
        ("ğ" + "[" * 100, {1}, "ucs2"),
        ("я" * 200, frozenset(LANGUAGES), "ucs2"),
        ("ğ" * 71, {3}, "ucs2"),
    ],
)
def test_the_cheapest_pair_of_tables_is_chosen(text, allowed, label):
    assert segment(text, languages=frozenset(allowed)).encoding.label == label


def test_one_table_alone_leaves_155_septets_and_149_in_each_of_several_parts():
    turkish = frozenset({1})
    assert len(segment("ğ" * 155, languages=turkish).parts) == 1
    assert [len(part) for part in segment("ğ" * 156, languages=turkish).parts] == [149, 7]


def test_an_unknown_language_is_a_mistake_of_the_caller():
    with pytest.raises(ValueError, match="14"):
        segment("я" * 71, languages=frozenset({1, 14}))


def test_a_text_over_the_limit_is_refused_with_the_exact_count():
    with pytest.raises(TooManyParts) as caught:
        segment("a" * 1000, max_parts=3)
    assert (caught.value.parts, caught.value.limit) == (7, 3)
    assert "7 parts" in str(caught.value)


def test_a_text_at_the_limit_is_taken():
    assert len(segment("a" * 153 * 3, max_parts=3).parts) == 3


def test_no_caller_can_raise_the_limit_of_the_header():
    assert len(segment("a" * 153 * MAX_PARTS).parts) == MAX_PARTS
    with pytest.raises(TooManyParts) as caught:
        segment("a" * (153 * MAX_PARTS + 1), max_parts=1000)
    assert (caught.value.parts, caught.value.limit) == (256, 255)


def test_a_cluster_that_just_fits_moves_on_whole():
    cluster = "e" + "\u0301" * 65
    assert segment("x" * 9 + cluster).parts == ("x" * 9, cluster)


def test_a_lone_surrogate_is_refused_at_its_place():
    with pytest.raises(Unencodable) as caught:
        segment("ab\udc4d")
    assert caught.value.position == 2


@given(st.text(st.characters(exclude_categories=[]), max_size=300))
def test_any_text_is_cut_or_refused_for_its_first_surrogate(text):
    surrogates = [at for at, char in enumerate(text) if "\ud800" <= char <= "\udfff"]
    if surrogates:
        with pytest.raises(Unencodable) as caught:
            cheapest(text)
        assert caught.value.position == surrogates[0]
    else:
        assert "".join(cheapest(text).parts) == text


def test_a_given_encoding_that_lacks_a_character_is_refused_at_its_place():
    with pytest.raises(Unencodable) as caught:
        segment_as("ab€я", GSM7)
    assert caught.value.position == 3


def test_a_long_run_of_marks_or_flags_is_read_once():
    for piece in ("\u0301", "🇩", "👨‍👩‍👧"):
        text = piece * 20_000
        assert "".join(cheapest(text).parts) == text
