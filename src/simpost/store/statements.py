"""Named SQL statements, kept in files under a store's `sql/`."""

from __future__ import annotations

import re
from importlib.resources import files

_NAMED = re.compile(r"^-- name: (\w+)\n", re.MULTILINE)
_COMMENT = re.compile(r"^\s*--.*\n", re.MULTILINE)


def statements(package: str) -> dict[str, str]:
    """Every named statement of a package, without its comments."""
    found: dict[str, str] = {}
    folder = files(package).joinpath("sql")
    for file in sorted(folder.iterdir(), key=lambda each: each.name):
        if not file.name.endswith(".sql"):
            continue
        _, *pieces = _NAMED.split(file.read_text(encoding="utf-8"))
        for title, text in zip(pieces[::2], pieces[1::2], strict=True):
            assert title not in found, title
            found[title] = _COMMENT.sub("", text).strip()
    return found
