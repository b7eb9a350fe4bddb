"""Tags, the closest language, and rounded numbers; nothing grows with the tags of callers."""

from decimal import Decimal
from itertools import product
from string import ascii_lowercase

import pytest
from babel import localedata
from hypothesis import given
from hypothesis import strategies as st

from simpost.features.templates import languages
from simpost.features.templates.languages import (
    MAX_DISTANCE,
    closest,
    find_language,
    parse_tag,
    round_number,
)


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("en", "en"),
        ("PT-br", "pt-BR"),
        ("zh-hant-tw", "zh-Hant-TW"),
        ("iw", "he"),
        ("es-419", "es-419"),
        ("pt_BR", None),
        ("english", None),
        ("e", None),
        ("", None),
        ("en-", None),
        ("en\n", None),
        ("en-US-x-private", None),
        ("еn", None),  # the first letter is Cyrillic
        ("a" * 1_000_000, None),
    ],
)
def test_a_tag_is_canonical_or_refused(text, tag):
    assert parse_tag(text) == tag


@pytest.mark.parametrize(
    ("wanted", "available", "found"),
    [
        ("pt-BR", ("en", "pt-PT"), "pt-PT"),
        ("zh-Hant", ("zh-CN", "zh-TW"), "zh-TW"),
        ("nb", ("en", "no"), "no"),
        ("en-GB", ("en-US", "en-AU"), "en-AU"),
        ("ja", ("en", "de"), None),
        ("ru", ("en", "uk"), None),
        ("und", ("en", "de"), None),
    ],
)
def test_the_closest_language_is_found_within_the_distance(wanted, available, found):
    assert MAX_DISTANCE == 10
    assert closest(wanted, available) == found


@given(st.from_regex(r"\A[A-Za-z]{2,3}(-[A-Za-z]{4})?(-[A-Za-z]{2})?\Z"))
def test_any_tag_is_handled(text):
    tag = parse_tag(text)
    if tag is not None:
        assert closest(tag, ("en", "pt-PT")) in ("en", "pt-PT", None)
        find_language(tag)


def test_tags_of_callers_do_not_fill_the_memory(monkeypatch):
    monkeypatch.setattr(languages, "_MAX_CACHED", 100)
    for letters in product(ascii_lowercase[:12], repeat=3):
        if tag := parse_tag("".join(letters)):
            closest(tag, ("en", "de"))
    assert all(len(cache) < 200 for cache in languages._CACHES)


def test_the_data_of_a_language_are_read_once_and_released():
    find_language.cache_clear()
    assert find_language("de") is find_language("de")
    assert not localedata._cache


@pytest.mark.parametrize(
    ("value", "rounded"),
    [
        (5, 5),
        (5.0, 5),
        (-0.0, 0),
        (0.0004, 0),
        (1e-9, 0),
        (1.0005, 1),  # half to even
        (1.0015, Decimal("1.002")),
        (0.1 + 0.2, Decimal("0.3")),
        (-1.5, Decimal("-1.5")),
        (10**14 + 0.25, Decimal("100000000000000.25")),
    ],
)
def test_numbers_have_at_most_three_decimals(value, rounded):
    assert round_number(value) == rounded
    assert "E" not in str(round_number(value))
