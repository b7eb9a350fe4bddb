"""The unit: what systemd says about it, and a gateway within its limits that reports to systemd."""

from __future__ import annotations

import ctypes.util
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "packaging" / "systemd" / "simpost.service"
HERE = Path(__file__).parent

needs_systemd = pytest.mark.skipif(
    not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed."
)


def analyze(*arguments):
    return subprocess.run(
        ["systemd-analyze", "--no-pager", *arguments], capture_output=True, text=True, check=False
    )


@needs_systemd
def test_systemd_understands_every_line(tmp_path):
    program = tmp_path / "simpost"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    unit = tmp_path / UNIT.name
    text = UNIT.read_text("utf-8").replace("/usr/bin/simpost", str(program))
    unit.write_text(text.replace("Documentation=man:simpost(1)\n", ""), "utf-8")
    done = analyze("verify", "--man=no", str(unit))
    assert (done.returncode, done.stderr) == (0, "")
    unit.write_text(text.replace("ProtectHome", "ProtectHouse"), "utf-8")
    assert "ProtectHouse" in analyze("verify", "--man=no", str(unit)).stderr


@needs_systemd
def test_systemd_rates_the_exposure_below_2_5():
    done = analyze("security", "--offline=true", "--threshold=24", str(UNIT))
    assert done.returncode == 0, done.stdout


def allowed_calls(tmp_path):
    """The system calls that `SystemCallFilter` of the unit leaves."""
    allowed = set()
    for line in re.findall(r"^SystemCallFilter=(.*)$", UNIT.read_text("utf-8"), re.MULTILINE):
        calls = set().union(*map(members, line.lstrip("~").split()))
        allowed = allowed - calls if line[0] == "~" else allowed | calls
    path = tmp_path / "calls"
    path.write_text("\n".join(sorted(allowed)))
    return path


def members(group):
    """The calls of a group, and of the groups in it."""
    shown = analyze("syscall-filter", group)
    names = [line.strip() for line in shown.stdout.splitlines() if line.startswith("    ")]
    assert names, shown.stderr
    return set().union(
        *(members(each) if each[0] == "@" else {each} for each in names if each[0] != "#")
    )


@needs_systemd
@pytest.mark.skipif(not ctypes.util.find_library("seccomp"), reason="libseccomp is not installed.")
def test_a_gateway_within_the_limits_reports_to_systemd(tmp_path):
    config, credentials = tmp_path / "simpost.toml", tmp_path / "credentials"
    command = [sys.executable, "-m", "simpost"]
    init = [*command, "init", config, "--credentials", credentials]
    subprocess.run(init, check=True, capture_output=True, umask=0o077)
    assert config.stat().st_mode & 0o777 == 0o644
    assert {path.stat().st_mode & 0o777 for path in credentials.iterdir()} == {0o600}
    config.write_text(config.read_text().replace("port = 8080", "port = 0"))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(60)
        environment = {
            **os.environ,
            "CREDENTIALS_DIRECTORY": str(credentials),
            "NOTIFY_SOCKET": manager.getsockname(),
            "WATCHDOG_USEC": "120000000",
        }
        limits = [sys.executable, HERE / "sandboxed.py", allowed_calls(tmp_path)]
        with subprocess.Popen(
            [*limits, *command, "serve", "--config", config],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            try:
                seen = [first_line(manager), first_line(manager)]
                assert seen == ["READY=1", "WATCHDOG=1"]
                process.send_signal(signal.SIGHUP)
                seen = [first_line(manager), first_line(manager)]
                assert seen == ["RELOADING=1", "READY=1"]
                process.send_signal(signal.SIGTERM)
                assert first_line(manager) == "STOPPING=1"
                assert process.wait(60) == 0
            finally:
                process.kill()
                printed = process.stdout.read()
        assert "Operation not permitted" not in printed


@needs_systemd
@pytest.mark.skipif(not ctypes.util.find_library("seccomp"), reason="libseccomp is not installed.")
def test_the_limits_refuse_what_the_unit_refuses(tmp_path):
    calls = allowed_calls(tmp_path)
    tried = "import socket; socket.socket()"
    calls.write_text(calls.read_text().replace("\nsocket\n", "\n"))
    done = subprocess.run(
        [sys.executable, HERE / "sandboxed.py", calls, sys.executable, "-c", tried],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "PermissionError" in done.stderr


def first_line(manager):
    return manager.recv(4096).decode().partition("\n")[0]
