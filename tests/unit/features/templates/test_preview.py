"""The preview has the most parts that any values of the declared lengths can give."""

import time

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from simpost.features.templates.definition import (
    InvalidTemplate,
    Template,
    Variable,
    VariableType,
)
from simpost.features.templates.languages import find_language
from simpost.features.templates.message_format import parse
from simpost.features.templates.preview import explain_longest
from simpost.features.templates.renderer import RenderedTooLong, render
from simpost.text import explain

ENGLISH = find_language("en")


def longest(text):
    variables = {
        "n": Variable(VariableType.NUMBER, 100),
        "s": Variable(VariableType.TEXT, "sample"),
    }
    return explain_longest(Template("en", variables, {"en": text}), "en")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{s} {n}", "sample 100"),
        ("{n, plural, one {a day} other {#}}", "a day"),
        ("{n, plural, =0 {nothing at all} other {#}}", "nothing at all"),
        ("{s, select, a {x} other {{n, plural, one {y} other {# items}}}}", "100 items"),
        ("{s, select, a {[[[} other {xxxxx}}", "[[["),  # six septets
        ("{s, select, a {[[[} other {xxxxx}}ж", "xxxxxж"),
    ],
)
def test_the_longest_case_is_shown(text, found):
    assert longest(text).text == found


def test_a_case_that_requires_ucs2_counts_for_the_whole_text():
    text = "x" * 80 + "{s, select, a {ж} other {yyyyyyyy}}"
    found = longest(text)
    assert found.text == "x" * 80 + "ж"
    assert len(found.segments.parts) == 2


CASES = st.lists(st.sampled_from(["", "a", "ж" * 5, "[" * 70, "b" * 90, "{s}", "{n}"]), max_size=3)
CASE = CASES.map("".join)
FORMS = st.one_of(
    CASE,
    st.tuples(CASE, CASE, CASE).map(
        lambda each: "{n, plural, =7 {%s} one {%s} other {%s}}" % each  # noqa: UP031
    ),
    st.tuples(CASE, CASE).map(
        lambda each: "{s, select, k {%s} other {%s}}" % each  # noqa: UP031
    ),
)


@given(
    st.lists(FORMS, min_size=1, max_size=4).map("".join),
    st.sampled_from([1, 7, 2, 100]),
    st.sampled_from(["k", "", "sample"]),
)
def test_no_values_take_more_parts_than_the_preview(text, number, word):
    rendered = render(parse(text), {"n": number, "s": word}, ENGLISH)
    assume(rendered)
    previewed = longest(text)
    assert len(explain(rendered).segments.parts) <= len(previewed.segments.parts)


def template(text, **samples):
    variables = {name: Variable(VariableType.TEXT, each) for name, each in samples.items()}
    return Template("en", variables, {"en": text})


def test_a_template_that_may_become_too_long_is_refused():
    with pytest.raises(InvalidTemplate) as found:
        explain_longest(template("{a}" * 6, a="x" * 1_000), "en")
    [mistake] = found.value.mistakes
    assert mistake.problem == "with the longest values it has more than 5,000 characters"


def test_the_worst_template_takes_bounded_time():
    text = "{a}" * 1_666
    started_s = time.thread_time()
    explain_longest(template(text, a="жжж"), "en")
    assert time.thread_time() - started_s < 2


def test_the_worst_rendering_takes_milliseconds_and_is_never_larger():
    tree = parse("{a}" * 1_666)
    started_s = time.thread_time()
    with pytest.raises(RenderedTooLong, match="5,000"):
        render(tree, {"a": "x" * 1_000}, ENGLISH)
    assert len(render(tree, {"a": 123}, ENGLISH)) == 4_998
    assert time.thread_time() - started_s < 5
