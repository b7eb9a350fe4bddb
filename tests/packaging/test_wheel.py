"""The wheel, installed at the locked versions in a clean environment."""

from __future__ import annotations

import contextlib
import json
import re
import signal
import subprocess
import time
import urllib.request
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_the_wheel_has_every_file_of_the_package_and_no_other(wheel):
    with zipfile.ZipFile(wheel) as opened:
        names = {name for name in opened.namelist() if ".dist-info/" not in name}
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "src/simpost"]
    done = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True)
    assert names == {name.removeprefix("src/") for name in done.stdout.splitlines()}


@contextlib.contextmanager
def running(environment, folder, *arguments):
    """A command of the installed simpost, with all it printed until its first empty prompt."""
    with subprocess.Popen(
        [environment / "bin" / "simpost", *arguments],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "LANG": "C.UTF-8"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield process.stdout
            process.send_signal(signal.SIGINT)
            assert process.wait(30) == 0
        finally:
            process.kill()


def until(lines, pattern):
    """The first match in what is printed."""
    seen = []
    for line in lines:
        seen.append(line)
        if found := re.search(pattern, line):
            return found
    pytest.fail("".join(seen))


def ask(url, document=None):
    headers = {"RT-AccessCode": "demo", "RT-SecretKey": "demo-secret"}
    octets = json.dumps(document).encode() if document else None
    with urllib.request.urlopen(urllib.request.Request(url, octets, headers)) as answer:
        return json.load(answer)


def test_the_installed_demo_sends_a_text(environment, tmp_path):
    ports = ("--port=0", "--handsets-port=0", "--smsc-port=0")
    with running(environment, tmp_path, "demo", *ports) as printed:
        url = until(printed, r"(http://\S+)/api/v1/open")[1]
        handsets = until(printed, r"handsets +(http://\S+/)")[1]
        until(printed, "One line for each text")
        text = {"esimTranNo": "23072017992029", "message": "From the wheel"}
        assert ask(f"{url}/api/v1/open/esim/sendSms", text)["success"]
        ends = time.monotonic() + 60
        while "From the wheel" not in json.dumps(ask(f"{handsets}handsets")):
            assert time.monotonic() < ends
            time.sleep(0.05)


def test_the_installed_simulator_needs_no_configuration(environment, tmp_path):
    with running(environment, tmp_path, "smsc", "--port=0", "--http-port=0") as printed:
        url = until(printed, r"handsets +(http://\S+)/")[1]
        assert ask(f"{url}/handsets") is not None
    assert list(tmp_path.iterdir()) == []
