"""`simpost stop`, `simpost resume` and `simpost stops` against the demo."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

Simpost = Callable[..., Any]

ESIM = "23072017992029"


def test_sending_is_stopped_with_a_reason_and_resumed(simpost: Simpost) -> None:
    done = simpost("stop", "--account", "demo", "--country", "th", "--reason", "ticket 4711")
    assert done.returncode == 0, done.stderr
    heading, row = done.stdout.splitlines()
    assert heading.split() == [
        "account",
        "category",
        "country",
        "codes",
        "since",
        "(UTC)",
        "reason",
    ]
    assert row.startswith("demo     any       TH       pass")
    assert row.endswith("ticket 4711")

    refused = simpost("send", "hello", "--esim", ESIM)
    assert refused.returncode == 1
    assert "ticket 4711" in refused.stderr

    found = json.loads(simpost("stops", "--json").stdout)
    assert [each["reason"] for each in found] == ["ticket 4711"]
    assert simpost("resume", "--account", "demo").returncode == 1
    done = simpost("resume", "--account", "demo", "--country", "TH")
    assert (done.returncode, done.stdout) == (0, "nothing is stopped\n")
    assert simpost("send", "hello", "--esim", ESIM).returncode == 0


@pytest.mark.parametrize("command", [("stop", "--reason", "why"), ("resume",)])
@pytest.mark.parametrize("scope", [(), ("--everything", "--account", "demo")])
def test_a_command_without_a_clear_scope_is_refused(
    simpost: Simpost, command: tuple[str, ...], scope: tuple[str, ...]
) -> None:
    done = simpost(*command, *scope)
    assert done.returncode == 2
    assert "or else --everything" in done.stderr
    assert simpost("stops").stdout == "nothing is stopped\n"
