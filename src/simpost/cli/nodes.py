"""`simpost nodes`: the processes that share a database."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from simpost.cli.options import AdminToken, AsJson, Config, Url, admin_server
from simpost.cli.output import print_columns, print_json, print_lines
from simpost.cli.reload import lines_of_mistakes

_HEADING = ["node", "roles", "version", "started", "last beat", "owns"]


def nodes(
    url: Url = None,
    config: Config = None,
    admin_token: AdminToken = None,
    as_json: AsJson = False,
) -> None:
    """Show the nodes and what they own."""
    found = admin_server(url, config, admin_token).get("/v1/admin/nodes")["nodes"]
    if as_json:
        print_json(found)
    elif not found:
        print("One process, with the embedded store.")
    else:
        print_columns([_HEADING, *(_row(node) for node in found)])
        print_lines(lines_of_troubles(found))


def lines_of_troubles(nodes: list[dict[str, Any]]) -> Iterator[str]:
    """What a node cannot do, in sentences."""
    for node in nodes:
        for carrier in node["leavesToOthers"]:
            yield f"{node['name']}: does not reach {carrier}, and leaves its binds to others"
        if node["configurationErrors"]:
            yield f"{node['name']}: keeps what it had, its file is not right"
            yield from lines_of_mistakes(node["name"], node["configurationErrors"])


def _row(node: dict[str, Any]) -> list[str]:
    return [
        node["name"],
        ", ".join(node["roles"]),
        node["version"],
        node["startedAt"],
        node["lastBeatAt"],
        ", ".join(node["owns"]),
    ]
