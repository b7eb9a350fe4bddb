"""`simpost smsc` as a process: who can see its password."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import CompletedProcess

import pytest

Run = Callable[..., CompletedProcess[str]]


@contextmanager
def smsc(*options: str, **environment: str) -> Iterator[tuple[int, str]]:
    """A running message centre: its process id, and what it printed."""
    with subprocess.Popen(
        [sys.executable, "-m", "simpost", "smsc", "--port=0", "--http-port=0", *options],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    ) as process:
        assert process.stdout
        shown = ""
        while "999005" not in shown:
            line = process.stdout.readline()
            assert line, shown
            shown += line
        yield process.pid, shown
        process.terminate()


@pytest.mark.parametrize("way", ["file", "variable"])
def test_a_password_is_in_no_list_of_processes(tmp_path: Path, way: str) -> None:
    file = tmp_path / "password"
    file.write_text("hush-123\n")
    options = [f"--password-file={file}"] if way == "file" else []
    given = {"SIMPOST_SMSC_PASSWORD": "hush-123"} if way == "variable" else {}
    with smsc(*options, **given) as (pid, shown):
        assert "password hush-123" in shown
        listed = Path(f"/proc/{pid}/cmdline")
        if not listed.exists():
            pytest.skip("no /proc here")
        assert b"hush-123" not in listed.read_bytes()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read: No such file or directory."),
        ("\nsecond\n", "has an empty first line."),
        ("pässword", "cannot be read: it is not ASCII."),
    ],
)
def test_a_password_file_that_holds_none_is_refused(
    run: Run, tmp_path: Path, content: str | None, said: str
) -> None:
    file = tmp_path / "password"
    if content is not None:
        file.write_text(content, "utf-8")
    done = run("smsc", f"--password-file={file}")
    assert (done.returncode, done.stderr) == (2, f"simpost: --password-file {file} {said}\n")


def test_two_passwords_are_refused(run: Run, tmp_path: Path) -> None:
    done = run("smsc", "--password=a", f"--password-file={tmp_path}")
    assert done.returncode == 2
    assert "choose one" in done.stderr
