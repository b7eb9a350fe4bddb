"""Bulk jobs from the message log: asked with their number, undone in time, by role and account."""

import pytest

from simpost.domain.bulk_jobs import BulkStatus, BulkVerb
from simpost.domain.console_users import ConsoleRole
from simpost.domain.messages import format_id
from simpost.domain.states import State
from simpost.messaging.send_request import SendRequest
from simpost.ports.store import MessageFilter
from simpost.runtime.clock import wall_clock_ms
from tests.integration.api.conftest import GOOD
from tests.integration.console.conftest import BOTH_STORES, signed_in, text_of
from tests.integration.console.test_console_lists import actions, confirmation

pytestmark = BOTH_STORES

VIEWER, SENDER, ADMIN = ConsoleRole.VIEWER, ConsoleRole.SENDER, ConsoleRole.ADMIN
JOBS = "/console/bulk-jobs"
_ALL = MessageFilter(limit=100)


class Clock:
    def __init__(self):
        self.now_ms = wall_clock_ms()

    def __call__(self):
        return self.now_ms


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def settings(clock):
    return {"clock_ms": clock}


async def send(services, reference="trip"):
    account = services.accounts.get("demo")
    request = SendRequest(esim_tran_no=GOOD, iccid=None, text="Hello", caller_reference=reference)
    return format_id((await services.intake.send(account, request)).message_id)


async def job_of(services):
    [job] = await services.store.bulk_jobs.list_jobs(1, before=None, limit=9)
    return job


def page_of(job):
    return f"{JOBS}/demo/{format_id(job.id)}"


async def begin(browser, **fields):
    asked = await browser.post(JOBS, {"account": "demo"} | fields)
    confirmed = confirmation(asked)
    return asked, confirmed, await browser.post(JOBS, confirmed)


async def work(services, clock):
    await services.bulk_jobs.work_some()
    clock.now_ms += 30_000
    while await services.bulk_jobs.work_some():
        pass


async def states(services, *ids):
    account = services.accounts.get("demo").id
    found = await services.store.log.list_messages(account, _ALL)
    by_id = {format_id(each.id): each.state for each in found}
    return [by_id[each] for each in ids]


async def test_all_that_match_a_filter_are_cancelled_after_the_time_to_undo(
    services, browser, clock
):
    ids = [await send(services) for _ in range(2)]
    other = await send(services, "other")
    await signed_in(browser, SENDER, name="ann")
    page = await browser.get("/console/messages?account=demo&reference=trip")
    assert "Cancel all that match" in text_of(page)
    assert "again now" not in text_of(page)
    held = await browser.get("/console/messages?account=demo&state=held")
    assert held.status_code == 200
    asked, confirmed, answer = await begin(browser, reference="trip", bulk="cancel all")
    assert "Cancel: 2 messages?" in text_of(asked)
    job = await job_of(services)
    assert answer.headers["location"] == page_of(job)
    assert (job.verb, job.begun_by, job.status) == (BulkVerb.CANCEL, "ann", BulkStatus.WAITING)
    again = await browser.post(JOBS, confirmed)
    assert again.headers["location"] == f"{JOBS}/demo"
    assert (await job_of(services)).id == job.id
    await services.bulk_jobs.work_some()
    waiting = await browser.get(page_of(job))
    assert "It begins in 30 seconds" in text_of(waiting)
    assert 'id="undo"' in waiting.text
    assert await states(services, *ids) == [State.ACCEPTED] * 2
    await work(services, clock)
    assert await states(services, *ids, other) == [*[State.CANCELLED] * 2, State.ACCEPTED]
    done = await browser.get(page_of(job))
    assert "All of 2 messages had their turn." in text_of(done)
    assert 'id="undo"' not in done.text
    assert "every 1s" not in done.text
    assert await actions(services) == ["bulk.cancel"]


async def test_rows_that_are_chosen_are_undone_in_time(services, browser, clock):
    chosen, other = await send(services), await send(services)
    await signed_in(browser, SENDER, name="ann")
    fields = {f"pick {chosen}": "yes", "bulk": "cancel chosen"}
    asked, _, _ = await begin(browser, **fields)
    assert "Cancel: 1 message?" in text_of(asked)
    job = await job_of(services)
    assert job.selection.ids == (chosen,)
    await services.bulk_jobs.work_some()
    assert (await browser.post(f"{page_of(job)}/stop")).status_code == 303
    await work(services, clock)
    assert await states(services, chosen, other) == [State.ACCEPTED] * 2
    page = await browser.get(page_of(job))
    assert "It was undone by ann before it did anything." in text_of(page)
    assert await actions(services) == ["bulk.stop", "bulk.cancel"]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"bulk": "cancel chosen"}, "No row is chosen"),
        ({"bulk": "cancel all"}, "Set a filter first"),
        ({"bulk": "erase all", "state": "held"}, "Nothing was begun"),
        ({"bulk": "cancel all", "state": "sad"}, "Nothing was begun"),
        ({"bulk": "cancel chosen", "pick <b>": "yes"}, "Nothing was begun"),
    ],
)
async def test_a_job_that_names_nothing_is_refused(services, browser, fields, words):
    await signed_in(browser, SENDER)
    answer = await browser.post(JOBS, {"account": "demo"} | fields)
    assert answer.status_code == 422
    assert words in text_of(answer)
    assert "<b>" not in answer.text
    assert await services.store.bulk_jobs.list_jobs(1, before=None, limit=9) == []


async def test_a_viewer_sees_jobs_and_begins_and_stops_none(services, open_browser):
    await send(services)
    sender = await signed_in(open_browser(), SENDER)
    await begin(sender, reference="trip", bulk="cancel all")
    job = await job_of(services)
    viewer = await signed_in(open_browser(), VIEWER)
    page = await viewer.get("/console/messages?account=demo&reference=trip")
    assert 'name="pick' not in page.text
    assert "Cancel all that match" not in page.text
    assert "Cancel" in text_of(await viewer.get(f"{JOBS}/demo"))
    assert 'id="undo"' not in (await viewer.get(page_of(job))).text
    assert (await viewer.post(f"{page_of(job)}/stop")).status_code == 403
    assert (await viewer.post(JOBS, {"account": "demo"})).status_code == 403
    assert (await job_of(services)).status is BulkStatus.WAITING


async def test_only_an_admin_replays(services, open_browser):
    fields = {"account": "demo", "bulk": "replay all"}
    sender = await signed_in(open_browser(), SENDER)
    assert (await sender.post(JOBS, fields)).status_code == 403
    admin = await signed_in(open_browser(), ADMIN)
    _, _, answer = await begin(admin, bulk="replay all")
    assert answer.status_code == 303
    assert (await job_of(services)).verb is BulkVerb.REPLAY


async def test_a_user_of_another_account_finds_no_job(services, open_browser):
    message = await send(services)
    mine = await signed_in(open_browser(), SENDER, 1)
    await begin(mine, reference="trip", bulk="cancel all")
    job = await job_of(services)
    other = await signed_in(open_browser(), SENDER, 2)
    assert (await other.get(f"{JOBS}/demo")).status_code == 404
    assert (await other.get(page_of(job))).status_code == 404
    assert (await other.post(f"{page_of(job)}/stop")).status_code == 404
    path = f"{JOBS}/other/{format_id(job.id)}"
    assert (await other.get(path)).status_code == 404
    fields = {"account": "other", f"pick {message}": "yes", "bulk": "cancel chosen"}
    confirmed = confirmation(await other.post(JOBS, fields))
    assert (await other.post(JOBS, confirmed)).status_code == 303
    await services.bulk_jobs.work_some()
    assert (await job_of(services)).status is BulkStatus.WAITING
