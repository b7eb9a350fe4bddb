"""Stuck jobs on the page of what needs a person: listed with their age, tried again, cancelled."""

import pytest

from simpost.api.shared.schemas import format_time
from simpost.domain.bulk_jobs import BulkStatus
from simpost.domain.console_users import ConsoleRole
from simpost.domain.messages import format_id
from simpost.domain.reasons import Reason
from simpost.domain.states import State
from simpost.domain.stuck_jobs import STUCK_MS
from tests.contract.store_facts import held, leased
from tests.integration.api.conftest import GOOD
from tests.integration.console.conftest import BOTH_STORES, signed_in, text_of
from tests.integration.console.test_console_bulk import Clock, begin, job_of, send, states
from tests.integration.console.test_console_lists import actions, confirmation

pytestmark = BOTH_STORES

VIEWER, SENDER, ADMIN = ConsoleRole.VIEWER, ConsoleRole.SENDER, ConsoleRole.ADMIN
PAGE = "/console/needs-a-person"


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def settings(clock):
    return {"clock_ms": clock}


async def stuck_job(services, browser, clock):
    """A bulk job that no node works on."""
    message = await send(services)
    await begin(browser, reference="trip", bulk="cancel all")
    clock.now_ms += 30_000 + STUCK_MS
    return message, await job_of(services)


def named(kind, job):
    return {"account": "demo", "kind": kind, "job": job}


async def test_a_job_that_nobody_works_on_is_listed_and_tried_again(services, browser, clock):
    await signed_in(browser, SENDER, 1, name="ann")
    message, job = await stuck_job(services, browser, clock)
    key = format_id(job.id)
    page = await browser.get(PAGE)
    shown = text_of(page)
    assert "Nothing needs a person." not in shown
    assert f"bulk job {key}" in shown
    assert "10 min" in shown
    assert f'href="/console/bulk-jobs/demo/{key}"' in page.text
    clock.now_ms += 10 * 60_000
    assert "20 min" in text_of(await browser.get(PAGE))
    answer = await browser.post(f"{PAGE}/try-again", named("bulk_job", key))
    assert (answer.status_code, answer.headers["location"]) == (303, PAGE)
    assert "Nothing needs a person." in text_of(await browser.get(PAGE))
    while await services.bulk_jobs.work_some():
        pass
    assert await states(services, message) == [State.CANCELLED]
    assert (await actions(services))[0] == "job.try_again"
    assert (await browser.post(f"{PAGE}/try-again", named("bulk_job", key))).status_code == 404


async def test_all_stuck_jobs_are_tried_again_together(services, browser, clock):
    await signed_in(browser, SENDER, name="ann")
    await stuck_job(services, browser, clock)
    one = held("Hi", account_id=1, state=State.HELD, reason=Reason.QUIET_HOURS, until_ms=1)
    await services.store.held.hold(one)
    shown = text_of(await browser.get(PAGE))
    assert f"held message {format_id(one.message.id)}" in shown
    assert (await browser.post(f"{PAGE}/try-all")).status_code == 303
    assert "Stuck jobs" not in text_of(await browser.get(PAGE))
    assert (await actions(services)).count("job.try_again") == 2


async def test_a_stuck_job_is_cancelled_after_a_question(services, browser, clock):
    await signed_in(browser, SENDER, name="ann")
    message, job = await stuck_job(services, browser, clock)
    key = format_id(job.id)
    asked = await browser.post(f"{PAGE}/cancel", named("bulk_job", key))
    assert f"Cancel the bulk job {key}?" in text_of(asked)
    assert (await job_of(services)).status is BulkStatus.WAITING
    confirmed = confirmation(asked)
    for _ in range(2):
        assert (await browser.post(f"{PAGE}/cancel", confirmed)).status_code == 303
    assert (await job_of(services)).status.is_final
    assert await states(services, message) == [State.ACCEPTED]
    assert (await actions(services)).count("job.cancel") == 1
    assert "Stuck jobs" not in text_of(await browser.get(PAGE))


async def test_a_viewer_sees_it_without_verbs_and_another_account_nothing(
    services, browser, open_browser, clock
):
    await signed_in(browser, SENDER, name="ann")
    _, job = await stuck_job(services, browser, clock)
    viewer = await signed_in(open_browser(), VIEWER, 1, name="bob")
    page = await viewer.get(PAGE)
    assert format_id(job.id) in page.text
    assert "try-again" not in page.text
    other = await signed_in(open_browser(), ADMIN, 2, name="eve")
    assert "Stuck jobs" not in (await other.get(PAGE)).text
    for verb in ("try-again", "cancel"):
        answer = await other.post(f"{PAGE}/{verb}", named("bulk_job", format_id(job.id)))
        assert answer.status_code == 404
    assert (await job_of(services)).status is BulkStatus.WAITING


async def test_lost_leases_are_of_the_installation_and_have_no_verbs(
    services, browser, open_browser, clock
):
    await services.store.queue.accept(leased("Hello", account_id=1, esim_tran_no=GOOD))
    clock.now_ms += STUCK_MS
    await signed_in(browser, ADMIN, name="ann")
    page = await browser.get(PAGE)
    assert "lease " in text_of(page)
    assert "try-again" not in page.text
    mine = await signed_in(open_browser(), ADMIN, 1, name="bob")
    assert "Stuck jobs" not in (await mine.get(PAGE)).text


@pytest.mark.parametrize(
    ("verb", "kind", "status"),
    [
        ("try-again", "erasure", 422),
        ("cancel", "erasure", 422),
        ("try-again", "none", 404),
        ("try-again", "bulk_job", 404),
    ],
)
async def test_what_has_no_such_verb_is_refused(services, browser, verb, kind, status):
    await signed_in(browser, ADMIN)
    answer = await browser.post(f"{PAGE}/{verb}", named(kind, "none"))
    if "act" in answer.text and verb == "cancel":
        answer = await browser.post(f"{PAGE}/{verb}", confirmation(answer))
    assert answer.status_code == status


async def test_the_api_lists_and_tries_again_what_the_console_does(services, browser, clock):
    await signed_in(browser, SENDER, name="ann")
    _, job = await stuck_job(services, browser, clock)
    client, key = browser.client, format_id(job.id)
    login = {"auth": ("demo", "demo-secret")}
    found = (await client.get("/v1/needs-a-person", **login)).json()
    assert not found["healthy"]
    [kind] = found["stuck"]
    [row] = kind["jobs"]
    assert (kind["kind"], kind["more"]) == ("bulk_job", False)
    due = {"account": "demo", "id": key, "count": 1, "since": format_time(job.due_ms)}
    assert due.items() <= row.items()
    assert (row["canTryAgain"], row["canCancel"]) == (True, True)
    wanted = {"kind": "bulk_job", "id": key}
    for account, status in (("other", 404), ("demo", 200)):
        answer = await client.post(
            "/v1/needs-a-person/try-again", json=wanted, auth=(account, f"{account}-secret")
        )
        assert answer.status_code == status
    assert (await client.get("/v1/needs-a-person", **login)).json()["healthy"]
    done = await client.post("/v1/needs-a-person/cancel", json=wanted, **login)
    assert (done.status_code, done.json()) == (200, wanted)
    assert (await job_of(services)).status.is_final
