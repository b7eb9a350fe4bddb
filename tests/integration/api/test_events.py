"""An account reads what happened to its messages, in order, and learns when some is gone."""

import re
from typing import Any

import pytest

from tests.integration.api.conftest import GOOD, NOW_MS

SERVED = Any  # the `service` fixture of conftest.py


async def switch(service: SERVED, *, events: bool, account: str = "demo") -> None:
    answer = await service.operate("PATCH", f"accounts/{account}", json={"events": events})
    assert answer.status_code == 200
    assert answer.json()["events"] is events


@pytest.fixture
async def listening(service: SERVED) -> SERVED:
    await switch(service, events=True)
    return service


async def send(service: SERVED, times: int = 1) -> list[str]:
    ids = []
    for _ in range(times):
        body = {"esimTranNo": GOOD, "text": "a text that nobody reads here"}
        ids.append((await service.native("POST", "messages", json=body)).json()["id"])
    return ids


async def read(service: SERVED, **which: Any) -> dict[str, Any]:
    answer = await service.native("GET", "events", params=which)
    assert answer.status_code == 200
    page: dict[str, Any] = answer.json()
    return page


async def test_an_accepted_message_is_an_event(listening: SERVED) -> None:
    [message_id] = await send(listening)
    page = await read(listening)
    assert re.fullmatch("evt_[0-9a-f]{31}1", page["events"][0].pop("id"))
    assert page == {
        "events": [
            {
                "sequence": 1,
                "type": "message.accepted",
                "subject": message_id,
                "occurredAt": "2026-01-01T00:00:00.000Z",
                "data": {
                    "carrier": "down",
                    "reason": None,
                    "parts": 1,
                    "deliveredParts": 0,
                    "category": "service",
                    "esimTranNo": GOOD,
                    "iccid": f"8988{GOOD}",
                    "reference": None,
                },
            }
        ],
        "next": 1,
        "hasMore": False,
    }


async def test_pages_follow_one_another_to_the_end_and_on(listening: SERVED) -> None:
    ids = await send(listening, 5)
    found: list[str] = []
    page: dict[str, Any] = {"next": None, "hasMore": True}
    while page["hasMore"]:
        which = {"limit": 2} | ({} if page["next"] is None else {"after": page["next"]})
        page = await read(listening, **which)
        assert len(page["events"]) <= 2
        found += [each["subject"] for each in page["events"]]
    assert found == ids
    assert await read(listening, after=5) == {"events": [], "next": 5, "hasMore": False}
    [later] = await send(listening)
    assert [each["subject"] for each in (await read(listening, after=5))["events"]] == [later]


async def test_accounts_see_their_own_events_only(listening: SERVED) -> None:
    await switch(listening, events=True, account="other")
    await send(listening)
    answer = await listening.native("GET", "events", account="other")
    assert answer.json() == {"events": [], "next": 0, "hasMore": False}


async def test_an_account_without_events_is_told_what_to_do(service: SERVED) -> None:
    answer = await service.native("GET", "events")
    assert answer.status_code == 409
    assert answer.json()["code"] == "events_not_kept"
    assert "simpost accounts change demo --events" in answer.json()["detail"]


async def test_a_reader_behind_the_retention_is_told_where_to_continue(listening: SERVED) -> None:
    await send(listening, 3)
    assert await listening.store.events.delete_events_before(NOW_MS + 1, limit=2) == 2
    answer = await listening.native("GET", "events", params={"after": 1})
    assert answer.status_code == 410
    assert answer.json()["code"] == "events_gone"
    assert answer.json()["lastSequence"] == 3
    assert "after=3" in answer.json()["detail"]
    assert [each["sequence"] for each in (await read(listening, after=2))["events"]] == [3]
    assert [each["sequence"] for each in (await read(listening))["events"]] == [3]


async def test_a_sequence_number_never_assigned_is_refused_too(listening: SERVED) -> None:
    """As after a backup was restored: the numbers mean other events from now on."""
    await send(listening)
    answer = await listening.native("GET", "events", params={"after": 2})
    assert (answer.status_code, answer.json()["lastSequence"]) == (410, 1)


async def test_a_reader_from_before_a_pause_learns_of_the_gap(listening: SERVED) -> None:
    await send(listening)
    before = (await read(listening))["next"]
    await switch(listening, events=False)
    assert (await listening.native("GET", "events")).status_code == 409
    await send(listening)
    await switch(listening, events=True)
    answer = await listening.native("GET", "events", params={"after": before})
    assert answer.status_code == 410
    await send(listening)
    page = await read(listening, after=answer.json()["lastSequence"])
    assert len(page["events"]) == 1


@pytest.mark.parametrize("which", ["after=-1", "after=x", "after=1e300", "limit=0", "limit=1001"])
async def test_a_bad_parameter_is_named(listening: SERVED, which: str) -> None:
    answer = await listening.native("GET", f"events?{which}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["at"] == f"query.{which.partition('=')[0]}"
