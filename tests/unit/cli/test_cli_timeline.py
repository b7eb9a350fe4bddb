from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import typer

from simpost.cli.client import Server
from simpost.cli.messages import parse_since
from simpost.cli.send import follow, parse_ports
from simpost.cli.timeline import timeline
from simpost.domain.reasons import Reason

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)


def why(reason: Reason) -> dict[str, str]:
    return {
        "code": reason,
        "explanation": reason.explanation,
        "remedy": reason.remedy,
        "detail": "",
    }


def attempt(number: int, outcome: str, second: int, **more: Any) -> dict[str, Any]:
    plain = {"part": 1, "carrier": "one", "reason": None, "carrierCode": None, "repeat": False}
    time = f"2026-01-01T00:00:{second:02}.000Z"
    return {"number": number, "outcome": outcome, "endedAt": time, **plain, **more}


def message(state: str, **more: Any) -> dict[str, Any]:
    return {
        "id": "0199",
        "state": state,
        "reason": None,
        "esimTranNo": "23072017992029",
        "iccid": "",
        "to": "66800000001",
        "category": "service",
        "from": "",
        "text": "a\nb",
        "binary": None,
        "ports": None,
        "class": None,
        "receipt": True,
        "encoding": "gsm7",
        "partCount": 1,
        "requestId": None,
        "createdAt": "2026-01-01T00:00:00.000Z",
        "expiresAt": "2026-01-03T00:00:00.000Z",
        "parts": [],
        "attempts": [],
        "receipts": [],
        **more,
    }


def test_the_options_of_a_message_are_shown() -> None:
    asked = {"from": "Bank", "class": 0, "receipt": False, "text": None, "binary": "00ff"}
    ports = {"destination": 2948, "source": 9200, "bits": 16}
    lines = list(timeline(message("sent", ports=ports, **asked)))
    assert "options   from Bank, class 0, to port 2948 from 9200, without a receipt" in lines
    assert "binary    00ff" in lines
    assert not [line for line in timeline(message("sent")) if line.startswith("asked")]


@pytest.mark.parametrize(
    ("text", "ports"),
    [
        ("2948", {"destination": 2948, "source": 0}),
        ("2948:9200", {"destination": 2948, "source": 9200}),
    ],
)
def test_ports_are_written_with_a_colon(text: str, ports: dict[str, int]) -> None:
    assert parse_ports(text) == ports


@pytest.mark.parametrize("text", ["x", "1:x", ":", "1:2:3"])
def test_an_invalid_port_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="must be a port"):
        parse_ports(text)


def test_a_delivered_message_is_shown_from_beginning_to_end() -> None:
    part = {
        "number": 1,
        "state": "delivered",
        "reason": None,
        "carrierMessageId": "0A1F",
        "carrierCode": None,
        "carrierCodeMeaning": None,
        "finalAt": "2026-01-01T00:00:09.000Z",
    }
    attempts = [
        attempt(1, "throttled", 1, carrierCode="0x00000058", reason=why(Reason.THROTTLED)),
        attempt(2, "in_doubt", 3),
        attempt(3, "accepted", 5, repeat=True),
    ]
    lines = list(timeline(message("delivered", parts=[part], attempts=attempts)))
    assert lines[:5] == [
        "message   0199",
        "state     delivered",
        "eSIM      23072017992029  ICCID -  to 66800000001",
        "kind      service, 1 part of gsm7",
        "text      a\\nb",
    ]
    assert lines[6:] == [
        "2026-01-01T00:00:00.000Z  accepted",
        (
            "2026-01-01T00:00:01.000Z  part 1 throttled by one, code 0x00000058 (throttled): "
            "The carrier asked us to slow down. The part stays queued. "
            "Nothing: it is sent again later."
        ),
        "2026-01-01T00:00:03.000Z  part 1 was sent, without a response from one, attempt 2",
        (
            "2026-01-01T00:00:05.000Z  part 1 accepted by one as 0A1F, attempt 3, "
            "repeated because it was in doubt"
        ),
        "2026-01-01T00:00:09.000Z  part 1 delivered",
    ]


def kept(disposition: str, **more: Any) -> dict[str, Any]:
    return {
        "part": 1,
        "carrier": "one",
        "carrierMessageId": "0a1f",
        "state": "delivered",
        "disposition": disposition,
        "carrierCode": None,
        "carrierCodeMeaning": None,
        "count": 1,
        "lastAt": "2026-01-01T00:00:09.000Z",
        **more,
    }


def test_a_network_error_is_shown_with_its_meaning() -> None:
    part = {
        "number": 1,
        "state": "failed",
        "reason": None,
        "carrierMessageId": "0A1F",
        "carrierCode": "3:6",
        "carrierCodeMeaning": "GSM network error 6, absent subscriber for SM.",
        "finalAt": "2026-01-01T00:00:09.000Z",
    }
    told = "part 1 failed, code 3:6: GSM network error 6, absent subscriber for SM."
    assert list(timeline(message("failed", parts=[part])))[-1].endswith(f"Z  {told}")
    part.update(carrierCode="0D1", carrierCodeMeaning=None)
    assert list(timeline(message("failed", parts=[part])))[-1].endswith("failed, code 0D1")


def test_unapplied_receipts_are_shown_in_order() -> None:
    receipts = [
        kept("duplicate", count=3),
        kept("late", state="failed", carrierCode="0D1"),
        *(kept(disposition) for disposition in ("parked", "matched", "ambiguous")),
    ]
    lines = list(timeline(message("delivered", receipts=receipts)))[-5:]
    assert [line.partition("receipt of one for 0a1f says ")[2] for line in lines] == [
        "delivered, a duplicate; 3 times",
        "failed, too late to change anything, code 0D1",
        "delivered, stored until its part is known",
        "delivered, which arrived before the response and was applied after it",
        "delivered, stored: it may belong to another part",
    ]


def test_a_message_on_its_way_says_when_it_would_expire() -> None:
    assert list(timeline(message("sent")))[-1] == "2026-01-03T00:00:00.000Z  would expire"


def test_a_refused_message_says_why_and_what_to_do() -> None:
    lines = list(timeline(message("rejected", reason=why(Reason.CARRIER_REFUSED))))
    assert lines[1] == (
        "state     rejected (carrier_refused): The carrier refused the part. "
        "See the carrier's error code. Fix the message or the settings of the carrier."
    )


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("90s", "2026-01-02T11:58:30.000Z"),
        ("30m", "2026-01-02T11:30:00.000Z"),
        ("2h", "2026-01-02T10:00:00.000Z"),
        ("7d", "2025-12-26T12:00:00.000Z"),
        ("2026-01-01", "2026-01-01T00:00:00.000Z"),
        ("2026-01-01T08:00+08:00", "2026-01-01T00:00:00.000Z"),
    ],
)
def test_since_is_a_span_or_a_time(text: str, time: str) -> None:
    assert parse_since(text, NOW) == time


@pytest.mark.parametrize(
    "text", ["999999d", "0001-01-01", "0001-01-01T00:00:00+14:00", "1969-12-31"]
)
def test_since_before_anything_could_be_sent_is_the_epoch(text: str) -> None:
    try:
        assert parse_since(text, NOW) == "1970-01-01T00:00:00.000Z"
    except typer.BadParameter:
        assert text.endswith("+14:00")  # no time that Python could tell in UTC


@pytest.mark.parametrize(
    "text",
    ["yesterday", "2", "h", "-2h", "2w", "٣h", "9999999d", "9999-12-31T23:59:59-14:00"],
)
def test_since_that_means_nothing_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        parse_since(text, NOW)


class Told(Server):
    """A server that tells one state after the other, the last for ever; its clock is ours."""

    def __init__(self, states: list[str], **facts: Any) -> None:
        super().__init__("http://127.0.0.1:1", {})
        self._states = states
        self._facts = facts
        self.now_s = 0.0

    def get(self, path: str, query: Any = None) -> Any:
        assert path == "/v1/messages/0199"
        state = self._states.pop(0) if len(self._states) > 1 else self._states[0]
        return message(state, **self._facts)

    def sleep(self, seconds: float) -> None:
        assert 0 < seconds <= 2
        self.now_s += seconds

    def follow(self, timeout_s: float) -> Iterator[str]:
        for found in follow(self, "0199", timeout_s, clock_s=lambda: self.now_s, sleep=self.sleep):
            yield found["state"]


def test_following_tells_each_change_once_and_ends_with_the_final_one() -> None:
    told = Told(["accepted", "accepted", "sent", "sent", "sent", "delivered", "unasked"])
    assert list(told.follow(300)) == ["accepted", "sent", "delivered"]


def test_without_a_receipt_sent_is_the_last_that_is_waited_for() -> None:
    told = Told(["sending", "sent", "sent", "delivered"], receipt=False)
    assert list(told.follow(300)) == ["sending", "sent"]


def test_following_ends_when_the_time_is_up() -> None:
    told = Told(["accepted", "sent"])
    assert list(told.follow(30)) == ["accepted", "sent"]
    assert 28 <= told.now_s <= 30


def test_decisions_are_shown_with_the_facts_that_decided_them() -> None:
    rules = [
        {"rule": "optOut", "facts": {"decidedBy": "esim"}},
        {"rule": "quietHours", "facts": {"zones": ["Asia/Tokyo", "UTC"], "otherZones": 2}},
        {"rule": "cap", "facts": {"used": 1, "limit": 2}},
        {"rule": "budget", "facts": {"budgets": [{"budget": "day", "used": 7, "limit": 9}]}},
    ]
    hold = {
        "decidedAt": "2026-01-01T00:00:00.000Z",
        "decision": "hold",
        "reason": why(Reason.QUIET_HOURS),
        "heldUntil": "2026-01-01T09:00:00.000Z",
        "rules": rules[:2],
    }
    sent = {
        "decidedAt": "2026-01-01T09:00:00.000Z",
        "decision": "send",
        "reason": None,
        "heldUntil": None,
        "rules": rules[2:],
    }
    lines = list(timeline(message("accepted", decisions=[hold, sent])))
    assert (
        "2026-01-01T00:00:00.000Z  accepted: hold until 2026-01-01T09:00:00.000Z (quiet_hours), "
        "choice of the eSIM, time zone Asia/Tokyo and 3 more"
    ) in lines
    assert (
        "2026-01-01T09:00:00.000Z  decided again: send, cap 1 of 2 used before, "
        "budget day 7 of 9 used before"
    ) in lines
