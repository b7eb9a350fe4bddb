"""Examples of the documentation: their commands, and how their output is compared.

CONTRIBUTING.md describes the convention. A `console` block has commands behind `$ ` and their
output below. An `sh` block has commands without it. A block whose fence names a file
(```toml simpost.toml) is the content of that file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

from tests.scenarios.scripts_not_run import why_not_run

_BLOCK = re.compile(r"^( *)```([\w-]*)(?: +(\S+))?\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z"
_VARIABLE = re.compile(rf"(?P<id>{_UUID})|(?P<time>{_TIME})|(?P<elision>\.\.\.)")


@dataclass(frozen=True, slots=True)
class File:
    name: str
    content: str


@dataclass(frozen=True, slots=True)
class Example:
    command: str
    output: str


@dataclass(frozen=True, slots=True)
class Script:
    """Commands without output: each must succeed."""

    text: str


def fences(page: Path) -> list[tuple[str, str, str]]:
    """Language, file name and text of each code block; an indented one is of a list."""
    found = _BLOCK.findall(page.read_text("utf-8"))
    return [(language, name, dedent(text)) for _, language, name, text in found]


def steps(page: Path) -> Iterator[File | Example | Script]:
    """The files and the commands of a page, in its order."""
    for language, name, text in fences(page):
        if name:
            yield File(name, text)
        elif language == "console":
            yield from _examples(text)
        elif language == "sh" and not why_not_run(page, text):
            yield Script(text)


def _examples(text: str) -> Iterator[Example]:
    first, *others = re.split(r"^\$ ", text, flags=re.MULTILINE)
    assert not first, f"a console block must begin with a command: {first!r}"
    for each in others:
        found = re.match(r"(?:.*\\\n)*.*\n", each)
        assert found
        yield Example(found[0].replace("\\\n", "").strip(), each[found.end() :])


class Ids:
    """The ids that the page shows, and those that the commands returned in their place."""

    def __init__(self) -> None:
        self._real: dict[str, str] = {}

    def insert(self, command: str) -> str:
        """Replace each id of the page by the real one."""
        for shown, real in self._real.items():
            command = command.replace(shown, real)
        return command

    def matches(self, shown: str, printed: str) -> bool:
        """Whether the output is the one that the page shows; then learn the ids in it."""
        names: dict[str, str] = {}
        pattern = "".join(self._pattern(shown, names))
        found = re.fullmatch(pattern, _folded(printed), re.DOTALL)
        if found:
            self._real |= {shown_id: found[name] for shown_id, name in names.items()}
        return found is not None

    def _pattern(self, shown: str, names: dict[str, str]) -> Iterator[str]:
        shown = _folded(shown)
        end = 0
        for variable in _VARIABLE.finditer(shown):
            yield re.escape(shown[end : variable.start()])
            end = variable.end()
            if variable["elision"]:
                yield ".*?"
            elif variable["time"]:
                yield _TIME
            elif variable["id"] in self._real:
                yield re.escape(self._real[variable["id"]])
            elif variable["id"] in names:
                yield f"(?P={names[variable['id']]})"
            else:
                names[variable["id"]] = f"id{len(names)}"
                yield f"(?P<{names[variable['id']]}>{_UUID})"
        yield re.escape(shown[end:])


def _folded(text: str) -> str:
    """Spaces and line ends count as one space; JSON may be broken anywhere between two values."""
    text = re.sub(r"(?<=[\[{,])\s+(?=[\[{\"\d\]}])|(?<=[\]}])\s+(?=[\]}])", "", text)
    return " ".join(text.split())
