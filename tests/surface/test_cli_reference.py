"""docs/cli.md is what the parser of the command line says."""

import re
from pathlib import Path

import pytest

from simpost.cli import COMMANDS, find
from simpost.cli.reference import parser_of, with_reference

PAGE = Path("docs/cli.md")
TEXT = PAGE.read_text("utf-8")
COMMAND = "python -m simpost.cli.reference docs/cli.md"


def section(path):
    """The text of the page about one command, without those of its subcommands."""
    found = re.search(rf"^#+ `{path}`$(.*?)(?=^#)", TEXT, re.MULTILINE | re.DOTALL)
    assert found, path
    return found[1]


def leaves(path, command):
    """Each command that can be run, with its options."""
    inner = getattr(command, "commands", {})
    for word, each in inner.items():
        yield from leaves(f"{path} {word}", each)
    if not inner:
        yield path, {name for each in command.params for name in each.opts if name[0] == "-"}


def test_the_page_is_as_the_parser_has_it():
    assert with_reference(TEXT) == TEXT, f"generate it again: {COMMAND}"


@pytest.mark.parametrize("word", COMMANDS)
def test_every_command_has_a_section_with_its_options(word):
    for path, options in leaves(f"simpost {word}", parser_of(find(COMMANDS[word]), "")):
        missing = {each for each in options - {"--help"} if f"`{each}`" not in section(path)}
        assert missing == set(), path


def test_what_differs_from_the_parser_is_replaced():
    assert with_reference(TEXT.replace("`--no-tour`", "`--quiet`")) == TEXT
    assert "`--no-tour`" in section("simpost demo")
