"""`simpost status`: what an administrator asks first, on one screen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from simpost.cli.options import AdminToken, AsJson, Config, Url, admin_server
from simpost.cli.output import print_columns, print_json
from simpost.domain.plurals import counted

_ADMIN = "/v1/admin"


def status(
    url: Url = None,
    config: Config = None,
    admin_token: AdminToken = None,
    as_json: AsJson = False,
) -> None:
    """Show whether messages leave: carriers, stops, nodes, copies, and what waits."""
    server = admin_server(url, config, admin_token)
    found = {
        "copy": server.get(f"{_ADMIN}/copy"),
        "stops": server.get(f"{_ADMIN}/stops")["stops"],
        "carriers": server.get(f"{_ADMIN}/carriers")["carriers"],
        "nodes": server.get(f"{_ADMIN}/nodes")["nodes"],
        "smpp": server.get(f"{_ADMIN}/smpp-clients"),
        "sources": server.get(f"{_ADMIN}/sources")["sources"],
    }
    if as_json:
        print_json(found)
    else:
        print_columns(list(_rows(found)))


def _rows(found: dict[str, Any]) -> Iterator[list[str]]:
    yield ["sending", _sending(found)]
    for carrier in found["carriers"]:
        yield ["carrier", f"{carrier['name']}: {_carrier(carrier)}"]
    if found["smpp"]["port"] is not None:
        yield ["smpp", f"port {found['smpp']['port']}: {_smpp_clients(found['smpp']['clients'])}"]
    for node in found["nodes"]:
        invalid = ", its configuration file is invalid" if node["configurationErrors"] else ""
        yield ["node", f"{node['name']}: {', '.join(node['roles'])}{invalid}"]
    for source in found["sources"]:
        yield ["source", f"{source['name']}: {_copy(source)}"]
    waiting = found["copy"]["waiting"]
    words = ("queued part", "held message", "broadcast", "automation run")
    names = ("queuedParts", "heldMessages", "broadcasts", "automationRuns")
    counts = (counted(waiting[name], word) for name, word in zip(names, words, strict=True))
    yield ["waiting", ", ".join(counts)]


def _sending(found: dict[str, Any]) -> str:
    if found["copy"]["held"]:
        return f"held: this store is a copy ({found['copy']['found']}). See `simpost confirm-copy`."
    if any(_is_for_all(stop) for stop in found["stops"]):
        return "stopped for all accounts. See `simpost stops`."
    if not any(carrier["available"] for carrier in found["carriers"]):
        return "no carrier is available: messages are queued."
    if found["stops"]:
        return "yes, except what is stopped. See `simpost stops`."
    return "yes"


def _is_for_all(stop: dict[str, Any]) -> bool:
    return not (stop["account"] or stop["category"] or stop["country"])


def _carrier(carrier: dict[str, Any]) -> str:
    paused = ", paused" if carrier["paused"] else ""
    queued = counted(carrier["queued"], "part")
    return f"{carrier['state'] or 'not configured'}{paused}, {queued} queued"


def _smpp_clients(clients: list[dict[str, Any]]) -> str:
    """How many clients are bound, by system_id."""
    if not clients:
        return "no client is bound"
    counts = Counter(each["systemId"] for each in clients)
    names = ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
    return f"{len(clients)} bound ({names})"


def _copy(source: dict[str, Any]) -> str:
    """How old the copy of a supplier is, and what is wrong with it."""
    if source["ageSeconds"] is None:
        return f"never copied. See `simpost sync {source['name']}`."
    age = f"copied {timedelta(seconds=source['ageSeconds'])} ago"
    stale = ", stale" if source["stale"] else ""
    pull = source["lastPull"]
    problem = f", the last pull failed: {pull['problem']}" if pull and pull["problem"] else ""
    return f"{age}{stale}{problem}"
