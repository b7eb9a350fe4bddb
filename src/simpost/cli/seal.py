"""`simpost seal`: which keys seal the texts in the store, and sealing them again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from simpost.cli.options import AdminToken, AsJson, Config, Url, admin_server
from simpost.cli.output import print_columns, print_json, print_lines
from simpost.domain.plurals import counted

_PATH = "/v1/admin/texts/seal"


def seal(
    again: Annotated[
        bool, typer.Option("--again", help="Seal rows that have another key with the first one.")
    ] = False,
    clear: Annotated[
        bool, typer.Option("--clear", help="Seal texts that are in clear, too.")
    ] = False,
    url: Url = None,
    config: Config = None,
    admin_token: AdminToken = None,
    as_json: AsJson = False,
) -> None:
    """Count stored texts by key, and seal them again with the first key.

    It works in steps while simpost runs. Repeat it after an interruption.
    """
    server = admin_server(url, config, admin_token)
    rows: Counter[str] = Counter()
    counts: Counter[str] = Counter()
    missing: set[str] = set()
    cursor: str | None = None
    while True:
        body = {"again": again, "clear": clear, "cursor": cursor}
        step = server.post(_PATH, body)
        rows.update(step["rows"])
        missing.update(step["missingKeys"])
        counts.update({name: step[name] for name in ("sealed", "unreadable", "inClear")})
        cursor = step["next"]
        if cursor is None:
            break
    found: dict[str, Any] = {**counts, "rows": dict(sorted(rows.items()))}
    found["missingKeys"] = sorted(missing)
    if as_json:
        print_json(found)
    else:
        print_columns(
            [["key", "rows"], *([key, str(count)] for key, count in sorted(rows.items()))]
        )
        print_lines([f"{counts['sealed']} sealed now, {counts['inClear']} in clear"])
        print_lines(_problems(missing, counts["unreadable"], sum(rows[key] for key in missing)))
    if again and counts["unreadable"]:
        raise typer.Exit(1)


def _problems(missing: set[str], unreadable: int, of_missing: int) -> Iterator[str]:
    """What cannot be opened, and what to do about it."""
    for key in sorted(missing):
        yield f"the key {key!r} is not in store.text_key: add {key}:KEY to it and reload"
    if unreadable > of_missing:
        yield f"damaged, because no key opens it: {counted(unreadable - of_missing, 'row')}"
