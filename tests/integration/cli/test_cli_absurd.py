"""No value of any option or argument ends in a traceback."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

Run = Callable[..., CompletedProcess[str]]
SEED, SAMPLE = 8017, 60
ACCOUNT = ("--access-code=a", "--secret=b")


def test_absurd_values_end_in_one_sentence_each(simpost: Any, tmp_path: Path) -> None:
    """In a process of its own that forks for each: threads of the tests do not reach it."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.integration.cli.absurd", str(SEED), str(SAMPLE), tmp_path],
        capture_output=True,
        text=True,
        env={
            "PATH": "/usr/bin:/bin",
            "HOME": str(tmp_path),
            "NO_COLOR": "1",
            "SIMPOST_CONFIG": str(simpost.config),
            "SIMPOST_ACCESS_CODE": "demo",
            "SIMPOST_SECRET": "demo-secret",
        },
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    outcomes = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(outcomes) == SAMPLE
    assert [each for each in outcomes if each["status"] not in (0, 1, 2)] == []
    assert [each for each in outcomes if "Traceback" in each["output"]] == []


@pytest.mark.parametrize(
    "url", ["http://[::1", "http://x:99999999", "http://x:0", "postgresql://[", "", " ", "\x1b[2J"]
)
def test_an_invalid_url_is_one_sentence(run: Run, url: str) -> None:
    done = run("messages", *ACCOUNT, f"--url={url or ' '}")
    assert done.returncode == 2
    assert "must look like http://127.0.0.1:8080" in done.stderr
    assert done.stderr.count("\n") == 1
    assert "\x1b" not in done.stderr


@pytest.mark.parametrize("language", ["9" * 5000, "0", "-1", "", "²", "klingon"])
def test_an_invalid_language_is_one_sentence(run: Run, language: str) -> None:
    done = run("text", "hello", f"--language={language}")
    assert done.returncode == 2
    assert "is no language with a table" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--port=99999", "Input should be"),
        ("--port=-1", "Input should be"),
        ("--http-port=" + "9" * 30, "Input should be"),
        ("--window=0", "--window"),
        ("--response-delay=-1", "--response-delay"),
        ("--response-delay=nan", "--response-delay"),
        ("--receipt-delay=inf", "--receipt-delay"),
        ("--system-id=" + "a" * 16, "at most 15 ASCII characters"),
        ("--host=\udcff", "it is not an address or host name"),
    ],
)
def test_an_absurd_option_of_the_message_centre_is_refused(
    run: Run, option: str, said: str
) -> None:
    done = run("smsc", "--port=0", "--http-port=0", option)
    assert done.returncode in (1, 2)
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_names_of_files_are_printed_with_escapes(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "a\x1b[2J\u202e.toml"
    done = run("init", file)
    assert done.returncode == 0, done.stderr
    assert r"a\x1b[2J\u202e.toml" in done.stdout
    assert "\x1b" not in done.stdout
