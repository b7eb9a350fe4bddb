"""The reference of all commands, as docs/cli.md shows it: read from the parser itself.

`python -m simpost.cli.reference docs/cli.md` writes it between the marks of that file.
"""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, get_args

import typer
from typer import FileText

from simpost.cli import COMMANDS, find
from simpost.domain.reasons import Reason

BEGIN: Final = "<!-- reference: begin -->"
END: Final = "<!-- reference: end -->"
_WIDTH: Final = 100
_SHARED: Final = "Service and credentials"
_KINDS: Final = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "",
    Path: "path",
    FileText: "file",
}


def with_reference(text: str) -> str:
    """The text with its reference generated again."""
    before, _, rest = text.partition(BEGIN)
    return f"{before}{BEGIN}\n\n{reference()}\n{END}{rest.partition(END)[2]}"


def reference() -> str:
    """Markdown: a part for each group of commands, a section for each command."""
    lines: list[str] = []
    shared: dict[str, str] = {}
    for panel in dict.fromkeys(each.panel for each in COMMANDS.values()):
        lines += [f"## {panel}", ""]
        for word, entry in COMMANDS.items():
            if entry.panel == panel:
                command = parser_of(find(entry), entry.help)
                lines += _sections(f"simpost {word}", command, "###", shared)
    lines += [f"## {_SHARED}", "", *_HEAD, *(shared[name] for name in sorted(shared)), ""]
    return "\n".join(lines)


def parser_of(found: Any, help_text: str) -> Any:
    """The parser of a command: a function, or a Typer of subcommands."""
    if isinstance(found, typer.Typer):
        command = typer.main.get_command(found)
        command.help = command.help or help_text
        return command
    app = typer.Typer(add_completion=False)
    app.command()(found)
    return typer.main.get_command(app)


_HEAD: Final = ("| option | value | default | |", "| --- | --- | --- | --- |")


def _sections(path: str, command: Any, level: str, shared: dict[str, str]) -> Iterator[str]:
    """One section for a command, and one for each of its subcommands."""
    inner = getattr(command, "commands", {})
    shown = [each for each in command.params if not getattr(each, "hidden", False)]
    yield from (f"{level} `{path}`", "", *_prose(command.help or ""))
    if not inner:
        takes = [_argument(each) for each in shown if not _is_option(each)]
        yield from ("```text", " ".join([path, *takes, "[options]"]), "```", "")
    own = [each for each in shown if getattr(each, "rich_help_panel", None) != _SHARED]
    rows = [_row(each) for each in own if each.name != "help"]
    if rows:
        yield from (*_HEAD, *rows, "")
    common = [each for each in shown if getattr(each, "rich_help_panel", None) == _SHARED]
    for each in common:
        shared.setdefault(each.opts[0], _row(each))
    if common:
        names = ", ".join(f"`{each.opts[0]}`" for each in common)
        yield from _prose(f"Also [{_SHARED.lower()}](#{_anchor(_SHARED)}): {names}.")
    for word, each in inner.items():
        yield from _sections(f"{path} {word}", each, f"{level}#", shared)


def _is_option(parameter: Any) -> bool:
    return str(parameter.opts[0]).startswith("-")


def _argument(parameter: Any) -> str:
    name = _name_of(parameter) + ("..." if parameter.nargs == -1 else "")
    return name if parameter.required else f"[{name}]"


def _name_of(argument: Any) -> str:
    return (argument.metavar or argument.name or "").strip("[]{}").upper()


def _row(parameter: Any) -> str:
    names = (*parameter.opts, *parameter.secondary_opts)
    shown = ", ".join(f"`{each}`" for each in names)
    if not _is_option(parameter):
        shown = f"`{_argument(parameter)}`"
    words = _cell(getattr(parameter, "help", None) or "")
    if isinstance(parameter.envvar, str):
        words = f"{words} Variable: `{parameter.envvar}`.".strip()
    return f"| {shown} | {_kind(parameter)} | {_default(parameter)} | {words} |"


def _kind(parameter: Any) -> str:
    """What a value is; a flag has none."""
    kind = parameter.type_descriptor.annotation
    if parameter.multiple:
        (kind,) = get_args(kind)
    if kind is Reason:
        word = "a [reason](reasons.md)"
    elif choices := get_args(kind) or tuple(kind if issubclass(kind, StrEnum) else ()):
        word = " or ".join(f"`{each}`" for each in choices)
    elif parameter.metavar and _is_option(parameter):
        word = f"`{parameter.metavar}`"
    elif parameter.max is not None:
        word = f"{_KINDS[kind]}, {parameter.min} to {parameter.max}"
    elif parameter.min is not None:
        word = f"{_KINDS[kind]}, at least {parameter.min}"
    else:
        word = _KINDS[kind]
    return f"{word}; may be repeated" if parameter.multiple else word


def _default(parameter: Any) -> str:
    if parameter.required:
        return "required"
    default = parameter.default
    if callable(default) or default is None or default is False or default == "":
        return ""
    if default is True:
        return f"`{parameter.opts[0]}`"
    return f"`{default}`"


def _prose(words: str) -> Iterator[str]:
    """Paragraphs, wrapped, each with a blank line behind it."""
    for each in re.split(r"\n\s*\n", words.strip()):
        yield from (*textwrap.wrap(" ".join(each.split()), _WIDTH, break_on_hyphens=False), "")


def _cell(words: str) -> str:
    return " ".join(words.split()).replace("|", "\\|")


def _anchor(title: str) -> str:
    return title.lower().replace(" ", "-")


if __name__ == "__main__":
    file = Path(sys.argv[1])
    file.write_text(with_reference(file.read_text("utf-8")), "utf-8")
