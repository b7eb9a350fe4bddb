"""`simpost needs` names each kind, and says what is left out."""

from datetime import UTC, datetime, timedelta
from typing import Any

from simpost.cli.needs import _held, _rows

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def job(job_id: str, count: int, account: str | None) -> dict[str, Any]:
    since = (NOW - timedelta(minutes=12.5)).isoformat()
    why = {"why": "It was due.", "toDo": "Try again."}
    return {"account": account, "id": job_id, "count": count, "since": since} | why


FOUND: dict[str, Any] = {
    "installation": [{"kind": "stop", "what": "Sending is stopped.", "toDo": "Remove it."}],
    "inDoubt": [
        {
            "account": "demo",
            "messages": [{"id": "m-1", "esimTranNo": "230", "since": "2026-01-02T03:04:05.000Z"}],
            "more": True,
        }
    ],
    "webhooks": [
        {"account": "demo", "id": "w-1", "state": "enabled", "givenUp": 20, "more": True},
        {"account": "shop", "id": "w-2", "state": "gone", "givenUp": 0, "more": False},
    ],
    "stuck": [
        {
            "kind": "bulk_job",
            "jobs": [job("b-1", 1, "demo"), job("", 7, None)],
            "more": True,
        }
    ],
}


def test_every_kind_has_a_row_with_its_account_and_what_it_is() -> None:
    assert [row[:3] for row in _rows(FOUND, NOW)] == [
        ["stop", "-", "Sending is stopped."],
        ["in doubt", "demo", "m-1 to 230, since 2026-01-02T03:04"],
        ["in doubt", "demo", "and more"],
        ["webhook", "demo", "w-1 gave up 20 or more deliveries"],
        ["webhook", "shop", "w-2 is gone; its events wait"],
        ["stuck bulk job", "demo", "b-1 for 12 minutes. It was due."],
        ["stuck bulk job", "-", "7: for 12 minutes. It was due."],
        ["stuck bulk job", "-", "and more"],
    ]
    assert all(row[3] for row in _rows(FOUND, NOW))


def test_what_is_held_says_why_and_until_when() -> None:
    message = {
        "id": "m-2",
        "esimTranNo": "230",
        "until": "2026-01-02T03:04:05.000Z",
        "reason": {"code": "quiet_hours"},
    }
    held = [{"account": "demo", "messages": [message], "more": True}]
    assert list(_held(held)) == [
        ["demo", "m-2", "230", "2026-01-02 03:04", "quiet_hours"],
        ["demo", "and more", "-", "-", "-"],
    ]
