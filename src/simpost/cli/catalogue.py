"""Lists and single rows, for `simpost esims` and `simpost plans`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any
from urllib.parse import quote

from simpost.cli.client import Server
from simpost.cli.output import print_columns, print_json, print_lines
from simpost.errors import ConfigError

_PAGE = 1000


def listed(server: Server, path: str, key: str, which: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """All rows, a page at a time."""
    cursor = None
    while True:
        page = server.get(path, {**which, "limit": _PAGE, "cursor": cursor})
        yield from page[key]
        cursor = page["next"]
        if not cursor:
            return


def show_list(
    rows: Iterator[dict[str, Any]], columns: Sequence[str], limit: int, *, as_json: bool
) -> None:
    """Print rows as columns, or as JSON."""
    found = list(islice(rows, limit))
    if as_json:
        print_json(found)
    elif found:
        cells = [[_cell(row[name]) for name in columns] for row in found]
        print_columns([list(columns), *cells])
    else:
        print_lines(["none"])


def show_one(row: dict[str, Any], *, as_json: bool) -> None:
    """Print one row in full."""
    if as_json:
        print_json(row)
        return
    document = row.pop("document")
    for name, value in (*row.items(), *((n, v) for n, v in document.items() if n not in row)):
        print_lines([f"{name}: {_cell(value)}"])


def change(server: Server, path: str, key: str, keys: Sequence[str], done: str) -> None:
    """Post keys in batches and say how many were changed."""
    changed = 0
    for first in range(0, len(keys), _PAGE):
        changed += server.post(path, {key: list(keys[first : first + _PAGE])})["changed"]
    print_lines([f"{changed:,} of {len(keys):,} {done}"])
    if not changed:
        raise ConfigError("Nothing was changed: the keys are unknown, or already in this state.")


def delete(server: Server, path: str, key: str) -> None:
    """Delete one row and say so."""
    server.delete(f"{path}/{quote(key, safe='')}")
    print_lines([f"{key} deleted"])


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
