from datetime import UTC, datetime
from typing import Any

import pytest

from simpost.cli.carriers import lines_of_forms, plain_rate, rows_of
from simpost.cli.reload import lines_of

NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)


def bind(**changes: Any) -> dict[str, Any]:
    return {
        "node": None,
        "number": 1,
        "kind": "transceiver",
        "state": "ready",
        "peer": "192.0.2.7:2775",
        "problem": "",
        "maxUnanswered": 10,
        "unanswered": 3,
        "allowedPerSecond": 50.0,
        "ratePerSecond": 41.5,
        "lastHeardAt": "2026-11-22T11:59:58.000Z",
    } | changes


def carrier(*binds: dict[str, Any], **changes: Any) -> dict[str, Any]:
    about = {"name": "one", "state": "ready", "paused": False, "available": True}
    return (
        about
        | {"queued": 7, "oldestQueuedAt": "2026-11-22T11:57:00.000Z", "leased": 3}
        | {"receiptDelay": {"receipts": 9, "medianMs": 2100, "p95Ms": 61_000}}
        | {"connections": list(binds), "receiptIdFormats": []}
        | changes
    )


def test_a_row_shows_window_rate_last_pdu_and_queued_parts() -> None:
    (row,) = rows_of(carrier(bind()), NOW)
    assert row[:6] == ["one", "1 transceiver", "ready", "3/10", "41.5 of 50", "2 s ago"]
    assert row[6:] == ["7", "3 min ago", "3", "2.1 s, 95 % 1.0 min", ""]


def test_an_empty_queue_has_no_age_and_no_receipts_no_delay() -> None:
    (row,) = rows_of(carrier(bind(), queued=0, oldestQueuedAt=None, receiptDelay=None), NOW)
    assert row[6:] == ["0", "", "3", "", ""]


def test_facts_of_the_carrier_are_shown_once() -> None:
    first, second = rows_of(carrier(bind(), bind(number=2, allowedPerSecond=0)), NOW)
    assert (first[0], first[6], first[8]) == ("one", "7", "3")
    assert second == ["", "2 transceiver", "ready", "3/10", "41.5", "2 s ago", *[""] * 5]


def test_a_lost_bind_shows_why_and_a_receiver_has_no_window() -> None:
    lost = bind(state="lost", problem="wrong password", lastHeardAt=None)
    receiver = bind(kind="receiver", maxUnanswered=0)
    first, second = rows_of(carrier(lost, receiver), NOW)
    assert (first[2], first[5], first[10]) == ("lost", "never", "wrong password")
    assert second[3:5] == ["", ""]


def test_a_pause_is_shown_beside_the_state() -> None:
    (row,) = rows_of(carrier(bind(), paused=True), NOW)
    assert row[2] == "ready, paused"


def test_a_removed_carrier_is_shown_with_its_queued_parts() -> None:
    (row,) = rows_of(carrier(state=None), NOW)
    assert row[:6] == ["one", "", "not configured", "", "", ""]
    assert row[6:9] == ["7", "3 min ago", "3"]


def test_silence_is_shown_in_a_fitting_unit() -> None:
    times = ["2026-11-22T11:50:00.000Z", "2026-11-22T02:00:00.000Z"]
    rows = [next(rows_of(carrier(bind(lastHeardAt=time)), NOW)) for time in times]
    assert [row[5] for row in rows] == ["10 min ago", "10 h ago"]


def test_receipt_id_formats_are_shown_in_sentences() -> None:
    said = "receipts write the hexadecimal id in decimal; answers have it in upper case"
    seen = {"description": said, "count": 41, "lastSeenAt": "2026-11-22T11:57:00.000Z"}
    once = {"description": "otherwise", "count": 1, "lastSeenAt": "2026-11-22T11:59:50.000Z"}
    assert list(lines_of_forms(carrier(bind(), receiptIdFormats=[seen, once]), NOW)) == [
        f"one: {said} (seen 41 times, last 3 min ago)",
        "one: otherwise (seen once, last 10 s ago)",
    ]
    assert not list(lines_of_forms(carrier(bind()), NOW))


def test_a_reload_is_shown_in_sentences() -> None:
    nothing: dict[str, Any] = {key: [] for key in ("added", "changed", "removed")}
    nothing |= {"sections": [], "needsRestart": []}
    assert list(lines_of(nothing)) == ["Nothing changed."]
    done = nothing | {"added": ["two"], "sections": ["routes"], "needsRestart": ["server"]}
    assert list(lines_of(done)) == [
        "carriers added: two",
        "in force: routes",
        "changed, but read at the start only: server",
    ]


@pytest.mark.parametrize(
    ("rate", "shown"),
    [(0.0, "0"), (0.0167, "0.0167"), (41.5, "41.5"), (1234567.5, "1234567.5"), (50.0, "50")],
)
def test_a_rate_is_shown_with_all_its_digits(rate: float, shown: str) -> None:
    assert plain_rate(rate) == shown
