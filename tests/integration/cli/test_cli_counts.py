"""`simpost counts` and `find` against the demo."""

import json
from collections.abc import Callable
from typing import Any

from tests.integration.cli.test_cli_inbox import ESIM

Simpost = Callable[..., Any]


def test_messages_are_counted_and_found(simpost: Simpost) -> None:
    sent = simpost("send", "Hello", "--esim", ESIM, "--wait")
    assert sent.stdout.splitlines()[-1].endswith("  delivered")
    counted = simpost("counts", "--hours").stdout.splitlines()
    rows = {line[:22].strip(): line[22:].split() for line in counted}
    assert rows["accepted"][0] == "1"
    assert rows["delivered"][0] == "1"
    assert rows["half delivered within"][0] != "-"
    assert any(line.startswith("hour (UTC)") for line in counted)
    as_json = json.loads(simpost("counts", "--json").stdout)
    assert as_json["hour"]["states"]["delivered"] == 1
    message_id = sent.stdout.split()[0]
    found = simpost("find", message_id).stdout.splitlines()
    assert found[1].split()[:2] == ["demo", message_id]
    esims = simpost("find", ESIM).stdout.splitlines()
    assert esims[1].split()[:2] == ["demo", ESIM]
    missing = simpost("find", "nothing at all")
    assert (missing.returncode, missing.stdout) == (1, "nothing found\n")
