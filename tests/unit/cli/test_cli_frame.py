from __future__ import annotations

import inspect
import subprocess
import sys

import pytest
import typer

from simpost import __version__
from simpost.cli import COMMANDS, find, main
from simpost.cli.output import columns
from simpost.errors import ConfigError, SimpostError


def leave(*arguments: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert isinstance(left.value.code, int)
    return left.value.code


@pytest.mark.parametrize("word", COMMANDS)
def test_the_help_of_a_command_is_what_the_overview_says(word: str) -> None:
    found = find(COMMANDS[word])
    said = found.info.help if isinstance(found, typer.Typer) else inspect.getdoc(found)
    assert str(said).partition("\n")[0] == COMMANDS[word].help


@pytest.mark.parametrize("word", COMMANDS)
def test_every_command_has_help(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert leave(word, "--help") == 0
    assert f"Usage: simpost {word}" in capsys.readouterr().out


def test_the_overview_names_every_command_and_the_exit_codes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert leave("--help") == 0
    shown = capsys.readouterr().out
    assert "Exit codes" in shown
    assert all(word in shown for word in COMMANDS)


def test_the_version_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert leave("--version") == 0
    assert capsys.readouterr().out == f"simpost {__version__}\n"


def test_a_mistyped_command_is_met_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert leave("txt") == 2
    assert "Did you mean 'text'?" in capsys.readouterr().err


@pytest.mark.parametrize(("error", "code"), [(ConfigError("odd"), 2), (SimpostError("odd"), 1)])
def test_an_error_is_a_sentence_and_an_exit_code(
    error: SimpostError,
    code: int,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail() -> None:
        raise error

    monkeypatch.setattr("simpost.cli.find", lambda _command: fail)
    assert leave("check") == code
    assert capsys.readouterr().err == "simpost: odd\n"


def test_a_light_command_loads_nothing_heavy() -> None:
    program = """
import sys
from simpost.cli import main
try:
    main(["text", "hello"])
except SystemExit:
    pass
heavy = "simpost.config rich.progress fastapi aiohttp apsw uvloop structlog cryptography"
print(sorted(set(heavy.split()) & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_columns_are_as_wide_as_their_cells_and_cut_only_for_a_terminal() -> None:
    rows = [["a", "bb"], ["ccc", "d" * 10]]
    assert list(columns(rows, None)) == ["a    bb", "ccc  dddddddddd"]
    assert list(columns(rows, 8)) == ["a    bb", "ccc  dd…"]
