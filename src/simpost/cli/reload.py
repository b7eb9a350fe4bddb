"""`simpost reload`: all nodes of a running service read their configuration again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer

from simpost.cli.options import AdminToken, AsJson, Config, Url, admin_server
from simpost.cli.output import print_json, print_lines


def reload(
    url: Url = None,
    config: Config = None,
    admin_token: AdminToken = None,
    as_json: AsJson = False,
) -> None:
    """Tell a running service to read its configuration again.

    Every node reads its own file. New carriers, routes, numbers and message settings apply at once,
    and no message is lost. A node whose file has an error keeps its configuration, and the exit
    code is 1.
    """
    done = admin_server(url, config, admin_token).post("/v1/admin/reload", {})
    if as_json:
        print_json(done)
    else:
        print_lines([*lines_of(done), *lines_of_nodes(done["nodes"])])
    if any(node["state"] == "refused" for node in done["nodes"]):
        raise typer.Exit(1)


def lines_of(done: dict[str, Any]) -> Iterator[str]:
    """The result of the reload, in sentences."""
    for verb in ("added", "changed", "removed"):
        if done[verb]:
            yield f"carriers {verb}: {', '.join(done[verb])}"
    if done["sections"]:
        yield f"in force: {', '.join(done['sections'])}"
    if not any(done[key] for key in ("added", "changed", "removed", "sections")):
        yield "Nothing changed."
    if done["needsRestart"]:
        yield f"changed, but read at the start only: {', '.join(done['needsRestart'])}"


def lines_of_nodes(nodes: list[dict[str, Any]]) -> Iterator[str]:
    """The results of the other nodes, each after its name."""
    for node in nodes:
        if node["state"] == "pending":
            yield f"{node['name']}: has not reported yet; see `simpost nodes`"
        elif node["state"] == "refused":
            yield f"{node['name']}: keeps its configuration, because its file has errors"
            yield from lines_of_errors(node["name"], node["errors"])
        else:
            for line in lines_of(node):
                yield f"{node['name']}: {line}"


def lines_of_errors(name: str, errors: list[dict[str, str]]) -> Iterator[str]:
    """Lines of the errors in a configuration file, each after the node's name."""
    for error in errors:
        yield (
            f"{name}: {error['at']}: {error['reason']}"
            if error["at"]
            else f"{name}: {error['reason']}"
        )
