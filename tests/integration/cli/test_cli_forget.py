"""`simpost forget` against the demo."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

Simpost = Callable[..., Any]

ESIM = "23072017992029"


def test_a_traveller_is_forgotten_and_the_record_shows_it(simpost: Simpost) -> None:
    assert simpost("send", "room 42", "--esim", ESIM, "--wait").returncode == 0
    asked = simpost("forget", "--esim", ESIM)
    assert asked.returncode == 2
    assert "--yes" in asked.stderr
    assert simpost("forget", "--esim", ESIM, "--history").stdout == "no erasures\n"

    done = simpost("forget", "--esim", ESIM, "--requested-by", "Ana", "--yes")
    assert done.returncode == 0, done.stderr
    heading, row, _ = done.stdout.splitlines()
    assert heading.split() == ["begun", "(UTC)", "ended", "(UTC)", "requested", "by", "erased"]
    assert "Ana" in row
    [record] = json.loads(simpost("forget", "--esim", ESIM, "--history", "--json").stdout)
    assert record["erased"]["messages"] >= 1
    assert "room 42" not in simpost("messages", "--esim", ESIM).stdout

    unknown = simpost("forget", "--esim", "unknown", "--yes")
    assert unknown.returncode == 1
    assert "no eSIM" in unknown.stderr
