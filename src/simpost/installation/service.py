"""What a running service says of itself, as findings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from simpost.domain.plurals import counted
from simpost.installation.findings import Finding, ok, problem, warning


def judge_service(found: Mapping[str, Any]) -> Iterator[Finding]:
    """`found` has the responses of the admin API: copy, carriers, nodes and sources."""
    if found["copy"]["held"]:
        yield problem(
            "sending", "held: this store is a copy of another", "See `simpost confirm-copy`."
        )
    for carrier in found["carriers"]:
        yield _carrier(carrier)
    for each in found["nodes"]:
        if each["configurationErrors"]:
            yield warning(
                f"node {each['name']}",
                "its configuration file is invalid, so it runs with the earlier one",
                "Run `simpost check` there.",
            )
    for source in found["sources"]:
        yield _source(source)


def _carrier(carrier: Mapping[str, Any]) -> Finding:
    subject, queued = f"carrier {carrier['name']}", counted(carrier["queued"], "part")
    if carrier["paused"]:
        remedy = f"Run `simpost carriers resume {carrier['name']}` when it may send."
        return warning(subject, f"paused, {queued} queued", remedy)
    if not carrier["available"]:
        said = next((each["problem"] for each in carrier["connections"] if each["problem"]), "")
        words = f"{carrier['state'] or 'not configured'}, {queued} queued"
        remedy = "Messages wait. Check host, port, credentials and the other side's log."
        return problem(subject, f"{words}: {said}" if said else words, remedy)
    return ok(subject, f"{carrier['state']}, {queued} queued")


def _source(source: Mapping[str, Any]) -> Finding:
    subject, remedy = f"source {source['name']}", f"Run `simpost sync {source['name']}`."
    if source["ageSeconds"] is None:
        return warning(subject, "never copied", remedy)
    words = f"copied {timedelta(seconds=source['ageSeconds'])} ago"
    pull = source["lastPull"]
    if pull and pull["problem"]:
        return warning(subject, f"{words}; the last pull failed: {pull['problem']}", remedy)
    return warning(subject, f"{words}, stale", remedy) if source["stale"] else ok(subject, words)


def judge_metrics(text: str) -> Iterator[Finding]:
    """Webhooks, by the metrics of one node since its start."""
    given_up = _total(text, "simpost_webhook_deliveries_exhausted_total")
    skipped = _total(text, "simpost_webhook_events_skipped_total")
    if given_up or skipped:
        words = f"{given_up} given up and {skipped} deleted before an endpoint took them"
        remedy = "See `simpost webhooks attempts`, and replay what is wanted."
        yield warning("webhooks", words, remedy)
    else:
        yield ok("webhooks", "no event was given up since the start")


def _total(text: str, name: str) -> int:
    found = re.findall(rf"^{name}(?:\{{[^}}]*\}})? (\S+)$", text, re.MULTILINE)
    return int(sum(map(float, found)))
