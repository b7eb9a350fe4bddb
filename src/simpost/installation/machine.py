"""The machine: its clock, its disk, what a process may open, and versions."""

from __future__ import annotations

import ctypes
import platform
import resource
import shutil
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import apsw

from simpost import __version__
from simpost.installation.findings import Finding, ok, problem, warning

_TIME_ERROR: Final = 5
_MAX_ERROR: Final = struct.Struct("@Illl")
"""The start of `struct timex`: modes, offset, freq, maxerror (adjtimex(2))."""
_MANY_FILES: Final = 4_096
_LITTLE_SHARE: Final = 0.1
_GIB: Final = 1 << 30


def look_at_machine(data: Path | None) -> Iterator[Finding]:
    """`data` is the folder of the embedded store; `None` for a database elsewhere."""
    yield _versions()
    yield judge_clock(read_clock())
    if data is not None:
        yield _disk(data)
    yield judge_files(resource.getrlimit(resource.RLIMIT_NOFILE)[0])


def read_clock() -> tuple[bool, float] | None:
    """Whether the kernel takes the clock for synchronised, and the largest error in seconds.

    `None` where it does not say. Source: adjtimex(2).
    """
    buffer = ctypes.create_string_buffer(512)  # larger than `struct timex` anywhere
    try:
        state = ctypes.CDLL(None).adjtimex(buffer)
    except (AttributeError, OSError):
        return None
    if state < 0:
        return None
    return state != _TIME_ERROR, _MAX_ERROR.unpack_from(buffer)[3] / 1e6


def judge_clock(found: tuple[bool, float] | None) -> Finding:
    """Signed requests, expiry times and codes need the right time."""
    if found is None:
        return warning(
            "clock",
            "the system does not say whether it is synchronised",
            "Make sure that a time service runs.",
        )
    is_synchronised, error_s = found
    if not is_synchronised:
        return warning(
            "clock",
            "it is not synchronised",
            "Start a time service, such as chrony or systemd-timesyncd. Signed requests are "
            "refused and codes expire at the wrong time when the clock is wrong.",
        )
    return ok("clock", f"synchronised, wrong by at most {error_s:.1f} s")


def judge_files(most: int) -> Finding:
    """Each connection is an open file."""
    if most != resource.RLIM_INFINITY and most < _MANY_FILES:
        return warning(
            "limits",
            f"a process may open {most} files; each connection is one",
            "Set LimitNOFILE=65536 in the systemd unit, or `ulimit -n 65536` before the start.",
        )
    shown = "any number of" if most == resource.RLIM_INFINITY else str(most)
    return ok("limits", f"a process may open {shown} files")


def _disk(folder: Path) -> Finding:
    try:
        usage = shutil.disk_usage(folder)
    except OSError as error:
        return problem("disk", f"{folder}: {error.strerror}", "Make the folder of the store.")
    return judge_disk(folder, usage.free, usage.total)


def judge_disk(folder: Path, free: int, total: int) -> Finding:
    """The store grows until `messages.keep_days` have passed; `free` and `total` are octets."""
    words = f"{free / _GIB:.1f} GiB of {total / _GIB:.1f} GiB are free in {folder}"
    remedy = "Free some space, or lower messages.keep_days: a full disk accepts no message."
    if free < _GIB:
        return problem("disk", words, remedy)
    if free < _LITTLE_SHARE * total:
        return warning("disk", words, remedy)
    return ok("disk", words)


def _versions() -> Finding:
    python = platform.python_version()
    return ok(
        "versions",
        f"simpost {__version__}, Python {python}, SQLite {apsw.sqlite_lib_version()}, "
        f"{sys.platform}",
    )
