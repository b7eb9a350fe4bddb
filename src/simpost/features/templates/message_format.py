"""The part of ICU MessageFormat that a template may use, parsed to a tree.

Placeholders `{name}` and `{name, number}`, and the forms `plural`, `selectordinal` and `select`.
Quoting is ICU's: `''` is an apostrophe, and an apostrophe before `{` or `}` (before `#` too, within
a plural) begins text that is taken as it is. What this parser accepts, ICU renders in the same way;
it is stricter where ICU would let a mistake pass.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache
from typing import Final, TypeAlias

import msgspec

from simpost.errors import InvalidRequest

MAX_CHARACTERS: Final = 5_000
"""Longest text of a template."""
MAX_NESTING: Final = 4
"""Most forms inside one another."""
MAX_CASES: Final = 32
"""Most cases of one form."""

NAME: Final = r"[A-Za-z_][A-Za-z0-9_]{0,31}"
PLURAL_KEYWORDS: Final = frozenset({"zero", "one", "two", "few", "many", "other"})

_NAME = re.compile(NAME)
_SPACE = re.compile(r"[ \t\r\n\v\f\x85\u200e\u200f\u2028\u2029]*")
_WORD = re.compile(r"[A-Za-z0-9_-]{1,32}")
_EXACT = re.compile(r"=(-?[0-9]{1,15})(?![0-9])")
_OFFSET = re.compile(r"offset:[ \t\r\n]*([0-9]{1,9})(?![0-9])")
_FORMS: Final = ("plural", "selectordinal", "select")


class Placeholder(msgspec.Struct, frozen=True, gc=False):
    """The value of a variable; `is_number` when the text says `{name, number}`."""

    name: str
    is_number: bool = False


class CountMark(msgspec.Struct, frozen=True, gc=False):
    """`#` within a plural: the number less the offset."""

    name: str
    offset: int


class Plural(msgspec.Struct, frozen=True):
    """Cases by number: `exact` ones by the value itself, others by the keyword of the language."""

    name: str
    offset: int
    is_ordinal: bool
    exact: dict[Decimal, Text]
    cases: dict[str, Text]


class Select(msgspec.Struct, frozen=True):
    """Cases by the value of a text; `other` for any other value."""

    name: str
    cases: dict[str, Text]


Node: TypeAlias = str | Placeholder | CountMark | Plural | Select
Use: TypeAlias = Placeholder | Plural | Select
"""A node that reads a variable."""
Text: TypeAlias = tuple[Node, ...]


class PatternError(InvalidRequest):
    """The text of a template cannot be parsed."""


@lru_cache(maxsize=256)
def parse(text: str) -> Text:
    """The tree of a text. Raises PatternError, which names the position of the mistake."""
    if len(text) > MAX_CHARACTERS:
        raise PatternError(f"The text has {len(text):,} characters; {MAX_CHARACTERS:,} at most.")
    parser = _Parser(text)
    tree = parser.text(None, 0)
    if parser.at < len(text):
        raise parser.error("this } closes nothing; write '}' for the character")
    return tree


def walk(text: Text) -> Iterator[Use]:
    """Every use of a variable in a tree, except `#`."""
    for node in text:
        if isinstance(node, Plural | Select):
            yield node
            for branch in branches(node):
                yield from walk(branch)
        elif isinstance(node, Placeholder):
            yield node


def branches(node: Plural | Select) -> Iterator[Text]:
    """The texts of all cases of a form."""
    if isinstance(node, Plural):
        yield from node.exact.values()
    yield from node.cases.values()


class _Parser:
    """Reads from left to right; the depth is bounded by MAX_NESTING."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.at = 0

    def error(self, problem: str) -> PatternError:
        return PatternError(f"At character {self.at + 1}: {problem}.")

    def text(self, form: Plural | Select | None, depth: int, plural: str = "") -> Text:
        """Nodes up to the `}` that closes them, or to the end. `plural` names the one around."""
        nodes: list[Node] = []
        literal: list[str] = []

        def add(node: Node) -> None:
            if literal:
                nodes.append("".join(literal))
                literal.clear()
            nodes.append(node)

        while self.at < len(self.source):
            char = self.source[self.at]
            if char == "'":
                literal.append(self._apostrophe(in_plural=isinstance(form, Plural)))
            elif char == "{":
                add(self._argument(depth, plural))
            elif char == "}":
                break
            elif char == "#" and isinstance(form, Plural):
                self.at += 1
                add(CountMark(form.name, form.offset))
            elif char == "#" and plural:
                raise self.error(f"# within a select; put {{{plural}, plural}} inside the select")
            else:
                literal.append(char)
                self.at += 1
        if literal:
            nodes.append("".join(literal))
        return tuple(nodes)

    def _apostrophe(self, *, in_plural: bool) -> str:
        """The characters that an apostrophe stands for or quotes."""
        source, start = self.source, self.at
        following = source[start + 1 : start + 2]
        if following == "'":
            self.at += 2
            return "'"
        if following not in ("{", "}", "#") or (following == "#" and not in_plural):
            self.at += 1
            return "'"
        quoted: list[str] = []
        self.at += 1
        while (end := source.find("'", self.at)) >= 0:
            quoted.append(source[self.at : end])
            self.at = end + 1
            if source[self.at : self.at + 1] != "'":
                return "".join(quoted)
            quoted.append("'")
            self.at += 1
        self.at = start
        raise self.error(f"this apostrophe quotes {following}, and no other one ends the quotation")

    def _argument(self, depth: int, plural: str) -> Node:
        opened = self.at
        self.at += 1
        self._skip_space()
        name = self._take(_NAME, "{ needs a variable name: a letter, then letters, digits, _")
        self._skip_space()
        if self._next() == "}":
            self.at += 1
            return Placeholder(name)
        self._expect(",", "expected , or } after the name of the variable")
        self._skip_space()
        kind = self._take(_WORD, "expected number, plural, selectordinal or select")
        self._skip_space()
        if kind == "number":
            self._expect("}", "number takes no style here; expected }")
            return Placeholder(name, is_number=True)
        if kind not in _FORMS:
            raise self.error(
                f"{kind} is not supported; use number, plural, selectordinal or select, "
                "or format the value yourself and declare it as text"
            )
        if depth >= MAX_NESTING:
            self.at = opened
            raise self.error(f"forms are nested more than {MAX_NESTING} deep")
        self._expect(",", f"expected , after {kind}")
        self._skip_space()
        return self._form(name, kind, depth, plural)

    def _form(self, name: str, kind: str, depth: int, plural: str) -> Plural | Select:
        offset, opened = 0, self.at
        form: Plural | Select
        if kind == "select":
            form = Select(name, {})
        else:
            if found := _OFFSET.match(self.source, self.at):
                offset = int(found[1])
                self.at = found.end()
                self._skip_space()
            form = Plural(name, offset, kind == "selectordinal", {}, {})
            plural = name
        while self._next() != "}":
            self._case(form, depth, plural)
        self.at += 1
        if "other" not in form.cases:
            self.at = opened
            raise self.error(f"{{{name}, {kind}}} needs the case other")
        return form

    def _case(self, form: Plural | Select, depth: int, plural: str) -> None:
        started = self.at
        if isinstance(form, Plural) and (found := _EXACT.match(self.source, self.at)):
            self.at = found.end()
            key: str | Decimal = Decimal(found[1])
        else:
            key = self._take(_WORD, "expected a case, such as other {...}")
        known: dict[str, Text] | dict[Decimal, Text] = form.cases
        if isinstance(form, Plural):
            if isinstance(key, Decimal):
                known = form.exact
            elif key not in PLURAL_KEYWORDS:
                self.at = started
                raise self.error(
                    f"{key} is no plural case; use =0, zero, one, two, few, many or other"
                )
        if key in known:
            self.at = started
            raise self.error("this case is there twice")
        if sum(1 for _ in branches(form)) >= MAX_CASES:
            raise self.error(f"a form has {MAX_CASES} cases at most")
        self._skip_space()
        self._expect("{", "expected { after the name of the case")
        text = self.text(form, depth + 1, plural)
        self._expect("}", "a { is not closed")
        known[key] = text  # type: ignore[index]  # the key has the type of the table
        self._skip_space()

    def _next(self) -> str:
        if self.at >= len(self.source):
            raise self.error("a { is not closed")
        return self.source[self.at]

    def _expect(self, char: str, problem: str) -> None:
        if self.source[self.at : self.at + 1] != char:
            raise self.error(problem)
        self.at += 1

    def _take(self, pattern: re.Pattern[str], problem: str) -> str:
        found = pattern.match(self.source, self.at)
        if not found:
            raise self.error(problem)
        self.at = found.end()
        return found[0]

    def _skip_space(self) -> None:
        found = _SPACE.match(self.source, self.at)
        assert found
        self.at = found.end()
