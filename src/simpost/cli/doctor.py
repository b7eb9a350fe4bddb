"""`simpost doctor`: look at an installation, and say what to do."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from simpost.cli.client import RequestRefused, Server, Unanswered, Unreachable
from simpost.cli.options import AsJson, admin_server
from simpost.cli.output import print_columns, print_json, print_lines
from simpost.config import Settings, load
from simpost.domain.plurals import counted
from simpost.installation.findings import Finding, Severity, ok, problem
from simpost.installation.machine import look_at_machine
from simpost.installation.peers import look_at_certificate, look_at_peers
from simpost.installation.service import judge_metrics, judge_service

_ADMIN = "/v1/admin"


def doctor(
    config: Annotated[
        Path, typer.Option(envvar="SIMPOST_CONFIG", help="Configuration file.")
    ] = Path("simpost.toml"),
    as_json: AsJson = False,
) -> None:
    """Look at clock, disk, limits, certificates, carriers, sources and webhooks.

    Connects to each carrier and each source once, without a bind or a request. Exit code 1 if
    something does not work.
    """
    findings = list(_findings(load(config, os.environ), config))
    if as_json:
        print_json({"findings": [each._asdict() for each in findings]})
    else:
        _show(findings)
    if any(each.severity is Severity.PROBLEM for each in findings):
        raise typer.Exit(1)


def _findings(settings: Settings, config: Path) -> Iterator[Finding]:
    store = settings.store
    yield from look_at_machine(store.path.parent if store.is_embedded else None)
    yield ok("configuration", f"{config} is valid. `simpost check` explains it")
    yield from look_at_certificate(settings)
    yield from look_at_peers(settings)
    yield from _service(admin_server(None, config, None))


def _service(server: Server) -> Iterator[Finding]:
    """What the service says, if it runs."""
    try:
        found = {
            "copy": server.get(f"{_ADMIN}/copy"),
            "carriers": server.get(f"{_ADMIN}/carriers")["carriers"],
            "nodes": server.get(f"{_ADMIN}/nodes")["nodes"],
            "sources": server.get(f"{_ADMIN}/sources")["sources"],
        }
        with server.download("/metrics", {}) as chunks:
            metrics = b"".join(chunks).decode()
    except (Unreachable, Unanswered):
        remedy = "Start it with `simpost serve`, and read its log."
        yield problem("service", f"{server.url} does not answer", remedy)
        return
    except RequestRefused as error:
        remedy = "Another service may have the port, or another server.admin_token."
        yield problem("service", f"{server.url} refuses: {error.status} {error.code}", remedy)
        return
    yield ok("service", f"{server.url} answers")
    yield from judge_service(found)
    yield from judge_metrics(metrics)


def _show(findings: list[Finding]) -> None:
    print_columns([[each.severity.value, each.subject, each.words] for each in findings])
    to_do = [each for each in findings if each.remedy]
    for each in to_do:
        print_lines(["", f"{each.subject}: {each.words}.", f"  {each.remedy}"])
    problems = sum(each.severity is Severity.PROBLEM for each in findings)
    warnings = len(to_do) - problems
    print_lines(["", f"{counted(problems, 'problem')}, {counted(warnings, 'warning')}."])
