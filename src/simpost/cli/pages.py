"""Lists that the API returns in pages, and options that name a value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final

from simpost.cli.client import Server
from simpost.errors import ConfigError

_PAGE: Final = 200


def read_pages(
    server: Server,
    path: str,
    key: str,
    which: Mapping[str, Any],
    limit: int | None = None,
    *,
    cursor: str = "cursor",
) -> list[dict[str, Any]]:
    """The first `limit` rows of a list, or all, from as many pages as that takes.

    `cursor` is the name of the parameter that takes `next` of the page before.
    """
    size = _PAGE if limit is None else min(limit, _PAGE)
    return list(islice(_rows(server, path, key, which, size, cursor), limit))


def _rows(
    server: Server, path: str, key: str, which: Mapping[str, Any], size: int, cursor: str
) -> Iterator[dict[str, Any]]:
    place = None
    while True:
        page = server.get(path, {**which, "limit": size, cursor: place})
        yield from page[key]
        place = page["next"]
        if place is None:
            return


def read_values(given: Sequence[str] | None) -> dict[str, str]:
    """The values of `--value NAME=VALUE`, by name. Raises ConfigError."""
    values = {}
    for text in given or ():
        name, found, value = text.partition("=")
        if not found:
            raise ConfigError(f"--value {text}: write it as NAME=VALUE.")
        values[name] = value
    return values
