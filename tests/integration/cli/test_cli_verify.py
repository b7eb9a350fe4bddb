"""`simpost verify` against the demo: the handset shows the code, and nothing else does."""

from __future__ import annotations

import json
import re
import time
import urllib.request
from pathlib import Path
from typing import Any

from tests.integration.cli.test_cli_inbox import ESIM, NUMBER


def shown_code(simpost: Any, purpose: str) -> str:
    """Start a verification with its purpose as the website; the code that the handset shows."""
    ends = time.monotonic() + 20
    while True:
        with urllib.request.urlopen(f"{simpost.handsets}handsets/{NUMBER}") as answer:
            texts = [each["text"] for each in json.load(answer)["messages"]]
        for text in reversed(texts):
            found = re.search(rf"^(\d+) is your .*\n\n@{purpose}\.example #\1$", text, re.DOTALL)
            if found:
                return found[1]
        assert time.monotonic() < ends, texts
        time.sleep(0.1)


def start(simpost: Any, purpose: str, *options: str) -> Any:
    host = f"{purpose}.example"
    return simpost("verify", "start", ESIM, "--purpose", purpose, "--host", host, *options)


def test_a_code_that_the_handset_shows_is_verified_once(simpost: Any) -> None:
    started = start(simpost, "once")
    verification_id = started.stdout.split()[0]
    assert started.stdout.startswith(f"{verification_id}  sent\n")
    code = shown_code(simpost, "once")
    wrong = simpost("verify", "check", verification_id, f"{(int(code) + 1) % 10**6:06}")
    assert (wrong.returncode, wrong.stdout) == (
        1,
        f"{verification_id}  wrong_code, 4 checks left\n",
    )
    right = simpost("verify", "check", verification_id, stdin=f"{code}\n")
    assert (right.returncode, right.stdout) == (0, f"{verification_id}  verified\n")
    again = simpost("verify", "check", verification_id, code, "--json")
    assert (again.returncode, json.loads(again.stdout)["verdict"]) == (1, "already_used")
    shown = simpost("verify", "show", verification_id)
    assert shown.stdout.startswith(f"{verification_id}  verified\n")
    messages = simpost("messages", json.loads(again.stdout)["messageId"])
    assert "(a one-time code)" in messages.stdout
    for done in (started, wrong, right, again, shown, messages, simpost("messages", "--json")):
        assert code not in done.stdout + done.stderr


def test_a_start_is_repeated_superseded_and_cancelled(simpost: Any) -> None:
    first = start(simpost, "tab", "--session", "one").stdout.split()[0]
    assert start(simpost, "tab", "--session", "one").stdout.startswith(
        f"{first}  pending, nothing sent\n"
    )
    dry = start(simpost, "tab", "--session", "one", "--dry-run")
    assert dry.stdout.startswith("would send nothing before 20"), dry.stdout
    refused = start(simpost, "tab", "--session", "two")
    assert refused.returncode == 1
    assert "Possible again at 20" in refused.stderr
    dry = start(simpost, "tab", "--session", "two", "--dry-run")
    assert dry.stdout.splitlines()[-1].endswith(" (code:esim:wait)")
    with Path(simpost.config).open("a") as settings:
        settings.write("\n[verifications]\nesim_wait_s = 0\n")
    assert simpost("reload").returncode == 0
    second = start(simpost, "tab", "--session", "two").stdout
    assert "  sent, the pending one is superseded\n" in second
    cancelled = simpost("verify", "cancel", second.split()[0])
    assert cancelled.stdout.startswith(f"{second.split()[0]}  cancelled\n")
    assert json.loads(simpost("verify", "show", first, "--json").stdout)["state"] == "superseded"
    listed = simpost("verify", "list", "--state", "superseded", "--esim", ESIM).stdout.splitlines()
    assert [line.split()[2] for line in listed] == ["id", first]
    heading, *ratios = simpost("verify", "ratios").stdout.splitlines()
    assert heading.split()[-1] == "ratio"
    assert ratios


def test_a_dry_run_shows_the_text_or_the_reason(simpost: Any) -> None:
    would = simpost("verify", "start", ESIM, "--purpose", "dry", "--dry-run")
    assert (would.returncode, would.stdout.splitlines()[1]) == (
        0,
        "000000 is your verification code. Do not share it.",
    )
    refused = simpost("verify", "start", "26010199999999", "--dry-run")
    assert refused.returncode == 1
    assert refused.stdout.startswith("would refuse: ")
    unknown = simpost("verify", "show", "019a4c7e-6f1f-7c2a-9d53-0c8f2f9a7b11")
    assert (unknown.returncode, "no such verification" in unknown.stderr) == (1, True)


def test_a_policy_is_changed_and_reset(simpost: Any) -> None:
    changed = simpost("verify", "policy", "other", "--digits", "4", "--per-hour", "plan=9")
    assert changed.stdout.splitlines() == [
        "digits             4",
        "sendsPerHour       plan 9",
    ]
    more = simpost("verify", "policy", "other", "--new-code", "--json")
    assert json.loads(more.stdout)["repeatCode"] is False
    assert json.loads(more.stdout)["digits"] == 4
    assert simpost("verify", "policy", "other", "--reset").stdout == "as configured\n"
    wrong = simpost("verify", "policy", "other", "--per-day", "plan")
    assert wrong.returncode != 0
    assert "such as account=500" in wrong.stderr
    refused = simpost("verify", "policy", "other", "--per-day", "esim=9")
    assert (refused.returncode, "counts for all accounts" in refused.stderr) == (1, True)
