"""Mistakes in texts are named with their position; hostile texts are refused soon."""

import contextlib
import time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simpost.features.templates.message_format import (
    MAX_CASES,
    MAX_CHARACTERS,
    MAX_NESTING,
    CountMark,
    PatternError,
    Placeholder,
    Plural,
    Select,
    parse,
    walk,
)


def test_a_text_is_a_tree():
    assert parse(
        "Hi {name}: {n, plural, offset:1 =0 {none} other {# of {n}}}{s,select,other{}}"
    ) == (
        "Hi ",
        Placeholder("name"),
        ": ",
        Plural(
            "n",
            1,
            is_ordinal=False,
            exact={Decimal(0): ("none",)},
            cases={"other": (CountMark("n", 1), " of ", Placeholder("n"))},
        ),
        Select("s", {"other": ()}),
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a } b", "At character 3: this } closes nothing; write '}' for the character."),
        ("{", "At character 2: { needs a variable name"),
        ("{1}", "At character 2: { needs a variable name"),
        ("{" + "a" * 33 + "}", "At character 34: expected , or }"),
        ("{a", "At character 3: a { is not closed."),
        ("{a b}", "At character 4: expected , or } after the name"),
        ("{a, }", "At character 5: expected number, plural, selectordinal or select."),
        ("{a, date, short}", "date is not supported"),
        ("{a, number, integer}", "number takes no style here"),
        ("{a, plural}", "At character 11: expected , after plural."),
        ("{a, plural, }", "At character 13: {a, plural} needs the case other."),
        ("{a, select, x {y}}", "{a, select} needs the case other."),
        ("{a, plural, ones {x} other {y}}", "At character 13: ones is no plural case"),
        ("{a, plural, other x}", "At character 19: expected { after the name of the case."),
        ("{a, plural, other {x} other {y}}", "At character 23: this case is there twice."),
        ("{a, plural, =1 {x} =01 {y} other {z}}", "At character 20: this case is there twice."),
        ("{a, plural, other {x}", "a { is not closed."),
        ("{a, plural, other {x", "a { is not closed."),
        ("{a, plural, other {{b, select, other {#}}}}", "put {a, plural} inside the select"),
        ("it's '{ here", "At character 6: this apostrophe quotes {, and no other one ends"),
        ("{a, plural, other {'#}}", "this apostrophe quotes #"),
        ("x" * 5_001, "The text has 5,001 characters; 5,000 at most."),
    ],
)
def test_a_mistake_is_named_with_its_position(text, problem):
    with pytest.raises(PatternError) as found:
        parse(text)
    assert problem in str(found.value)


def nested(depth):
    return "{a, select, other {" * depth + "x" + "}}" * depth


def test_forms_are_nested_up_to_a_limit():
    assert len(list(walk(parse(nested(MAX_NESTING))))) == MAX_NESTING
    with pytest.raises(PatternError, match="nested more than 4 deep"):
        parse(nested(MAX_NESTING + 1))


def test_a_form_has_cases_up_to_a_limit():
    cases = [f"={n} {{x}}" for n in range(MAX_CASES - 1)]
    parse(f"{{a, plural, {' '.join(cases)} other {{x}}}}")
    with pytest.raises(PatternError, match="32 cases at most"):
        parse(f"{{a, plural, {' '.join(cases)} =99 {{x}} other {{x}}}}")


HOSTILE = [
    "{" * MAX_CHARACTERS,
    "}" * MAX_CHARACTERS,
    "'" * MAX_CHARACTERS,
    "'{" * (MAX_CHARACTERS // 2),
    "{a}" * (MAX_CHARACTERS // 3),
    "{a" + " " * (MAX_CHARACTERS - 2),
    "{a,plural,offset:" + "9" * (MAX_CHARACTERS - 20),
    "{a,plural,=" + "9" * (MAX_CHARACTERS - 20),
    "{a, plural, other {" * (MAX_CHARACTERS // 19),
    "{a,plural," + "other{#}" * ((MAX_CHARACTERS - 20) // 8),
    nested(MAX_CHARACTERS // 22),
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:12])
def test_a_hostile_text_takes_bounded_time(text):
    started_s = time.thread_time()
    with contextlib.suppress(PatternError):
        parse.__wrapped__(text)
    assert time.thread_time() - started_s < 5


@given(st.text(alphabet="{}'#, =abplurselcto0:-\n", max_size=60))
def test_any_text_is_parsed_or_refused(text):
    with contextlib.suppress(PatternError):
        assert isinstance(parse(text), tuple)
