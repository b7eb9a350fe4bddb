"""One wheel and one environment with it, for all tests of packages in a run."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.downloads import install_python

ROOT = Path(__file__).parents[2]
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check")
QUIET = {**os.environ, "PIP_ROOT_USER_ACTION": "ignore", "PYTHONDONTWRITEBYTECODE": ""}


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all processes of the run share."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    made = folder / "packages"
    made.mkdir(exist_ok=True)
    return made


@pytest.fixture(scope="session")
def wheel(shared: Path) -> Path:
    """The wheel, built once in a run."""
    with (shared / "wheel.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder = shared / "wheel"
        if not folder.exists():
            making = shared / "wheel.part"
            command: list[str | Path] = [
                sys.executable,
                "-m",
                "hatchling",
                "build",
                "-t",
                "wheel",
                "-d",
                making,
            ]
            subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
            making.rename(folder)
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="session")
def environment(shared: Path, wheel: Path) -> Path:
    """A virtual environment with the locked versions and the wheel, as an installation has it.

    The locked packages are installed once for each lock, from PyPI; without it tests are skipped.
    """
    with (shared / "environment.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder = shared / "environment"
        if not folder.exists():
            deployed = install_python(
                ROOT / "requirements", "deployed", "the wheel is not installed", "deploy.txt"
            ).parent
            making = shared / "environment.part"
            shutil.copytree(deployed, making, symlinks=True)
            making.rename(folder)
            install = (*PIP, "--python", folder / "bin" / "python", "install", "--quiet")
            command: list[str | Path] = [*install, "--no-deps", "--no-index", "--no-compile", wheel]
            subprocess.run(command, check=True, capture_output=True, env=QUIET)
    return folder


@pytest.fixture(scope="session")
def tools() -> Path:
    """Programs from PyPI that read what we package."""
    return install_python(ROOT / "packaging", "packaging-tools", "nobody else reads the packages")
