"""/healthz says that the process answers; /readyz whether it can commit what it accepts."""

from __future__ import annotations

import asyncio

import apsw
import pytest

from simpost.errors import StoreError, StoreFull
from simpost.runtime.readiness import DRAINING, SILENT, WAITS
from tests.integration.api.conftest import GOOD


def probes(service, monkeypatch, *ends):
    """Let the store's probe end so, one after the other; returns how often it was asked."""
    asked = []

    async def probe(*, now_ms):
        end = ends[min(len(asked), len(ends) - 1)]
        asked.append(now_ms)
        if end:
            raise end

    monkeypatch.setattr(service.store.health, "probe", probe)
    return asked


async def test_a_service_without_a_reachable_carrier_is_ready_and_says_so(service):
    answer = await service.client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "degraded", "version": "0", "warning": WAITS}
    assert answer.headers["cache-control"] == "no-store"


async def test_a_service_with_a_carrier_is_ready_without_a_warning(service):
    service.lanes["down"].carrier.set_reachable(is_reachable=True)
    answer = await service.client.get("/readyz")
    assert answer.json() == {"status": "ok", "version": "0", "warning": None}


@pytest.mark.parametrize(
    ("end", "sentence"),
    [
        (StoreFull("/srv/simpost.db is full"), "The disk that holds the store is full"),
        (StoreError("no route to 10.0.0.1"), "The store could not commit"),
        (TimeoutError(), SILENT),
    ],
)
async def test_a_store_that_cannot_commit_is_not_ready_and_says_why(
    service, monkeypatch, end, sentence
):
    probes(service, monkeypatch, end)
    answer = await service.client.get("/readyz")
    told = answer.json()
    assert (answer.status_code, told["code"]) == (503, "store_unavailable")
    assert told["detail"].startswith(sentence)
    assert "/srv" not in answer.text
    assert "10.0.0.1" not in answer.text
    assert (await service.client.get("/healthz")).status_code == 200


@pytest.mark.parametrize("path", ["messages", "inbound", f"esims/{GOOD}/conversation"])
async def test_a_read_that_takes_too_long_is_503_and_may_be_tried_again(service, path):
    service.store.database.listing.set_progress_handler(lambda: True, 1)  # its time is over at once
    answer = await service.native("GET", path)
    assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")
    assert answer.json()["detail"] == "The store did not respond in time."
    assert answer.headers["retry-after"] == "1"
    service.store.database.listing.set_progress_handler(None)
    assert (await service.native("GET", path)).status_code == 200


async def test_a_damaged_store_is_not_ready_and_accepts_nothing(service):
    assert (await service.send()).json()["success"]
    service.store.database.checkpointer.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    with service.store.database.path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * (service.store.database.path.stat().st_size - 4096))
    for connection in (service.store.database.listing, service.store.database.session.connection):
        connection.execute("PRAGMA shrink_memory")  # else pages that were read are not read again
    answer = await service.native("GET", "messages")
    assert answer.status_code == 503
    for answer in (await service.send(), await service.native("GET", "messages")):
        assert answer.status_code == 503
    told = (await service.client.get("/readyz")).json()
    assert (told["status"], told["code"]) == (503, "store_unavailable")
    assert told["detail"].startswith("The store is damaged")
    assert (await service.client.get("/healthz")).status_code == 200


async def test_frequent_health_checks_share_one_commit(service, monkeypatch):
    asked = probes(service, monkeypatch, None)
    service.services.readiness._time_s = lambda: 1000.0
    await asyncio.gather(*(service.client.get("/readyz") for _ in range(20)))
    assert len(asked) == 1
    service.services.readiness._time_s = lambda: 1001.0
    await service.client.get("/readyz")
    assert len(asked) == 2


async def test_a_store_that_recovers_is_ready_again(service, monkeypatch):
    probes(service, monkeypatch, StoreFull(), None)
    seconds = iter(range(0, 1000, 10))
    service.services.readiness._time_s = lambda: next(seconds)
    assert (await service.client.get("/readyz")).status_code == 503
    assert (await service.client.get("/readyz")).status_code == 200


async def test_a_process_about_to_stop_is_not_ready_and_still_serves(service):
    service.services.readiness.is_draining = True
    answer = await service.client.get("/readyz")
    assert (answer.status_code, answer.json()["code"]) == (503, "stopping")
    assert answer.json()["detail"] == DRAINING
    assert (await service.client.get("/healthz")).status_code == 200
    assert (await service.send()).json()["success"]
