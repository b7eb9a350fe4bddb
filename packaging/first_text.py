"""Measure the time from a clone to the first text: `python packaging/first_text.py`.

In an empty folder with an empty home, without any cache: clone, `make run`, one request of the
README, until the handset shows the text.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
_LONGEST_S = 600
_TEXT = "Welcome to Thailand!"
_KEPT = (
    "PATH",
    "LANG",
    "LC_ALL",
    "SSL_CERT_FILE",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "PIP_CERT",
    "PIP_INDEX_URL",
    "PIP_FIND_LINKS",
)


def measure(repository: Path) -> dict[str, float]:
    """Seconds since the start at which each step was done, and the CPU seconds of all."""
    with tempfile.TemporaryDirectory() as made:
        folder, home = Path(made, "simpost"), Path(made, "home")
        home.mkdir()
        environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
        environment |= {"HOME": str(home), "PIP_NO_CACHE_DIR": "1"}
        done: dict[str, float] = {}
        started = time.monotonic()
        clone = ["git", "clone", "--quiet", "--no-local", str(repository), str(folder)]
        subprocess.run(clone, env=environment, check=True)
        done["cloned"] = time.monotonic() - started
        ports = _free_ports()
        names = dict(zip(("PORT", "HANDSETS_PORT", "SMSC_PORT"), ports, strict=True))
        run = ["make", "run", *(f"{name}={port}" for name, port in names.items())]
        with subprocess.Popen(
            run, cwd=folder, env=environment, stdout=subprocess.DEVNULL, start_new_session=True
        ) as process:
            try:
                _wait(process, lambda: _send(ports[0]))
                done["accepted"] = time.monotonic() - started
                _wait(process, lambda: _TEXT in json.dumps(_get(ports[1])))
                done["on the handset"] = time.monotonic() - started
            finally:
                os.killpg(process.pid, signal.SIGINT)
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        done["CPU seconds"] = used.ru_utime + used.ru_stime
        return done


def _wait(process: subprocess.Popen[bytes], is_done: Any) -> None:
    ends = time.monotonic() + _LONGEST_S
    while time.monotonic() < ends:
        if process.poll() is not None:
            sys.exit(f"`make run` ended with {process.returncode}")
        try:
            if is_done():
                return
        except (urllib.error.URLError, OSError, ValueError):
            pass
        time.sleep(0.1)
    sys.exit(f"nothing after {_LONGEST_S} s")


def _send(port: int) -> bool:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/api/v1/open/esim/sendSms",
        json.dumps({"esimTranNo": "23072017992029", "message": _TEXT}).encode(),
        {"RT-AccessCode": "demo", "RT-SecretKey": "demo-secret"},
    )
    with urllib.request.urlopen(request, timeout=5) as response:
        return bool(json.load(response)["success"])


def _get(port: int) -> Any:
    with urllib.request.urlopen(
        f"http://127.0.0.1:{port}/handsets/66800000001", timeout=5
    ) as found:
        return json.load(found)


def _free_ports() -> list[int]:
    listening = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
    ports = [each.getsockname()[1] for each in listening]
    for each in listening:
        each.close()
    return ports


if __name__ == "__main__":
    for name, seconds in measure(ROOT).items():
        print(f"{name:<16} {seconds:6.1f}")
