"""The command line on terminals, pipes and disks as they are."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

Run = Callable[..., CompletedProcess[str]]
TEXT = "Grüße 😀\x1b[2J\u202e"


def print_text(encoding: str, *arguments: str) -> CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "simpost", "text", *arguments],
        capture_output=True,
        env={**os.environ, "LC_ALL": "C", "PYTHONUTF8": "1", "PYTHONIOENCODING": encoding},
        timeout=50,
        check=False,
    )


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_what_a_terminal_cannot_show_is_an_escape(encoding: str) -> None:
    done = print_text(encoding, TEXT)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"\x1b" not in done.stdout
    smile = "😀" if encoding == "utf-8" else r"\U0001f600"
    assert rf"{smile}\x1b[2J\u202e" in done.stdout.decode(encoding)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_json_is_json_in_every_encoding(encoding: str) -> None:
    done = print_text(encoding, "--json", TEXT)
    document = json.loads(done.stdout.decode(encoding))
    assert "".join(part["text"] for part in document["parts"]) == TEXT
    assert b"\x1b" not in done.stdout


def test_an_argument_that_is_no_text_is_refused_in_a_sentence() -> None:
    esim = [b"--esim", b"\xff", b"--access-code", b"a", b"--secret", b"b"]
    done = subprocess.run(
        [os.fsencode(sys.executable), b"-m", b"simpost", b"inbox", *esim],
        capture_output=True,
        env={**os.environ, "PYTHONUTF8": "1"},
        timeout=50,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr == b"simpost: an argument is not valid UTF-8\n"


def test_a_closed_pipe_ends_it_silently() -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as closed:
        done = subprocess.run(
            [sys.executable, "-m", "simpost", "text", "x" * 3000],
            stdout=closed,
            stderr=subprocess.PIPE,
            timeout=50,
            check=False,
        )
    assert (done.returncode, done.stderr) == (1, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_one_sentence() -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "simpost", "text", "hello"],
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=50,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.startswith(b"simpost: [Errno 28]")
    assert done.stderr.count(b"\n") == 1


@pytest.mark.skipif(not shutil.which("bash"), reason="this system has no bash")
@pytest.mark.parametrize(
    ("line", "offers"),
    [
        ("simpost se", {"serve", "send", "seal"}),
        ("simpost carriers ", {"pause", "resume", "drain"}),
        ("simpost send --cat", {"--category"}),
        ("simpost accounts add --dialect ", {"hiroaming", "esim_access"}),
    ],
)
def test_bash_completes_what_is_typed(
    run: Run, tmp_path: Path, line: str, offers: set[str]
) -> None:
    simpost = tmp_path / "simpost"
    simpost.write_text(f'#!/bin/sh\nexec {sys.executable} -m simpost "$@"\n')
    simpost.chmod(0o755)
    shown = run("--show-completion", "bash")
    words = line.split(" ")
    typed = " ".join(f"'{word}'" for word in words)
    program = f"""{shown.stdout}
COMP_WORDS=({typed}); COMP_CWORD={len(words) - 1}
_simpost_completion simpost
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    done = subprocess.run(
        ["bash", "-c", program],
        capture_output=True,
        text=True,
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
        timeout=50,
        check=True,
    )
    assert set(done.stdout.split()) == offers, done.stderr
