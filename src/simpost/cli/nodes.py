"""`simpost nodes`: the nodes of a cluster."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from simpost.cli.options import AdminToken, AsJson, Config, Url, admin_server
from simpost.cli.output import print_columns, print_json, print_lines
from simpost.cli.reload import lines_of_errors

_HEADING = ["node", "roles", "version", "started", "last heartbeat", "leases"]


def nodes(
    url: Url = None,
    config: Config = None,
    admin_token: AdminToken = None,
    as_json: AsJson = False,
) -> None:
    """Show the nodes, their roles and their leases."""
    found = admin_server(url, config, admin_token).get("/v1/admin/nodes")["nodes"]
    if as_json:
        print_json(found)
    elif not found:
        print("One process, with the embedded store.")
    else:
        print_columns([_HEADING, *(_row(node) for node in found)])
        print_lines(lines_of_troubles(found))


def lines_of_troubles(nodes: list[dict[str, Any]]) -> Iterator[str]:
    """Problems of the nodes, one line each."""
    for node in nodes:
        for carrier in node["yieldedCarriers"]:
            yield f"{node['name']}: cannot reach {carrier}; its binds are left to other nodes"
        if node["configurationErrors"]:
            yield f"{node['name']}: its configuration file is invalid; old settings stay in force"
            yield from lines_of_errors(node["name"], node["configurationErrors"])


def _row(node: dict[str, Any]) -> list[str]:
    return [
        node["name"],
        ", ".join(node["roles"]),
        node["version"],
        node["startedAt"],
        node["lastHeartbeatAt"],
        ", ".join(node["leases"]),
    ]
