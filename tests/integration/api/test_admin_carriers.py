from typing import Any

import pytest

from simpost.api.shared.schemas import format_time
from simpost.domain.outcomes import Outcome, OutcomeKind, Receipt
from simpost.domain.states import State
from simpost.errors import ConfigError
from simpost.messaging.retry import RetryPolicy, apply_outcome
from simpost.ports.store import MessageFilter
from simpost.runtime.clock import wall_clock_ms
from simpost.runtime.reload import Reloaded
from tests.integration.api.conftest import NOW_MS

SERVED = Any  # the `service` fixture of conftest.py


async def test_carriers_are_listed_with_each_of_their_connections(
    service: SERVED,
) -> None:
    await service.send()
    await service.send("x" * 200)
    answer = (await service.operate("GET", "carriers")).json()
    listed = await service.store.log.list_messages(1, MessageFilter())
    oldest_ms = min(int.from_bytes(each.id[:6], "big") for each in listed)
    assert answer == {
        "carriers": [
            {
                "name": "down",
                "state": "lost",
                "paused": False,
                "available": False,
                "queued": 3,
                "oldestQueuedAt": format_time(oldest_ms),
                "leased": 0,
                "receiptDelay": None,
                "connections": [
                    {
                        "node": None,
                        "number": 1,
                        "kind": "transceiver",
                        "state": "lost",
                        "peer": "",
                        "problem": "connection refused",
                        "maxUnanswered": 10,
                        "unanswered": 0,
                        "allowedPerSecond": 0.0,
                        "ratePerSecond": 0.0,
                        "lastHeardAt": "2026-01-01T00:00:00.000Z",
                    }
                ],
                "receiptIdFormats": [],
            }
        ]
    }


async def test_the_receipt_id_formats_of_a_carrier_are_shown(
    service: SERVED,
) -> None:
    await service.send()
    [part] = await service.store.queue.claim(
        "down", owner="embedded", now_ms=NOW_MS, lease_ms=60_000, limit=1
    )
    taken = apply_outcome(
        part,
        Outcome(OutcomeKind.ACCEPTED, carrier_message_id="DEADBEEF"),
        carrier="down",
        started_ms=NOW_MS,
        ended_ms=NOW_MS,
        retry_policy=RetryPolicy(),
    )
    await service.store.queue.record([taken])
    receipt = Receipt(
        "down", "3735928559", State.DELIVERED, None, None, NOW_MS, (part.destination,)
    )
    await service.store.queue.record((), [receipt])
    [shown] = (await service.operate("GET", "carriers")).json()["carriers"]
    assert shown["receiptIdFormats"] == [
        {
            "description": "receipts write the hexadecimal id in decimal;"
            " answers have it in upper case, without leading zeros",
            "base": "decimal",
            "letterCase": "upper",
            "width": 0,
            "count": 1,
            "firstSeenAt": "2026-01-01T00:00:00.000Z",
            "lastSeenAt": "2026-01-01T00:00:00.000Z",
        }
    ]


async def test_the_receipt_delay_of_a_carrier_is_shown(serve: Any) -> None:
    now_ms = [wall_clock_ms()]
    service = await serve(clock_ms=lambda: now_ms[0])
    await service.send()
    [part] = await service.store.queue.claim(
        "down", owner="embedded", now_ms=now_ms[0], lease_ms=60_000, limit=1
    )
    taken = apply_outcome(
        part,
        Outcome(OutcomeKind.ACCEPTED, carrier_message_id="c-1"),
        carrier="down",
        started_ms=now_ms[0] - 500,
        ended_ms=now_ms[0],
        retry_policy=RetryPolicy(),
    )
    await service.store.queue.record([taken])
    [before] = (await service.operate("GET", "carriers")).json()["carriers"]
    assert (before["receiptDelay"], before["queued"], before["oldestQueuedAt"]) == (None, 0, None)
    receipt = Receipt("down", "c-1", State.DELIVERED, None, None, now_ms[0] + 7_000, ())
    await service.store.queue.record((), [receipt])
    shown = (await service.operate("POST", "carriers/down/pause")).json()
    assert shown["receiptDelay"] is None, "measured less than a minute ago"
    now_ms[0] += 60_000
    [after] = (await service.operate("GET", "carriers")).json()["carriers"]
    assert after["receiptDelay"] == {"receipts": 1, "medianMs": 7_000, "p95Ms": 7_000}


async def test_messages_are_accepted_while_a_carrier_is_paused(
    service: SERVED,
) -> None:
    paused = await service.operate("POST", "carriers/down/pause")
    assert (paused.status_code, paused.json()["paused"]) == (200, True)
    assert (await service.send()).json()["success"]
    resumed = await service.operate("POST", "carriers/down/resume")
    assert (resumed.json()["paused"], resumed.json()["queued"]) == (False, 1)


async def test_a_removed_carrier_is_shown_while_it_has_queued_parts(service: SERVED) -> None:
    await service.send()
    service.lanes["other"] = service.lanes.pop("down")
    shown = (await service.operate("GET", "carriers")).json()["carriers"]
    gone = [each for each in shown if each["name"] == "down"]
    assert [(each["state"], each["queued"], each["connections"]) for each in gone] == [
        (None, 1, [])
    ]


@pytest.mark.parametrize("verb", ["pause", "resume", "drain"])
async def test_an_unknown_carrier_is_not_found(service: SERVED, verb: str) -> None:
    answer = await service.operate("POST", f"carriers/none/{verb}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "carriers"), ("POST", "carriers/down/pause"), ("POST", "reload")],
)
async def test_only_the_admin_controls_carriers(service: SERVED, method: str, path: str) -> None:
    answer = await service.native(method, f"admin/{path}")
    assert answer.status_code == 401
    assert not service.lanes["down"].carrier.is_paused


async def test_a_reload_returns_its_changes(serve: Any) -> None:
    async def reload() -> Reloaded:
        return Reloaded(["new"], ["other"], [], ["routes"], ["server"])

    service = await serve(reload=reload)
    answer = await service.operate("POST", "reload")
    assert answer.json() == {
        "added": ["new"],
        "changed": ["other"],
        "removed": [],
        "sections": ["routes"],
        "needsRestart": ["server"],
        "nodes": [],
    }


async def test_an_invalid_file_is_refused_with_every_mistake(serve: Any) -> None:
    async def reload() -> Reloaded:
        raise ConfigError("s.toml:4: server.hots: unknown setting\nnot: told: apart")

    service = await serve(reload=reload)
    answer = await service.operate("POST", "reload")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_configuration")
    assert answer.json()["errors"] == [
        {"at": "s.toml:4", "reason": "server.hots: unknown setting"},
        {"at": "not", "reason": "told: apart"},
    ]
