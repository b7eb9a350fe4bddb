"""What is checked of a template before it is saved, and of values before it is rendered."""

import pytest

from simpost.features.templates import definition
from simpost.features.templates.definition import (
    InvalidTemplate,
    InvalidValues,
    Template,
    Variable,
    VariableType,
    check,
    fill_in,
)

TEXT = Variable(VariableType.TEXT, "longest")
NUMBER = Variable(VariableType.NUMBER, 100)


def template(text="Hello", variables=None, **texts):
    return Template("en", variables or {}, {"en": text, **texts})


def mistakes(wanted):
    with pytest.raises(InvalidTemplate) as found:
        check(wanted)
    return [(each.at, each.problem) for each in found.value.mistakes]


def test_a_template_comes_back_from_its_row():
    whole = template("{a} {b}", {"a": TEXT, "b": Variable(VariableType.NUMBER, 1.5, 0)})
    assert definition.decode(definition.encode(whole)) == whole


def test_a_variable_may_be_declared_and_used_by_some_texts_only():
    check(template("{a}", {"a": TEXT, "b": NUMBER}, de="{b}"))


@pytest.mark.parametrize(
    ("text", "variable", "problem"),
    [
        ("{b}", TEXT, "the variable b is not declared"),
        ("{s, select, other {{b}}}", TEXT, "the variable b is not declared"),
        ("{a, number}", TEXT, "the variable a is used as a number and declared as text"),
        ("{a, plural, other {}}", TEXT, "the variable a is used as a number and declared as text"),
        ("{a, select, other {}}", NUMBER, "a is used in a select and must be declared as text"),
    ],
)
def test_a_use_that_does_not_fit_the_declaration_is_a_mistake(text, variable, problem):
    [(at, said)] = mistakes(template(text, {"a": variable, "s": TEXT}))
    assert at == "texts.en"
    assert said.endswith(problem)


@pytest.mark.parametrize(
    ("variable", "at", "problem"),
    [
        (Variable(VariableType.TEXT, 1), "longest", "must be a string"),
        (Variable(VariableType.NUMBER, "1"), "longest", "must be a number"),
        (Variable(VariableType.NUMBER, 1, "1"), "default", "must be a number"),
        (Variable(VariableType.NUMBER, 10**15), "longest", "must be a number below"),
        (Variable(VariableType.TEXT, "x" * 1_001), "longest", "has 1,001 characters"),
        (Variable(VariableType.TEXT, "x", "\0"), "default", "must not contain a NUL"),
    ],
)
def test_samples_and_defaults_must_have_the_type(variable, at, problem):
    [(found_at, said)] = mistakes(template("{a}", {"a": variable}))
    assert (found_at, said[: len(problem)]) == (f"variables.a.{at}", problem)


def test_limits_of_languages_and_variables():
    many = {f"v{n}": TEXT for n in range(51)}
    assert mistakes(template("x", many)) == [("variables", "there are more than 50")]
    texts = {f"x{n}": "x" for n in range(50)}
    assert mistakes(template("x", **texts)) == [("texts", "there are more than 50")]


@pytest.mark.parametrize("tag", ["xx", "qqq", "en-ZZ-x", "tlh"])
def test_a_language_without_rules_is_a_mistake(tag):
    assert mistakes(template("x", **{tag: "x"})) == [(f"texts.{tag}", "the language is unknown")]


def test_an_empty_text_is_a_mistake():
    assert mistakes(template(" \n")) == [("texts.en", "the text is empty")]


def test_a_nul_character_is_a_mistake():
    [(_, problem)] = mistakes(template("a\0b"))
    assert problem == "the text must not contain a NUL character"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "The value of a is missing."),
        ({"a": "x", "c": 1}, "The template declares no variable c."),
        ({"a": "x", "b": True}, "The value of b must be a number."),
        ({"a": "x", "b": float("nan")}, "The value of b must be a number below"),
        ({"a": "x", "b": -(10**15)}, "The value of b must be a number below"),
    ],
)
def test_values_that_do_not_fit_are_named_and_not_repeated(values, said):
    with pytest.raises(InvalidValues) as found:
        fill_in(template("{a}{b}", {"a": TEXT, "b": Variable(VariableType.NUMBER, 1, 2)}), values)
    assert str(found.value).startswith(said)
    assert found.value.missing == (values == {})


def test_a_default_stands_in_for_a_missing_value():
    variables = {
        "a": Variable(VariableType.TEXT, "x", ""),
        "b": Variable(VariableType.NUMBER, 1, 0),
    }
    assert fill_in(template("{a}", variables), {"b": 5}) == {"a": "", "b": 5}
    assert fill_in(template("{a}", variables), {}) == {"a": "", "b": 0}
