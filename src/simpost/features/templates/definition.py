"""What a template is, and what must be true of one before it is saved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Final

import msgspec

from simpost.errors import InvalidRequest
from simpost.features.templates.languages import closest, find_language
from simpost.features.templates.message_format import (
    PatternError,
    Placeholder,
    Plural,
    Select,
    Use,
    parse,
    walk,
)
from simpost.features.templates.renderer import Value

MAX_VARIABLES: Final = 50
MAX_LANGUAGES: Final = 50
MAX_VALUE_CHARACTERS: Final = 1_000
MAX_NUMBER: Final = 10**15
"""Numbers must be smaller, so that JSON keeps every digit of them."""


class VariableType(StrEnum):
    """What the values of a variable are."""

    TEXT = "text"
    NUMBER = "number"


class Variable(msgspec.Struct, frozen=True, omit_defaults=True):
    """A declared variable.

    Attributes:
        longest: the longest value that is expected; the preview counts parts with it.
        default: used if a message gives no value; without one, every message must.
    """

    type: VariableType
    longest: Value
    default: Value | None = None


class Template(msgspec.Struct, frozen=True):
    """One version of a template, as it is saved.

    Attributes:
        default_language: used if no text is close enough to the requested language.
        texts: by language tag.
    """

    default_language: str
    variables: dict[str, Variable]
    texts: dict[str, str]

    @property
    def languages(self) -> tuple[str, ...]:
        """The tags of its texts, in the order in which they were given."""
        return tuple(self.texts)

    def language_for(self, wanted: str | None) -> str:
        """The tag of the text to use for a requested language."""
        found = closest(wanted, self.languages) if wanted else None
        return found or self.default_language


class Mistake(msgspec.Struct, frozen=True):
    """What is wrong with a template, and where: `texts.en`, `variables.days`."""

    at: str
    problem: str


class InvalidTemplate(InvalidRequest):
    """The template is not valid."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        super().__init__()
        self.mistakes = mistakes


class InvalidValues(InvalidRequest):
    """The values do not fit the variables of the template.

    Attributes:
        missing: whether a value is missing; else one is not as declared.
    """

    def __init__(self, message: str, *, missing: bool = False) -> None:
        super().__init__(message)
        self.missing = missing


encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(Template).decode


def check(template: Template) -> None:
    """Raise InvalidTemplate with every mistake that is found.

    It takes milliseconds for a large template: do not call it on the event loop.
    """
    mistakes = [*_mistakes_in_limits(template), *_mistakes_in_variables(template)]
    if mistakes := mistakes or list(_mistakes_in_texts(template)):
        raise InvalidTemplate(mistakes)


def fill_in(template: Template, values: Mapping[str, Value]) -> dict[str, Value]:
    """The value of every variable, given or default.

    Raises InvalidValues for a missing or undeclared value, and for one of another type.
    """
    variables = template.variables
    if undeclared := values.keys() - variables.keys():
        raise InvalidValues(f"The template declares no variable {min(undeclared)}.")
    filled: dict[str, Value] = {}
    for name, variable in variables.items():
        value = values.get(name, variable.default)
        if value is None:
            raise InvalidValues(f"The value of {name} is missing.", missing=True)
        if problem := _problem_of_value(variable.type, value):
            raise InvalidValues(f"The value of {name} {problem}.")
        filled[name] = value
    return filled


def _problem_of_value(kind: VariableType, value: Value) -> str | None:
    """Why a value does not fit; the value itself is never repeated."""
    if kind is VariableType.TEXT:
        if not isinstance(value, str):
            return "must be a string"
        if len(value) > MAX_VALUE_CHARACTERS:
            return f"has {len(value):,} characters, {MAX_VALUE_CHARACTERS:,} at most"
        return "must not contain a NUL character" if "\0" in value else None
    if isinstance(value, str | bool):
        return "must be a number"
    return None if abs(value) < MAX_NUMBER else f"must be a number below {MAX_NUMBER:,}"


def _mistakes_in_limits(template: Template) -> Iterator[Mistake]:
    if len(template.variables) > MAX_VARIABLES:
        yield Mistake("variables", f"there are more than {MAX_VARIABLES}")
    if len(template.texts) > MAX_LANGUAGES:
        yield Mistake("texts", f"there are more than {MAX_LANGUAGES}")


def _mistakes_in_variables(template: Template) -> Iterator[Mistake]:
    for name, variable in template.variables.items():
        for field, value in (("longest", variable.longest), ("default", variable.default)):
            if value is not None and (problem := _problem_of_value(variable.type, value)):
                yield Mistake(f"variables.{name}.{field}", problem)


def _mistakes_in_texts(template: Template) -> Iterator[Mistake]:
    if template.default_language not in template.texts:
        yield Mistake("defaultLanguage", f"there is no text in {template.default_language}")
    for tag, text in template.texts.items():
        if find_language(tag) is None:
            yield Mistake(f"texts.{tag}", "the language is unknown")
        if not text.strip():
            yield Mistake(f"texts.{tag}", "the text is empty")
        if "\0" in text:
            yield Mistake(f"texts.{tag}", "the text must not contain a NUL character")
        try:
            uses = list(walk(parse(text)))
        except PatternError as error:
            yield Mistake(f"texts.{tag}", str(error))
            continue
        problems = (_problem_of_use(template.variables, use) for use in uses)
        for problem in dict.fromkeys(filter(None, problems)):
            yield Mistake(f"texts.{tag}", problem)


def _problem_of_use(variables: Mapping[str, Variable], use: Use) -> str | None:
    variable = variables.get(use.name)
    if variable is None:
        return f"the variable {use.name} is not declared"
    needs_number = use.is_number if isinstance(use, Placeholder) else isinstance(use, Plural)
    if needs_number and variable.type is not VariableType.NUMBER:
        return f"the variable {use.name} is used as a number and declared as {variable.type}"
    if isinstance(use, Select) and variable.type is not VariableType.TEXT:
        return f"the variable {use.name} is used in a select and must be declared as text"
    return None
