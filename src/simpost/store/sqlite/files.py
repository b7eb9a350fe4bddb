"""The files of a store: their names, and that no other user of the machine can read them."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

from simpost.observe import get_logger

PRIVATE: Final = 0o600
_OTHERS: Final = 0o077

log = get_logger(__name__)


def files_of(store: Path) -> tuple[Path, ...]:
    """The file itself, its journal, the journal's index and the lock."""
    return tuple(store.with_name(f"{store.name}{end}") for end in ("", "-wal", "-shm", ".lock"))


def create_private(path: Path) -> None:
    """Create an empty file with mode 0600, whatever the umask. Raises OSError.

    SQLite gives the journal and its index the mode of the file itself.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE)
    try:
        os.fchmod(descriptor, PRIVATE)
    finally:
        os.close(descriptor)


def make_private(store: Path) -> None:
    """Set every file of the store that others can use to mode 0600; log those that are not ours."""
    for path in open_to_others(store):
        try:
            path.chmod(PRIVATE)
        except OSError as error:
            log.warning("store_readable_by_others", path=str(path), error=error.strerror)


def open_to_others(store: Path) -> list[Path]:
    """The files of the store that another user of the machine can read or write."""
    return [path for path in files_of(store) if is_open_to_others(path)]


def is_open_to_others(path: Path) -> bool:
    """Whether another user of the machine can read or write the file; no if there is none."""
    try:
        return bool(stat.S_IMODE(path.stat().st_mode) & _OTHERS)
    except FileNotFoundError:
        return False
