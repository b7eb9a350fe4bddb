"""Debian packages for one benchmark: unpacked into a folder, not installed; root is not needed.

apt fetches and checks them with lists and a cache of their own. No script of a package is run, no
service is started, and the system stays as it is.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

_PATIENCE_S = 180


def unpack(package: str, folder: Path) -> str | None:
    """Fetch the package and what it needs beside what is installed; why not, if it cannot be."""
    if shutil.which("apt-get") is None or shutil.which("dpkg") is None:
        return "this is not Debian"
    working = folder.with_name(f"{folder.name}-unpacking")
    shutil.rmtree(working, ignore_errors=True)
    lists, cache, root = (working / name for name in ("lists", "cache", "root"))
    for place in (lists / "partial", cache / "archives" / "partial", root):
        place.mkdir(parents=True)
    apt = ["apt-get", "-q", "-o", f"Dir::State::lists={lists}", "-o", f"Dir::Cache={cache}"]
    apt += ["-o", "Debug::NoLocking=1", "-o", "APT::Sandbox::User=root"]
    fetch = ["--yes", "--no-install-recommends", "--download-only", "install", package]
    try:
        _run([*apt, "update"])
        _run([*apt, *fetch])
        for found in sorted((cache / "archives").glob("*.deb")):
            _run(["dpkg", "--extract", str(found), str(root)])
    except (subprocess.SubprocessError, OSError) as error:
        return f"apt could not fetch it ({type(error).__name__})"
    shutil.rmtree(folder, ignore_errors=True)
    root.rename(folder)
    shutil.rmtree(working)
    return None


def environment(folder: Path) -> dict[str, str]:
    """In which programs of an unpacked package find their libraries."""
    places = [str(path) for path in sorted(folder.glob("**/lib/*-linux-*"))]
    return {**os.environ, "LD_LIBRARY_PATH": ":".join(places)}


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=_PATIENCE_S)
