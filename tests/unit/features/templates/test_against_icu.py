"""ICU itself renders the same texts: plural rules, numbers, quoting and nesting."""

import re
from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest
from babel import Locale
from hypothesis import assume, given
from hypothesis import strategies as st
from icu4py.messageformat import MessageFormat

from simpost.features.templates.languages import find_language
from simpost.features.templates.message_format import PatternError, parse, walk
from simpost.features.templates.renderer import render
from simpost.text import LOOK_ALIKES

LANGUAGES = (Path(__file__).parents[3] / "vectors" / "icu_languages.txt").read_text("ascii").split()
"""The languages that ICU 78 and Babel 2.19 both have, and some with a region or a script."""
CASES_CHANGED = {"af", "bg", "es", "es_MX", "gl", "tg", "vi"}
NUMBERS_CHANGED = {"ba", "de_AT", "fur", "gl", "ksh", "lmo", "nds", "oc", "os", "prg", "sd", "szl",
                   "tn", "to", "vmw", "wae"}  # fmt: skip
"""Babel has the data of CLDR 49 and ICU 78 those of CLDR 48: the rules of these are different."""
WHOLE = [*range(31), 100, 101, 111, 112, 121, 1_000, 1_001, 12_345, 999_999, 1_000_000, 10**9]
NUMBERS = [*WHOLE, *(n / 10 for n in range(25)), 0.25, 1.001, 2.05, 1234.5, -1, -2.5, -12345]
PLURAL = "zero {z} one {o} two {t} few {f} many {m} other {x}"
SPELL = str.maketrans(LOOK_ALIKES)


def renderer(text: str, language: str) -> Callable[..., str]:
    """Renders the text, parsed once, with values."""
    found = find_language(language.replace("_", "-"))
    assert found
    parsed = parse(text)
    return lambda **values: render(parsed, values, found)


def ours(text: str, language: str, **values: object) -> str:
    return renderer(text, language)(**values)


def icu(text: str, language: str, **values: object) -> str:
    return MessageFormat(text, language).format(values)


@pytest.mark.parametrize("language", [each for each in LANGUAGES if each not in CASES_CHANGED])
def test_cases_of_plurals_and_ordinals_are_those_of_icu(language: str) -> None:
    for kind in ("plural", "selectordinal"):
        text = f"{{n, {kind}, {PLURAL}}}"
        mine, theirs = renderer(text, language), MessageFormat(text, language)
        for number in NUMBERS if kind == "plural" else WHOLE:
            assert mine(n=number) == theirs.format({"n": number}), (kind, number)


@pytest.mark.parametrize("language", [each for each in LANGUAGES if each not in NUMBERS_CHANGED])
def test_numbers_are_written_as_by_icu_but_with_plain_spaces_and_signs(language: str) -> None:
    is_western = Locale.parse(language).default_numbering_system == "latn"
    text = "{n} {n, number} {n, plural, offset:1 other {#}}"
    mine, theirs = renderer(text, language), MessageFormat(text, language)
    for number in NUMBERS:
        expected = theirs.format({"n": number})
        if is_western:
            expected = expected.translate(SPELL)
        assert mine(n=number) == expected, number


LITERALS = st.text(alphabet="ab {}'#|é\n", max_size=6)


def forms(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Plurals and selects with texts in their cases."""
    return st.one_of(
        st.tuples(inner, inner, inner).map(
            lambda t: "{n, plural, =2 {%s} one {%s} other {%s}}" % t  # noqa: UP031
        ),
        st.tuples(st.sampled_from(["", "offset:1 "]), inner, inner).map(
            lambda t: "{n, plural, %sone{%s}other{%s}}" % t  # noqa: UP031
        ),
        st.tuples(inner, inner).map(
            lambda t: "{s, select, a {%s} other {%s}}" % t  # noqa: UP031
        ),
    )


PIECES = st.one_of(
    LITERALS, st.sampled_from(["{n}", "{ s }", "{n,number}", "#", "''", "'{'", "'}'"])
)
TEXTS = st.recursive(
    st.lists(PIECES, max_size=4).map("".join),
    lambda inner: st.lists(st.one_of(PIECES, forms(inner)), max_size=4).map("".join),
    max_leaves=6,
)


@given(TEXTS, st.sampled_from([0, 1, 2, 3, 1234, 1.5]), st.sampled_from(["a", "b", "{n}", "'"]))
def test_what_we_accept_icu_renders_in_the_same_way(text: str, number: float, word: str) -> None:
    try:
        tree = parse(text)
    except PatternError:
        assume(False)
    values = {use.name: "v" for use in walk(tree)} | {"n": number, "s": word}
    assert ours(text, "en", **values) == icu(text, "en", **values)


@pytest.mark.parametrize(
    "text",
    [
        "{n, plural, one {#}}",
        "{s, select, a {x}}",
        "{n, plural, other {x}",
        "{n, plural, {x}}",
        "{n, plural, one other {x}}",
        "{n, plural, =1.2.3 {x} other {y}}",
        "{ }",
        "{n",
        "{n,}",
        "{n, plural}",
        "{n; plural, other {x}}",
        "{n, plural, offset:x other {x}}",
    ],
)
def test_what_icu_cannot_parse_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="MessageFormat"):
        MessageFormat(text, "en")
    with pytest.raises(PatternError):
        parse(text)


PAGE = (Path(__file__).parents[4] / "docs" / "templates.md").read_text("utf-8")
EXAMPLES = re.findall(
    r"^\| `([^`]+)` \|", PAGE.split("## The syntax")[1].split("##")[0], re.MULTILINE
)


@pytest.mark.parametrize("text", EXAMPLES)
def test_the_examples_of_the_page_mean_the_same_to_icu(text: str) -> None:
    assert len(EXAMPLES) == 8
    for number, word in product((0, 1, 2, 3, 21), ("day", "x")):
        values = {use.name: number for use in walk(parse(text))} | {"name": word, "kind": word}
        assert ours(text, "en", **values) == icu(text, "en", **values)
