"""Programs of Debian packages, unpacked into .cache without being installed."""

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

import pytest

CACHE = Path(__file__).parents[3] / ".cache" / "debian"
PATIENCE_S = 100


def program(path, *packages):
    """A program of the machine or of these packages, with the environment it needs.

    Skips the test when neither is available.
    """
    if installed := shutil.which(Path(path).name):
        return installed, dict(os.environ)
    folder = CACHE / "-".join(packages)
    if not folder.exists():
        _unpack(folder, packages)
    libraries = ":".join(str(each) for each in (folder / "usr/lib").glob("*-linux-gnu"))
    return str(folder / path), {**os.environ, "LD_LIBRARY_PATH": libraries}


def _unpack(folder, packages):
    if not (shutil.which("apt-get") and shutil.which("dpkg")):
        pytest.skip(f"{packages[0]} can be had from Debian's packages only")
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # of the processes that test at the same time
        if folder.exists():  # another one was faster, and may run the program by now
            return
        loads = folder.with_suffix(".debs")
        loads.mkdir(exist_ok=True)
        try:
            _run(["apt-get", "download", *packages], loads)
            for each in loads.glob("*.deb"):
                _run(["dpkg", "-x", str(each), str(loads / "root")], loads)
            (loads / "root").rename(folder)
        except (OSError, subprocess.SubprocessError):
            pytest.skip(f"Debian's package {packages[0]} cannot be downloaded here")
        finally:
            shutil.rmtree(loads)


def _run(command, folder):
    subprocess.run(command, cwd=folder, check=True, timeout=PATIENCE_S, capture_output=True)
