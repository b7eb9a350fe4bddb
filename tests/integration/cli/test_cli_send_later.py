"""`simpost send --at`, `simpost cancel` and `simpost events` against the demo."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

Simpost = Callable[..., Any]

ESIM = "23072017992029"
TOMORROW = (datetime.now(UTC) + timedelta(days=1)).replace(microsecond=0, tzinfo=None)
PATIENCE = timedelta(minutes=2)
SHOWN = f"{TOMORROW.isoformat()}.000Z"


def schedule(simpost: Simpost, at: str = SHOWN) -> dict[str, Any]:
    done = simpost("send", "for later", "--esim", ESIM, "--at", at, "--json")
    assert done.returncode == 0, done.stderr
    sent: dict[str, Any] = json.loads(done.stdout)
    return sent


def test_a_scheduled_message_is_shown_with_its_time(simpost: Simpost) -> None:
    done = simpost("send", "for later", "--esim", ESIM, "--at", SHOWN)
    assert done.returncode == 0, done.stderr
    message_id, said = done.stdout.rstrip().split("  ")
    assert said == f"scheduled until {SHOWN}, 1 part of gsm7"
    found = json.loads(simpost("messages", message_id, "--json").stdout)
    assert (found["state"], found["sendAt"], found["parts"]) == ("scheduled", SHOWN, [])


@pytest.mark.parametrize(
    "at",
    [
        TOMORROW.isoformat(),
        TOMORROW.isoformat(" "),
        (TOMORROW + timedelta(hours=7)).isoformat() + "+07:00",
    ],
    ids=["without an offset", "with a space", "with an offset"],
)
def test_a_time_is_in_utc_unless_it_has_an_offset(simpost: Simpost, at: str) -> None:
    sent = schedule(simpost, at)
    assert (sent["state"], sent["sendAt"], sent["heldUntil"]) == ("scheduled", SHOWN, SHOWN)


def test_a_dry_run_shows_until_when_a_message_would_be_held(simpost: Simpost) -> None:
    done = simpost("send", "for later", "--esim", ESIM, "--at", SHOWN, "--dry-run")
    assert done.returncode == 0, done.stderr
    assert f"would be held until {SHOWN}, then sent to 66800000001" in done.stdout


@pytest.mark.parametrize(
    ("at", "code", "said"),
    [
        ("tomorrow", 2, "must be an ISO time, as 2026-01-31T12:00:00Z"),
        ("2020-01-01", 1, "It was"),
        ("2099-01-01", 1, "days ahead"),
    ],
)
def test_a_time_that_cannot_be_is_refused(simpost: Simpost, at: str, code: int, said: str) -> None:
    done = simpost("send", "no", "--esim", ESIM, "--at", at)
    assert done.returncode == code
    assert said in done.stderr


def test_a_scheduled_message_is_cancelled_and_stays_so(simpost: Simpost) -> None:
    message_id = schedule(simpost)["id"]
    for _ in range(2):
        done = simpost("cancel", message_id)
        assert (done.returncode, done.stdout) == (0, f"{message_id}  cancelled\n")
    shown = json.loads(simpost("cancel", message_id, "--json").stdout)
    assert (shown["id"], shown["state"], shown["heldUntil"]) == (message_id, "cancelled", None)
    followed = simpost("messages", message_id)
    assert "cancelled" in followed.stdout


def test_a_message_that_was_delivered_or_is_unknown_is_not_cancelled(simpost: Simpost) -> None:
    sent = json.loads(simpost("send", "gone", "--esim", ESIM, "--wait", "--json").stdout)
    late = simpost("cancel", sent["id"])
    assert late.returncode == 1
    assert "The message is delivered: only an unsent message can be cancelled." in late.stderr
    for unknown in ("no-id", "00000000-0000-7000-8000-000000000000"):
        refused = simpost("cancel", unknown)
        assert refused.returncode == 1
        assert "This account has no such message." in refused.stderr


def test_events_show_what_was_scheduled_and_cancelled(simpost: Simpost) -> None:
    before = json.loads(simpost("events", "--limit", "100000", "--json").stdout)
    last = before[-1]["sequence"] if before else 0
    message_id = schedule(simpost)["id"]
    simpost("cancel", message_id)
    found = json.loads(simpost("events", "--after", str(last), "--json").stdout)
    told = [
        (each["type"], each["data"]["reason"]) for each in found if each["subject"] == message_id
    ]
    assert told == [("message.scheduled", "scheduled"), ("message.cancelled", "cancelled")]
    table = simpost("events", "--after", str(last)).stdout.splitlines()
    assert table[0].split() == ["sequence", "occurred", "(UTC)", "type", "subject", "reason",
                                "carrier"]  # fmt: skip
    [line] = [each for each in table if "message.cancelled" in each and message_id in each]
    assert line.split()[-2:] == ["cancelled", "-"]
    end = found[-1]["sequence"]
    assert simpost("events", "--after", str(end)).stdout == f"no events after {end}\n"
    beyond = simpost("events", "--after", str(end + 1_000))
    assert beyond.returncode == 1
    assert f"after={end}" in beyond.stderr


def expiry(simpost: Simpost, *options: str) -> datetime:
    done = simpost("send", "for a while", "--esim", ESIM, *options, "--json")
    assert done.returncode == 0, done.stderr
    message_id = json.loads(done.stdout)["id"]
    found = json.loads(simpost("messages", message_id, "--json").stdout)
    return datetime.fromisoformat(found["expiresAt"])


def test_a_message_expires_at_a_time_or_after_a_span(simpost: Simpost) -> None:
    shown = TOMORROW.replace(tzinfo=UTC)
    assert expiry(simpost, "--expires-at", SHOWN) == shown
    assert expiry(simpost, "--at", SHOWN, "--for", "2h") == shown + timedelta(hours=2)
    begun = datetime.now(UTC)
    assert timedelta() <= expiry(simpost, "--for", "1d") - begun - timedelta(days=1) < PATIENCE


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--for", "soon"], "must be a span of time, as 30m, 2h or 7d"),
        (["--for", "2h", "--expires-at", SHOWN], "goes without --expires-at"),
        (["--expires-at", "tomorrow"], "must be an ISO time"),
    ],
)
def test_an_expiry_that_cannot_be_is_refused(
    simpost: Simpost, options: list[str], said: str
) -> None:
    done = simpost("send", "no", "--esim", ESIM, *options)
    assert done.returncode == 2
    assert said in " ".join(done.stderr.replace("│", " ").split())


def test_a_message_is_sent_with_a_reference_and_shows_it(simpost: Simpost) -> None:
    done = simpost("send", "hello", "--esim", ESIM, "--reference", "order 4711", "--json")
    message_id = json.loads(done.stdout)["id"]
    assert "reference order 4711" in simpost("messages", message_id).stdout
