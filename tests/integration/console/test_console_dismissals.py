"""Many receipts are dismissed by a bulk job of the administrator, which can be undone in time."""

import pytest

from simpost.api.admin import dismissals
from simpost.api.admin.dismissals import DismissRequest
from simpost.api.shared.schemas import format_time
from simpost.domain.bulk_jobs import OF_INSTALLATION, BulkStatus
from simpost.domain.console_users import ConsoleRole
from simpost.domain.messages import format_id
from tests.contract.store_facts import CARRIER, receipt
from tests.integration.console.conftest import BOTH_STORES, signed_in, text_of
from tests.integration.console.test_console_bulk import Clock, work
from tests.integration.console.test_console_lists import actions, confirmation

pytestmark = BOTH_STORES

ADMIN = ConsoleRole.ADMIN
PAGE, JOBS = "/console/needs-a-person", "/console/dismissals"
API = "/v1/admin/receipts/dismissals"
TOKEN = {"Authorization": "Bearer admin-token"}


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def settings(clock):
    return {"clock_ms": clock}


async def came(store, clock, *ids):
    await store.queue.record((), [receipt(each, at_ms=clock.now_ms) for each in ids])


async def listed(store, *, is_dismissed=False):
    found = await store.receipts.list_unmatched(
        carrier=None, until_ms=None, limit=999, is_dismissed=is_dismissed
    )
    return sorted(each.carrier_message_id for each in found)


async def begin(browser, clock, **fields):
    asked = await browser.post(JOBS, {"to": format_time(clock.now_ms)} | fields)
    return asked, await browser.post(JOBS, confirmation(asked))


async def job_of(store):
    [job] = await store.bulk_jobs.list_jobs(OF_INSTALLATION, before=None, limit=9)
    return job


async def test_all_receipts_are_dismissed_after_the_time_to_undo(services, store, browser, clock):
    await came(store, clock, "x-1", "a/b c", "x-3")
    await signed_in(browser, ADMIN, name="ann")
    assert "Dismiss all receipts" in text_of(await browser.get(PAGE))
    asked, answer = await begin(browser, clock, bulk="all")
    assert "Dismiss 3 receipts?" in text_of(asked)
    job = await job_of(store)
    assert answer.headers["location"] == f"{JOBS}/{format_id(job.id)}"
    await services.bulk_jobs.work_some()
    waiting = await browser.get(answer.headers["location"])
    assert "It begins in 30 seconds" in text_of(waiting)
    assert len(await listed(store)) == 3
    clock.now_ms += 1
    await came(store, clock, "x-3", "x-4")
    await work(services, clock)
    assert await listed(store) == ["x-3", "x-4"], "those that came again stay listed"
    assert await listed(store, is_dismissed=True) == ["a/b c", "x-1"]
    page = text_of(await browser.get(answer.headers["location"]))
    assert "All of 3 receipts had their turn." in page
    assert "The receipt found its part, came again or was deleted." in page
    assert "Dismissals of receipts" in text_of(await browser.get(JOBS))
    assert await actions(services) == ["receipt.dismiss"]


async def test_the_chosen_receipts_are_undone_in_time(services, store, browser, clock):
    await came(store, clock, "x-1", "x-2")
    await signed_in(browser, ADMIN, name="ann")
    picked = f"pick delivered/{CARRIER}/x-1"
    assert f'name="{picked}"' in (await browser.get(PAGE)).text
    await begin(browser, clock, bulk="chosen", **{picked: "yes"})
    job = await job_of(store)
    await services.bulk_jobs.work_some()
    assert (await job_of(store)).total == 1
    assert (await browser.post(f"{JOBS}/{format_id(job.id)}/stop")).status_code == 303
    await work(services, clock)
    assert (await job_of(store)).status is BulkStatus.UNDONE
    assert await listed(store) == ["x-1", "x-2"]


async def test_more_than_a_page_that_came_at_one_time_are_all_dismissed(services, store, clock):
    ids = sorted(f"x-{each:03}" for each in range(450))
    await came(store, clock, *ids)
    wanted = DismissRequest(undo_seconds=0)
    counted = (await dismissals.count_receipts(services, wanted)).items
    await dismissals.begin(services, wanted)
    await work(services, clock)
    assert await listed(store) == []
    assert await listed(store, is_dismissed=True) == ids
    assert (await job_of(store)).done == 450 == counted


async def test_the_api_begins_shows_and_stops_a_dismissal(store, browser, clock):
    await came(store, clock, "x-1", "x-2")
    client = browser.client
    name = {"carrier": CARRIER, "carrierMessageId": "x-2", "state": "delivered"}
    for body, count in (({}, 2), ({"carrier": "none"}, 0), ({"receipts": [name]}, 1)):
        counted = await client.post(API, json=body | {"dryRun": True}, headers=TOKEN)
        assert (counted.status_code, counted.json()["items"]) == (200, count)
    begun = await client.post(API, json={"actor": "ann"}, headers=TOKEN)
    assert (begun.status_code, begun.json()["verb"]) == (201, "dismiss")
    path = f"{API}/{begun.json()['id']}"
    assert (await client.get(path, headers=TOKEN)).json()["begunBy"] == "ann"
    found = (await client.get(API, headers=TOKEN)).json()["bulkJobs"]
    assert [each["id"] for each in found] == [begun.json()["id"]]
    stopped = await client.post(f"{path}/stop", json={}, headers=TOKEN)
    assert stopped.json()["status"] == "undone"
    assert (await client.get(f"{path}/items", headers=TOKEN)).json() == {"items": [], "next": None}
    assert (await client.get(path, auth=("demo", "demo-secret"))).status_code == 401
    mine = await client.post(
        "/v1/bulk-jobs", json={"verb": "dismiss"}, auth=("demo", "demo-secret")
    )
    assert mine.status_code == 422
