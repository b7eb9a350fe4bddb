"""Every example of the documentation is run against a demo gateway, and prints what the page says.

Addresses of the page are those that `make run` uses; here the demo listens on free ports.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from simpost.cli.demo_tour import ENDS
from tests import prestarted
from tests.scenarios.page_examples import Example, File, Ids, Script, fences, steps
from tests.scenarios.plain_http import get
from tests.scenarios.test_demo import demo, free_port

PAGES = sorted([*Path().glob("*.md"), *Path("docs").rglob("*.md")])
WITH_EXAMPLES = [
    page for page in PAGES if any(isinstance(each, Example | Script) for each in steps(page))
]
AFTER_THE_TOUR = {Path("README.md"), Path("docs/tutorial.md")}
"""What a newcomer reads first is true after the tour; the other pages begin with a quiet demo."""
PATIENCE_S = 90
"""How long a reading command is repeated until what it shows has happened."""
WRITES = re.compile(r" (-d|--data|--json|-X|--request)\b|^simpost (send|cancel|text|check|esims) ")
SERVERS = re.compile(r"^simpost smsc\b")


@pytest.mark.parametrize("page", WITH_EXAMPLES, ids=str)
def test_examples_print_what_the_page_shows(page, tmp_path):
    data, folder = tmp_path / "demo", tmp_path / "examples"
    folder.mkdir()
    toured = {"has_tour": True, "until": ENDS} if page in AFTER_THE_TOUR else {}
    with demo(f"--data={data}", **toured) as (_, url, printed):
        wait_bound(url)  # handsets send to nobody before
        handsets = re.search(r"handsets\s+http://(127\.0\.0\.1:\d+)/", printed)[1]
        token = re.search(
            r'^admin_token = "(.+)"', (data / "simpost.toml").read_text(), re.MULTILINE
        )[1]
        shell = Shell(
            folder,
            {"127.0.0.1:8080": url.removeprefix("http://"), "127.0.0.1:8081": handsets},
            {
                "SIMPOST_URL": url,
                "SIMPOST_ACCESS_CODE": "demo",
                "SIMPOST_SECRET": "demo-secret",
                "SIMPOST_ADMIN_TOKEN": token,
            },
        )
        for step in steps(page):
            if isinstance(step, File):
                (folder / step.name).write_text(step.content, "utf-8")
            elif isinstance(step, Script):
                shell.run(step)
            else:
                shell.check(step)


def wait_bound(url):
    """Wait until /readyz says that a carrier is connected."""
    ends = time.monotonic() + PATIENCE_S
    while get(f"{url}/readyz").status_code != 200:
        assert time.monotonic() < ends, "no carrier is connected"
        time.sleep(0.05)


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_prompts_stand_in_blocks_that_are_run(page):
    prompts = {
        language for language, _, text in fences(page) if re.search(r"^\$ ", text, re.MULTILINE)
    }
    assert prompts <= {"console", "text"}, "console: run here; text: needs what is not here"


class Shell:
    """Runs commands of a page in one folder, with the addresses of the demo."""

    def __init__(self, folder: Path, addresses: dict[str, str], variables: dict[str, str]) -> None:
        self._folder = folder
        self._addresses = addresses
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self._environment = {**os.environ, **variables, "COLUMNS": "200", "PATH": path}
        self._ids = Ids()

    def check(self, example: Example) -> None:
        """Run a command; one that only reads is repeated until its output is the page's."""
        ends = time.monotonic() + (0 if WRITES.search(example.command) else PATIENCE_S)
        while True:
            printed = self._run(self._ids.insert(example.command))
            if self._ids.matches(example.output, printed):
                return
            assert time.monotonic() < ends, f"$ {example.command}\n{printed}"

    def run(self, script: Script) -> None:
        """Run commands that must succeed; what they print is not shown on the page."""
        command = self._ids.insert(script.text)
        for shown, real in self._addresses.items():
            command = command.replace(shown, real)
        process = self._start(
            ["bash", "-e", "-c", f'curl() {{ command curl -sf "$@"; }}\n{command}']
        )
        printed = process.communicate(timeout=PATIENCE_S)[0]
        assert process.returncode == 0, f"{command}\n{printed}"

    def _run(self, command: str) -> str:
        addresses = dict(self._addresses)
        words = shlex.split(command)
        if SERVERS.search(command):
            ports = free_port(), free_port()
            addresses |= {"127.0.0.1:2775": f"127.0.0.1:{ports[0]}"}
            addresses |= {"127.0.0.1:8081": f"127.0.0.1:{ports[1]}"}
            printed = self._serve([*words[1:], f"--port={ports[0]}", f"--http-port={ports[1]}"])
        else:
            for shown, real in addresses.items():
                command = command.replace(shown, real)
            printed = self._finish(command)
        for shown, real in addresses.items():
            printed = printed.replace(real, shown)
        return printed

    def _finish(self, command: str) -> str:
        """What a command prints until it ends."""
        if command.startswith("simpost ") and not re.search(r"[|<>$;&]", command):
            words = [sys.executable, "-m", *shlex.split(command, comments=True)]
        else:
            words = ["bash", "-c", f'curl() {{ command curl -s "$@"; }}\n{command}']
        return self._start(words).communicate(timeout=PATIENCE_S)[0]

    def _serve(self, words: list[str]) -> str:
        """What a simulator prints until it is ready, or until it ends."""
        process = self._start([sys.executable, "-m", "simpost", *words])
        lines = []
        for line in process.stdout:
            lines.append(line)
            if line.startswith("  A number"):
                break
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE_S)
        return "".join(lines)

    def _start(self, words: list[str]) -> subprocess.Popen:
        return prestarted.Popen(
            words,
            cwd=self._folder,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


def test_an_example_fails_where_its_output_differs():
    ids = Ids()
    shown = "01a20449-c03d-7791-a8ac-337e6179d707"
    real = "019a4c7e-6f1f-7c2a-9d53-0c8f2f9a7b11"
    assert ids.matches(f'{{"id": "{shown}",\n  "n": ...}}', f'{{"id": "{real}", "n": 3}}')
    assert ids.insert(f"simpost messages {shown}") == f"simpost messages {real}"
    assert ids.matches(shown, real)
    assert not ids.matches(shown, shown)
    assert not ids.matches("state delivered", "state sent")
    assert not ids.matches("at 2026-11-22T17:24:31.933Z", "at noon")
