"""`simpost inbox` against the demo, whose simulator lets handsets text."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable
from typing import Any
from urllib.error import HTTPError

import pytest

Simpost = Callable[..., Any]

PATIENCE_S = 90
ESIM, NUMBER = "23072017992029", "66800000001"
API_ONLY, API_ONLY_NUMBER = "23072017992030", "81900000002"


def text_from(simpost: Any, source: str, to: str, text: str) -> list[str]:
    """The response of the gateway to a text of a handset."""
    request = urllib.request.Request(
        f"{simpost.handsets}handsets/{source}/messages",
        data=json.dumps({"to": to, "text": text}).encode(),
    )
    ends = time.monotonic() + PATIENCE_S
    while True:
        try:
            with urllib.request.urlopen(request) as answer:
                answers: list[str] = json.load(answer)["responses"]
        except HTTPError as error:
            if error.code != 409 or time.monotonic() > ends:  # not bound yet
                raise
            error.close()
        else:
            return answers


def test_a_reply_is_in_the_inbox_and_in_the_conversation(simpost: Any) -> None:
    assert simpost("send", "Top up?", "--esim", ESIM, "--wait").returncode == 0
    assert text_from(simpost, NUMBER, "4455", "Yes {please}") == ["ESME_ROK"]
    shown = simpost("inbox")
    assert shown.returncode == 0, shown.stderr
    rows = [line.split() for line in shown.stdout.splitlines()]  # widths are those of all rows
    assert [NUMBER, "4455", ESIM, "received", "Yes", "{please}"] in [row[2:] for row in rows]
    said = simpost("inbox", "--esim", ESIM).stdout.splitlines()
    assert "<-" in said[1]
    assert "Yes {please}" in said[1]
    assert "Top up?" in said[2]
    assert "->" in said[2]


def test_a_phones_text_is_sent_to_esims_that_take_it_and_refused_for_others(
    simpost: Any,
) -> None:
    phone = "447700900777"
    assert text_from(simpost, phone, NUMBER, "see you at six") == ["ESME_ROK"]
    assert text_from(simpost, phone, API_ONLY_NUMBER, "psst") == ["ESME_RX_R_APPN"]
    found = json.loads(simpost("inbox", "--json").stdout)
    states = {row["esimTranNo"]: row["state"] for row in found if row["from"] == phone}
    assert states == {ESIM: "forwarded", API_ONLY: "refused"}
    assert "refused (sms_api_only)" in simpost("inbox", "--esim", API_ONLY).stdout
    wait_until_shown(simpost, NUMBER, "see you at six")


def test_inbound_messages_of_no_account_are_shown_to_the_admin(simpost: Any) -> None:
    assert text_from(simpost, "447700900778", "4455", "wrong number?") == ["ESME_ROK"]
    assert "wrong number?" not in simpost("inbox").stdout
    shown = simpost("inbox", "--unassigned")
    assert "wrong number?" in shown.stdout, shown.stderr


def test_receipts_that_found_no_part_are_shown_to_the_administrator(simpost: Any) -> None:
    shown = simpost("receipts")
    assert (shown.returncode, shown.stdout) == (0, "no unmatched receipts\n"), shown.stderr
    assert json.loads(simpost("receipts", "--carrier", "nosuch", "--json").stdout) == []
    assert simpost("receipts", "--dismissed").stdout == "no dismissed receipts\n"
    one = ("--carrier", "simulator", "--id", "nosuch")
    done = simpost("receipts", "dismiss", *one)
    assert (done.returncode, done.stdout) == (0, "0 receipts dismissed\n"), done.stderr
    assert simpost("receipts", "jobs").stdout == "no dismissals\n"
    counted = simpost("receipts", "dismiss", "--all", "--dry-run")
    assert counted.stdout.startswith("0 receipts. Each receipt is left out of the list")
    begun = json.loads(simpost("receipts", "dismiss", "--all", "--actor", "Ana", "--json").stdout)
    undone = simpost("receipts", "stop", begun["id"], "--actor", "Ben")
    assert "undone: It was undone by Ben before it did anything." in undone.stdout, undone.stderr
    shown = json.loads(simpost("receipts", "job", begun["id"], "--json").stdout)
    assert (shown["verb"], shown["begunBy"], shown["items"]) == ("dismiss", "Ana", [])
    assert begun["id"] in simpost("receipts", "jobs").stdout
    assert simpost("receipts", "restore", "--all").stdout == "0 receipts restored\n"
    for wrong in ([], ["--all", *one], [*one[2:]]):
        assert simpost("receipts", "dismiss", *wrong).returncode == 2


def test_the_inbox_and_one_conversation_are_not_asked_for_together(simpost: Any) -> None:
    done = simpost("inbox", "--unassigned", "--esim", ESIM)
    assert (done.returncode, done.stdout) == (2, "")


def wait_until_shown(simpost: Any, number: str, text: str) -> None:
    ends = time.monotonic() + PATIENCE_S
    while time.monotonic() < ends:
        with urllib.request.urlopen(f"{simpost.handsets}handsets/{number}") as answer:
            if text in [each["text"] for each in json.load(answer)["messages"]]:
                return
    pytest.fail(f"{number} never showed it")
