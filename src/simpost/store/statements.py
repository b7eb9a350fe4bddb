"""Named SQL statements, kept in files under a store's `sql/`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib.resources import files

_NAMED = re.compile(r"^-- name: (\w+)\n", re.MULTILINE)
_COMMENT = re.compile(r"^\s*--.*\n", re.MULTILINE)


def read(package: str, name: str) -> str:
    """The text of a file under `sql/` of a package."""
    return files(package).joinpath("sql", name).read_text(encoding="utf-8")


def statements(package: str, names: Iterable[str]) -> dict[str, str]:
    """Every named statement of these files, without its comments."""
    found: dict[str, str] = {}
    for name in names:
        _, *pieces = _NAMED.split(read(package, f"{name}.sql"))
        for title, text in zip(pieces[::2], pieces[1::2], strict=True):
            assert title not in found, title
            found[title] = _COMMENT.sub("", text).strip()
    return found
