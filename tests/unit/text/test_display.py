from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simpost.text.display import visible, visible_json, visible_lines

JOINERS = "\u200c\u200d"
ANYTHING = st.text(st.characters(exclude_categories=()))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J\x1b]0;owned\x07", r"\x1b[2J\x1b]0;owned\x07"),
        ("paid\rNOT paid\n", r"paid\rNOT paid\n"),
        ("\x9b31m", r"\x9b31m"),
        ("\u202egnp.exe\u2066", r"\u202egnp.exe\u2066"),
        ("a\u2028b\u200bc\ufeff", r"a\u2028b\u200bc\ufeff"),
        ("\ud83d", r"\ud83d"),
        ("\U000e0041", r"\U000e0041"),
        ("Zürich ✓ 👩\u200d👧 می\u200cخواهم \ufffd", "Zürich ✓ 👩\u200d👧 می\u200cخواهم \ufffd"),
    ],
)
def test_controls_are_shown_and_writing_stays(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_every_control_of_unicode_is_shown() -> None:
    for code in range(0x110000):
        char = chr(code)
        if unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"}:
            assert visible(char) != char, hex(code)
        if unicodedata.bidirectional(char) in {"LRE", "RLE", "LRO", "RLO", "PDF"} or (
            unicodedata.bidirectional(char) in {"LRI", "RLI", "FSI", "PDI"}
        ):
            assert visible(char) != char, hex(code)


def test_lines_stay_lines() -> None:
    assert visible_lines("a\r\nb\x1b") == "a\\r\nb\\x1b"


@given(ANYTHING)
def test_what_is_visible_stays_as_it_is(text: str) -> None:
    assert visible(visible(text)) == visible(text)


@given(st.dictionaries(ANYTHING, ANYTHING))
def test_json_is_the_same_document_without_controls(document: dict[str, str]) -> None:
    shown = visible_json(document)
    assert visible(shown) == shown
    assert json.loads(shown) == json.loads(json.dumps(document))
