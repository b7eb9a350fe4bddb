"""Write the man page simpost(1), from the parser of the command line, to stdout.

The date is that of SOURCE_DATE_EPOCH, or today.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from typing import Any

from simpost import __version__
from simpost.cli import COMMANDS, find
from simpost.cli.reference import parser_of

_HEAD = """\
.SH NAME
simpost \\- the SMS service for eSIMs
.SH SYNOPSIS
.B simpost
.I command
.RI [ options ]
.SH DESCRIPTION
simpost sends SMS to eSIMs through carriers, by SMPP and HTTP, and records what became of each
message. The Debian package has its documentation in
.IR /usr/share/doc/simpost .
"""
_TAIL = """\
.SH EXIT STATUS
.TP
.B 0
The command succeeded.
.TP
.B 1
The command was valid but failed, in whole or in part.
.TP
.B 2
The command line or the configuration is invalid.
.SH FILES
.TP
.I /etc/simpost/simpost.toml
The configuration of the system service.
.TP
.I /etc/simpost/credentials
Its secrets, one file each.
.TP
.I /var/lib/simpost
Its embedded store.
.SH SIGNALS
.TP
.B SIGHUP
.B simpost serve
reads its configuration again.
.TP
.B SIGTERM
It stops after the time to drain; a second signal stops it at once.
"""


def page(seconds: float) -> str:
    """The page in man(7) macros, with the date of `seconds` since 1970."""
    date = time.strftime("%Y-%m-%d", time.gmtime(seconds))
    parts = [f'.TH SIMPOST 1 "{date}" "simpost {__version__}" "simpost"\n', _HEAD]
    variables: dict[str, str] = {}
    for panel in dict.fromkeys(each.panel for each in COMMANDS.values()):
        parts.append(f".SH {panel.upper()}\n")
        for word, entry in COMMANDS.items():
            if entry.panel == panel:
                command = parser_of(find(entry), entry.help)
                parts.extend(_sections(f"simpost {word}", command, variables))
    parts.append(".SH ENVIRONMENT\n")
    parts += [f".TP\n.B {_roff(name)}\n{_text(words)}" for name, words in sorted(variables.items())]
    return "".join([*parts, _TAIL])


def _sections(path: str, command: Any, variables: dict[str, str]) -> Iterator[str]:
    """One section for a command, and one for each of its subcommands."""
    takes = [each for each in command.params if not each.opts[0].startswith("-")]
    names = [f".I {_roff(_name_of(each))}\n" for each in takes]
    yield f'.SS "{_roff(path)}"\n.B {_roff(path)}\n{"".join(names)}.PP\n'
    yield _text(command.help or "")
    for each in command.params:
        if getattr(each, "hidden", False):
            continue
        words = getattr(each, "help", None) or ""
        yield f".TP\n{_option(each)}\n{_text(words) or chr(92) + '&' + chr(10)}"
        variable = each.envvar
        if isinstance(variable, str):
            variables.setdefault(variable, f"{each.opts[0]}: {words}")
    for word, inner in getattr(command, "commands", {}).items():
        yield from _sections(f"{path} {word}", inner, variables)


def _name_of(argument: Any) -> str:
    return (argument.metavar or argument.name or "").strip("[]").upper()


def _option(parameter: Any) -> str:
    if not parameter.opts[0].startswith("-"):
        return f".I {_roff(_name_of(parameter))}"
    names = ", ".join([*parameter.opts, *parameter.secondary_opts])
    kind = "" if parameter.is_flag else f" {parameter.name.upper()}"
    return f".B {_roff(names + kind)}"


def _text(words: str) -> str:
    """Paragraphs in roff; one line each, as man(7) fills them."""
    paragraphs = [" ".join(each.split()) for each in re.split(r"\n\s*\n", words.strip())]
    return "".join(
        f"{'.PP' + chr(10) if at else ''}{_roff(each)}\n"
        for at, each in enumerate(paragraphs)
        if each
    )


def _roff(text: str) -> str:
    """The text with nothing that roff would take for a request or an escape."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-").replace('"', "\\(dq")
    return f"\\&{escaped}" if escaped[:1] in (".", "'") else escaped


if __name__ == "__main__":
    print(page(float(os.environ.get("SOURCE_DATE_EPOCH", time.time()))), end="")
