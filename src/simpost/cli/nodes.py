"""`simpost nodes`: the processes that share a database."""

from __future__ import annotations

import json
from typing import Any

from simpost.cli.columns import print_columns
from simpost.cli.options import AsJson, Config, OperatorToken, Url, operator_server

_HEADING = ["node", "roles", "version", "started", "last beat", "owns"]


def nodes(
    url: Url = None,
    config: Config = None,
    operator_token: OperatorToken = None,
    as_json: AsJson = False,
) -> None:
    """Show the nodes and what they own."""
    found = operator_server(url, config, operator_token).get("/v1/operator/nodes")["nodes"]
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
    elif not found:
        print("One process, with the embedded store.")
    else:
        print_columns([_HEADING, *(_row(node) for node in found)])


def _row(node: dict[str, Any]) -> list[str]:
    return [
        node["name"],
        ", ".join(node["roles"]),
        node["version"],
        node["startedAt"],
        node["lastBeatAt"],
        ", ".join(node["owns"]),
    ]
