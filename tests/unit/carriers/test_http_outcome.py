"""Outcomes of HTTP carriers, and the body of their requests."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from simpost.carriers.http.document import id_at, read_json
from simpost.carriers.http.outcome import outcome_of, retry_after_s
from simpost.carriers.http.request_template import fill, values_of
from simpost.carriers.http.upstream import request_id_of
from simpost.domain.outcomes import OutcomeKind
from simpost.domain.reasons import Reason
from simpost.net.http_client import HttpResponse
from tests.contract.carrier_peers import part

NOW_MS = 1_767_225_600_000  # 2026-01-01T00:00:00Z
PAGE = (Path(__file__).parents[3] / "docs" / "carriers.md").read_text("utf-8")

STATUSES = [
    (200, OutcomeKind.ACCEPTED, None),
    (201, OutcomeKind.ACCEPTED, None),
    (302, OutcomeKind.REFUSED, Reason.CARRIER_REFUSED),
    (400, OutcomeKind.REFUSED, Reason.CARRIER_REFUSED),
    (401, OutcomeKind.UNREACHABLE, Reason.CARRIER_UNREACHABLE),
    (403, OutcomeKind.REFUSED, Reason.CARRIER_REFUSED),
    (408, OutcomeKind.UNREACHABLE, Reason.CARRIER_BUSY),
    (422, OutcomeKind.REFUSED, Reason.CARRIER_REFUSED),
    (429, OutcomeKind.THROTTLED, Reason.THROTTLED),
    (500, OutcomeKind.IN_DOUBT, Reason.UNCLEAR_RESPONSE),
    (501, OutcomeKind.REFUSED, Reason.CARRIER_REFUSED),
    (502, OutcomeKind.IN_DOUBT, Reason.UNCLEAR_RESPONSE),
    (503, OutcomeKind.UNREACHABLE, Reason.CARRIER_BUSY),
    (504, OutcomeKind.IN_DOUBT, Reason.UNCLEAR_RESPONSE),
]


@pytest.mark.parametrize(("status", "kind", "reason"), STATUSES)
def test_the_status_is_the_outcome(status: int, kind: OutcomeKind, reason: Reason | None) -> None:
    outcome = outcome_of(HttpResponse(status, {}, b""), NOW_MS)
    assert (outcome.kind, outcome.reason) == (kind, reason)
    assert outcome.carrier_code == (None if kind is OutcomeKind.ACCEPTED else f"HTTP {status}")
    assert outcome.carrier_message_id == ("" if kind is OutcomeKind.ACCEPTED else None)


def test_the_page_has_the_outcome_of_every_status_named_there() -> None:
    table = PAGE.partition("### Outcome by status")[2].partition("\n### ")[0]
    rows = [line.split("|")[1:3] for line in table.splitlines() if line.startswith("| ")][2:]
    found = {status.strip(): outcome.strip() for status, outcome in rows}
    for status, kind, _ in STATUSES:
        exact = [key for key in found if str(status) in key]
        (row,) = exact or [key for key in found if f"{status // 100}xx" in key]
        assert found[row] == f"`{kind}`", (status, row)


@pytest.mark.parametrize(
    ("body", "path", "found"),
    [
        (b'{"messages":[{"id":"a-1"}]}', "messages.0.id", "a-1"),
        (b'{"id":17}', "id", "17"),
        (b'\xef\xbb\xbf{"id":17}', "id", "17"),
        (b'{"id":"a"}', "", ""),
        (b'{"id":true}', "id", ""),
        (b'{"id":null}', "id", ""),
        (b'{"id":{"a":1}}', "id", ""),
        (b'{"id":"a\\u0000b"}', "id", ""),  # PostgreSQL stores no NUL
        (b'{"id":"' + b"x" * 256 + b'"}', "id", ""),
        (b'{"messages":[]}', "messages.0.id", ""),
        (b"[" * 100_000, "0.0", ""),
        (b"", "id", ""),
        (b"<html>", "id", ""),
    ],
)
def test_a_message_id_is_found_or_empty(body: bytes, path: str, found: str) -> None:
    assert id_at(read_json(body), path) == found


@pytest.mark.parametrize(
    ("text", "wait_s"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("999999", 3600.0),
        ("Thu, 01 Jan 2026 00:01:30 GMT", 90.0),
        ("Wed, 31 Dec 2025 00:00:00 GMT", 0.0),
        ("-1", None),
        ("soon", None),
        ("", None),
        ("9" * 5000, None),
        ("Mon, 01 Jan 99999999999 00:00:00 GMT", None),
        ("Mon, 01 Jan 2026 99999999999999999999:00:00 GMT", None),
        ("Mon, 01 Jan 2026 00:00:00 +99999999999999999999", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_bounded(text: str, wait_s: float | None) -> None:
    assert retry_after_s({"retry-after": text}, NOW_MS) == wait_s


def test_a_template_is_filled_once_and_keeps_its_other_values() -> None:
    template = {
        "to": ["{destination}"],
        "text": "{text}!",
        "n": 1,
        "on": True,
        "ref": "{message_id}",
        "from": "{sender}",
        "kind": "{encoding}",
    }
    given = msgspec.structs.replace(part("447700900001", '{sender} "quoted" \u20ac'), sender="")
    body = fill(template, values_of(given, {"gsm7": {"dcs": 0}, "ucs2": 8}))
    assert "from" not in body
    assert body["kind"] == {"dcs": 0}
    assert body["to"] == ["447700900001"]
    assert body["text"] == '{sender} "quoted" \u20ac!'
    assert (body["n"], body["on"]) == (1, True)
    assert len(body["ref"]) == 36


def test_a_request_id_stays_only_while_attempts_end_in_doubt() -> None:
    first = part("447700900001")

    def attempt(number: int, unclear: int) -> str:
        return request_id_of(msgspec.structs.replace(first, attempt=number, unclear=unclear))

    assert attempt(1, 0) == attempt(2, 1) == attempt(3, 2)
    assert len({attempt(1, 0), attempt(2, 0), attempt(3, 0)}) == 3
    other = msgspec.structs.replace(first, number=2)
    assert request_id_of(other) != request_id_of(first)
