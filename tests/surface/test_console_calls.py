"""Nothing is possible in the console that the API and the command line cannot do."""

import re
from functools import cache
from pathlib import Path

import pytest
import typer

from simpost.cli import COMMANDS, find
from simpost.console.app import PAGES
from tests.native_app import document

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "console-calls.md").read_text("utf-8")
ROWS = [
    [re.findall(r"`([^`]+)`", cell) for cell in line.strip("| \n").split(" | ")]
    for line in TEXT.splitlines()
    if re.match(r"\| `(GET|POST) /", line)
]
ELSEWHERE = {row[0][0]: (row[1], row[2]) for row in ROWS if len(row) == 3}
IN_A_BROWSER = {row[0][0] for row in ROWS if len(row) == 2}
ROUTES = {f"{page.method} {page.path.removeprefix('/console') or '/'}" for page in PAGES}
OPERATIONS = {
    f"{method.upper()} {path}"
    for path, operations in document()["paths"].items()
    for method in operations
}


@cache
def subcommands(word: str) -> set[str]:
    """The subcommands of a command, also those of its groups."""
    found = find(COMMANDS[word])
    if not isinstance(found, typer.Typer):
        return set()
    group = typer.main.get_command(found)
    names = set()
    for name, each in getattr(group, "commands", {}).items():
        names |= {name, *(f"{name} {inner}" for inner in getattr(each, "commands", {}))}
    return names


def test_every_page_and_button_is_listed_once() -> None:
    listed = [row[0][0] for row in ROWS]
    assert sorted(listed) == sorted(ROUTES), "add a row to docs/console-calls.md"
    assert len(IN_A_BROWSER) <= 10


@pytest.mark.parametrize("route", sorted(ELSEWHERE))
def test_what_it_does_is_an_operation_and_a_command(route: str) -> None:
    operations, commands = ELSEWHERE[route]
    assert operations
    assert set(operations) <= OPERATIONS
    assert commands
    for command in commands:
        word, _, rest = command.partition(" ")
        assert word in COMMANDS
        assert not rest or rest in subcommands(word), command


def test_what_changes_something_does_so_by_a_call_that_may() -> None:
    """Texts are shown by a POST for the audit log, and a file is asked for by one."""
    shows = re.compile(r"/(reveal|edit|export)$")
    for route, (operations, _) in ELSEWHERE.items():
        if route.startswith("POST ") and not shows.search(route):
            assert [each for each in operations if not each.startswith("GET ")], route
