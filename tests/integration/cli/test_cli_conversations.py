"""`simpost conversations` against the demo: a text comes in, a reply arrives on the handset."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.integration.cli.handset import shown_texts, wait_delivered
from tests.integration.cli.test_cli_inbox import ESIM


def test_a_conversation_from_its_start_to_its_end(simpost: Any) -> None:
    started = simpost("conversations", "start", ESIM, "--json")
    begun = json.loads(started.stdout)
    assert (started.returncode, begun["status"]) == (0, "waiting")
    place = begun["id"]
    tried = simpost("conversations", "reply", place, "Never sent", "--dry-run")
    assert (tried.returncode, tried.stdout[:14]) == (0, "would be sent ")
    replied = simpost("conversations", "reply", place, stdin="From standard input\n")
    assert (replied.returncode, replied.stdout.split()[1:]) == (0, ["accepted"])
    wait_delivered(simpost, replied.stdout.split()[0])
    assert "From standard input" in shown_texts(simpost)
    assert "Never sent" not in shown_texts(simpost)
    found = simpost("conversations", "list", "--search", "standard INPUT")
    assert found.stdout.splitlines()[1].split()[0] == place
    assert simpost("conversations", "list", "--search", "Lyon").stdout == "No conversations.\n"
    later = ("--at", (datetime.now(UTC) + timedelta(days=2)).isoformat())
    scheduled = simpost("conversations", "reply", place, "Old words", *later)
    old, state = scheduled.stdout.split()
    assert state == "scheduled"
    for _ in range(2):  # once, however often
        replaced = simpost(
            "conversations", "reply", place, "New words", *later, "--instead-of", old
        )
        assert replaced.stdout.split()[1:] == ["scheduled"], replaced.stderr
    shown = simpost("conversations", "show", place).stdout
    assert ("Old words" in shown, shown.count("New words")) == (True, 1)
    noted = simpost("conversations", "note", place, "Wants a refund", "--author", "Ana")
    assert noted.stdout.endswith("  noted\n")
    changed = simpost("conversations", "change", place, "--assignee", "Ana", "--tag", "vip")
    assert "assignee    Ana\ntags        vip\n" in changed.stdout
    shown = simpost("conversations", "show", place).stdout
    assert "->" in shown
    assert "From standard input" in shown
    assert shown.splitlines()[-1].endswith("note by Ana: Wants a refund")
    listed = simpost("conversations", "list", "--tag", "vip", "--assignee", "Ana")
    assert listed.stdout.splitlines()[1].split()[:4] == [place, "waiting", ESIM, "Ana"]
    closed = simpost("conversations", "change", place, "--status", "closed", "--json")
    assert json.loads(closed.stdout)["status"] == "closed"


def test_mistakes_are_explained(simpost: Any) -> None:
    nothing = simpost("conversations", "change", "x")
    assert (nothing.returncode, nothing.stdout) == (2, "")
    assert "nothing to change: give --status, --assignee, --tag or --read." in nothing.stderr
    both = simpost("conversations", "reply", "x", "text", "--template", "t")
    assert (both.returncode, "choose one" in both.stderr) == (2, True)
    value = simpost("conversations", "reply", "x", "--template", "t", "--value", "name")
    assert "write it as NAME=VALUE" in value.stderr
    unknown = simpost("conversations", "show", "x")
    assert (unknown.returncode, "no such conversation" in unknown.stderr) == (1, True)
