"""`simpost status` and `needs` against the demo."""

import json
from collections.abc import Callable
from typing import Any

Simpost = Any  # the `simpost` fixture of conftest.py


def lines(simpost: Simpost) -> dict[str, str]:
    done = simpost("status")
    assert done.returncode == 0, done.stderr
    return dict(line.split(maxsplit=1) for line in done.stdout.splitlines())


def test_one_screen_says_whether_messages_leave(simpost: Simpost) -> None:
    shown = lines(simpost)
    assert shown["sending"] == "yes"
    assert shown["carrier"] == "simulator: ready, 0 parts queued"
    assert shown["waiting"] == ("0 queued parts, 0 held messages, 0 broadcasts, 0 automation runs")
    assert simpost("stop", "--account", "demo", "--reason", "ticket").returncode == 0
    assert lines(simpost)["sending"] == "yes, except what is stopped. See `simpost stops`."
    assert simpost("stop", "--everything", "--reason", "ticket").returncode == 0
    assert lines(simpost)["sending"] == "stopped for all accounts. See `simpost stops`."
    assert simpost("resume", "--everything").returncode == 0
    assert simpost("resume", "--account", "demo").returncode == 0
    assert simpost("carriers", "pause", "simulator").returncode == 0
    shown = lines(simpost)
    assert shown["carrier"] == "simulator: ready, paused, 0 parts queued"
    assert shown["sending"].startswith("no carrier is available")
    assert simpost("carriers", "resume", "simulator").returncode == 0
    found = json.loads(simpost("status", "--json").stdout)
    assert simpost("audit").stdout == "no acts\n"
    assert set(found) == {"copy", "stops", "carriers", "nodes", "smpp", "sources"}


def test_what_needs_a_person_is_shown(simpost: Simpost, run: Callable[..., Any]) -> None:
    def admins(*arguments: str) -> str:
        shown: str = run("needs", *arguments, SIMPOST_CONFIG=str(simpost.config)).stdout
        return shown

    for shown in (simpost("needs").stdout, simpost("needs", "--account", "demo").stdout, admins()):
        assert shown == "nothing needs a person\n"
    assert simpost("carriers", "pause", "simulator").returncode == 0
    heading, row = admins().splitlines()
    assert heading.split() == ["kind", "account", "what", "what", "to", "do"]
    assert row.split()[:5] == ["carrier", "-", "simulator", "is", "paused,"]
    assert simpost("needs").stdout == "nothing needs a person\n"
    assert [each["kind"] for each in json.loads(admins("--json"))["installation"]] == ["carrier"]
    assert simpost("carriers", "resume", "simulator").returncode == 0
