"""The documentation: its lines, links and shell examples."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest
import typer

from simpost.cli import COMMANDS, find

PAGES = sorted(
    [*Path().glob("*.md"), *Path("docs").rglob("*.md"), *Path("requirements").glob("*.md")]
)
WIDTH = 100
LINK = re.compile(r"\]\(([^()\s]+)\)")
PLACEHOLDER = re.compile(r"\[[^\]]*\]|\.\.\.|…|\|")


def prose(page):
    """Lines outside code blocks and tables, with their numbers."""
    is_code = False
    for number, line in enumerate(page.read_text("utf-8").splitlines(), 1):
        if line.lstrip().startswith("```"):
            is_code = not is_code
        elif not is_code and not line.startswith("|"):
            yield number, line


def blocks(page):
    """Language and text of each code block."""
    pattern = re.compile(r"^ *```(\w*)[^\n]*\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
    return pattern.findall(page.read_text("utf-8"))


def anchors(page):
    """The anchors that GitHub gives the headings of a page."""
    titles = [line.lstrip("# ") for _, line in prose(page) if line.startswith("#")]
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def commands(page):
    """Each command line of simpost in the code blocks, without its comment."""
    for _, text in blocks(page):
        joined = text.replace("\\\n", " ")
        for line in joined.splitlines():
            found = re.match(r"\s*(?:\$ )?((?:[A-Z_]+=\S+ )*)(simpost(?: .*)?)$", line)
            if found and not re.match(r"simpost (\w+: |\d)", found[2]):
                yield found[2]


def option_names(command):
    return {name for each in command.params for name in (*each.opts, *each.secondary_opts)}


def fault_in(line):
    """What is wrong with a command line; `None` when its command and options exist."""
    words = shlex.split(line, comments=True)[1:]
    if not words or words[0].startswith("-"):
        return None
    if words[0] not in COMMANDS:
        return f"no command {words[0]}"
    real = find(COMMANDS[words[0]])
    if isinstance(real, typer.Typer):
        command = typer.main.get_command(real)
    else:
        app = typer.Typer()
        app.command()(real)
        command = typer.main.get_command(app)
    rest = words[1:]
    if hasattr(command, "commands") and rest and not rest[0].startswith("-"):
        if rest[0] not in command.commands:
            return f"no command {words[0]} {rest[0]}"
        command = command.commands[rest.pop(0)]
    named = {
        word.strip("[]").partition("=")[0] for word in rest if word.strip("[]").startswith("-")
    }
    unknown = named - option_names(command) - {"--help", "-", "--"}
    return f"no option {', '.join(sorted(unknown))}" if unknown else None


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_lines_wrap_at_100_columns(page):
    wide = [n for n, line in prose(page) if len(line) > WIDTH and " " in line.strip()]
    assert wide == []


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_relative_links_point_to_something(page):
    text = "\n".join(line for _, line in prose(page))
    text += "\n".join(x for x in page.read_text("utf-8").splitlines() if x.startswith("|"))
    for target in LINK.findall(text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        linked = (page.parent / path) if path else page
        assert linked.exists(), target
        if anchor and linked.suffix == ".md":
            assert anchor in anchors(linked), target


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_commands_and_options_of_the_examples_exist(page):
    faults = {line: fault for line in commands(page) if (fault := fault_in(line))}
    assert faults == {}


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_shell_examples_parse(page):
    for language, text in blocks(page):
        lines = [line[2:] for line in text.replace("\\\n", " ").splitlines() if line[:2] == "$ "]
        if language in {"sh", "bash"}:
            lines = [text]
        for line in lines:
            if not PLACEHOLDER.search(line):
                done = subprocess.run(["bash", "-n", "-c", line], capture_output=True, check=False)
                assert done.returncode == 0, line


def test_every_scenario_is_named_on_the_page_about_testing():
    page = Path("docs/testing.md").read_text("utf-8")
    scenarios = Path("tests/scenarios").rglob("test_*.py")
    assert [each.name for each in scenarios if each.name not in page] == []


def test_every_page_is_in_the_contents_of_the_site():
    listed = Path("docs/site/contents.txt").read_text("utf-8").split()
    pages = {
        str(page.with_suffix("")) for page in [*Path().glob("*.md"), *Path("docs").glob("*.md")]
    }
    assert pages - set(listed) == {"README"}, "README has the contents; add the others to them"


def test_the_checks_find_violations():
    assert fault_in("simpost sned") == "no command sned"
    assert fault_in("simpost esims forget") == "no command esims forget"
    assert fault_in("simpost text --forever x") == "no option --forever"
    assert fault_in("simpost esims retire 1 # one") is None
