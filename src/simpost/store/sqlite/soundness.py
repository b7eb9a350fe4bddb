"""Checks of the file. A damaged store refuses all reads and writes."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Final

import apsw

from simpost.errors import StoreDamaged
from simpost.store.sqlite.connection import open_reader, translate

_WHAT_TO_DO: Final = (
    "stop simpost and restore a backup with `simpost restore FILE` (docs/backups.md)"
)


def check_sound(path: Path, *, is_thorough: bool = False) -> None:
    """Read the whole file. Raises StoreDamaged when its structure is broken.

    `is_thorough` also compares each index with its table, which takes longer. Nothing is changed.
    """
    check = "integrity_check(1)" if is_thorough else "quick_check(1)"
    try:
        with contextlib.closing(open_reader(path)) as connection:
            found = str(connection.execute(f"PRAGMA {check}").get)
    except (apsw.CorruptError, apsw.NotADBError) as error:
        raise damaged(path, str(translate(error))) from None
    except apsw.Error as error:
        raise translate(error) from error
    if found != "ok":
        raise damaged(path, _plain(found))


def damaged(path: Path, what: str) -> StoreDamaged:
    return StoreDamaged(f"the store {path} is damaged ({what}); {_WHAT_TO_DO}")


def _plain(found: str) -> str:
    """The first problem of the check, on one line; it names pages, never their content."""
    lines = [line for line in found.splitlines() if not line.startswith("***")]
    return lines[0][:100] if lines else "no details"
