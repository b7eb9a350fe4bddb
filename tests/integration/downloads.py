"""Programs from npm and PyPI that tests run, pinned by lock files, installed once into .cache."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

CACHE = Path(__file__).parents[2] / ".cache"
TIMEOUT_S = 200
OFFLINE = (
    *("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "ENETUNREACH"),
    "(from versions: none)",
)
"""Error texts of npm and pip without a reachable registry; pip then finds no version."""


def install_npm(here: Path, name: str, purpose: str) -> Path:
    """The `node_modules` that `package-lock.json` of a folder asks for, or the test is skipped."""
    missing = [tool for tool in ("node", "npm") if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"{' and '.join(missing)} not installed: {purpose}.")

    def install(folder: Path) -> None:
        for file in ("package.json", "package-lock.json"):
            shutil.copy(here / file, folder)
        options = ("--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=0")
        _run(["npm", "ci", *options], folder, f"The npm registry cannot be reached: {purpose}.")

    return _once(name, here / "package-lock.json", install) / "node_modules"


def install_python(here: Path, name: str, purpose: str, lock: str = "requirements.txt") -> Path:
    """The folder of programs of a venv with what is locked, or the test is skipped."""

    def install(folder: Path) -> None:
        unreached = f"PyPI cannot be reached: {purpose}."
        _run([sys.executable, "-m", "venv", "--clear", str(folder)], folder, unreached)
        options = ("--no-input", "--retries=0", "--only-binary=:all:", "--require-hashes")
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--no-compile", *options]
        _run([*pip, "-r", str(here / lock)], folder, unreached)

    return _once(name, here / lock, install) / "bin"


def _once(name: str, lock: Path, install: Callable[[Path], None]) -> Path:
    """The folder for a lock file, filled by the first test process that needs it."""
    octets = lock.read_bytes() + f"{sys.version_info[:2]}".encode()
    folder = CACHE / name / hashlib.sha256(octets).hexdigest()[:16]
    with alone(name):
        if not (folder / "done").exists():
            folder.mkdir(exist_ok=True)
            install(folder)
            (folder / "done").touch()
    return folder


@contextlib.contextmanager
def alone(name: str) -> Iterator[None]:
    """A lock for this folder of the cache: one test process at a time."""
    (CACHE / name).mkdir(parents=True, exist_ok=True)
    with (CACHE / name / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _run(command: Sequence[str], folder: Path, unreached: str) -> None:
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )
    words = done.stdout + done.stderr
    if done.returncode and any(reason in words for reason in OFFLINE):
        pytest.skip(unreached)
    assert done.returncode == 0, words
