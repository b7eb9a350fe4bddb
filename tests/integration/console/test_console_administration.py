"""What needs a person, and the verbs of carriers."""

import asyncio

import msgspec
import pytest

from simpost.api.v1.needs_a_person import MOST_ACCOUNTS
from simpost.domain.accounts import Account, AccountChange
from simpost.domain.console_users import ConsoleRole
from simpost.domain.messages import format_id
from simpost.domain.reasons import Reason
from simpost.domain.states import State
from simpost.domain.webhooks import EndpointState
from simpost.ports.carrier import ConnectionState
from simpost.ports.store import EndpointChange
from tests.contract.store_facts import (
    CARRIER,
    NOW_MS,
    held,
    in_doubt,
    leased,
    message,
    receipt,
    settlement,
)
from tests.integration.api.conftest import GOOD
from tests.integration.console.conftest import signed_in, text_of
from tests.integration.console.test_console_lists import confirmation

VIEWER, SUPPORT, SENDER, ADMIN = ConsoleRole
PAGE = "/console/needs-a-person"
HEALTHY = "Nothing needs a person."


async def doubt(store, account_id=1):
    one = leased("Hello", account_id=account_id, esim_tran_no=GOOD)
    await store.queue.accept(one)
    await store.queue.record([in_doubt(one)])
    return one


async def test_an_empty_page_means_healthy(browser):
    await signed_in(browser, ADMIN, 1)
    assert HEALTHY in text_of(await browser.get(PAGE))


async def test_a_lost_connection_needs_a_person(browser):
    await signed_in(browser, ADMIN)
    shown = text_of(await browser.get(PAGE))
    assert HEALTHY not in shown
    assert "down, transceiver 1" in shown


async def test_a_message_in_doubt_leads_to_its_page(store, open_browser):
    one = await doubt(store)
    for account_id, is_seen in ((None, True), (1, True), (2, False)):
        browser = await signed_in(open_browser(), VIEWER, account_id)
        page = (await browser.get(PAGE)).text
        assert (f"/console/messages/{format_id(one.id)}" in page) == is_seen
        assert (HEALTHY in page) == (account_id == 2)
    browser = await signed_in(open_browser(), VIEWER, 1, name="ann")
    shown = text_of(await browser.get(f"/console/messages/{format_id(one.id)}"))
    assert "it may have been sent or not" in shown


async def test_what_the_last_of_many_accounts_has_is_shown(services, store, browser):
    for number in range(210):
        await store.accounts.add_account(Account(0, f"shop-{number:03}", "secret-of-many-shops"))
    await services.accounts.reload()
    last = services.accounts.get("shop-209")
    one = await doubt(store, last.id)
    await signed_in(browser, SENDER)
    page = await browser.get(PAGE)
    assert f"/console/messages/{format_id(one.id)}" in page.text
    assert "Send again all of shop-209" in text_of(page)
    assert "More accounts have something" not in text_of(page)


async def test_accounts_beyond_the_limit_are_said_to_be_left_out(services, store, browser):
    for number in range(MOST_ACCOUNTS + 1):
        added = await store.accounts.add_account(
            Account(0, f"shop-{number:03}", "secret-of-many-shops")
        )
        await doubt(store, added)
    await services.accounts.reload()
    await signed_in(browser, VIEWER)
    shown = text_of(await browser.get(PAGE))
    assert f"the first {MOST_ACCOUNTS} are shown" in shown
    assert "Send again all of" not in shown


async def test_all_in_doubt_of_an_account_are_sent_again_by_a_job(services, store, browser):
    one = await doubt(store)
    await signed_in(browser, SENDER)
    fields = {"account": "demo", "state": "in_doubt", "bulk": "send_again all"}
    asked = await browser.post("/console/bulk-jobs", fields)
    assert "may then arrive twice" in text_of(asked)
    answer = await browser.post("/console/bulk-jobs", confirmation(asked))
    assert answer.status_code == 303
    [job] = await store.bulk_jobs.list_jobs(1, before=None, limit=9)
    assert job.selection.state is State.IN_DOUBT
    await services.bulk_jobs.work_some()
    noted = await store.bulk_jobs.list_items(1, job.id, after="", limit=9)
    assert [each.item for each in noted] == [format_id(one.id)]


async def test_a_held_message_waits_and_needs_nobody(store, browser):
    await store.held.hold(held("Hello", account_id=1, esim_tran_no=GOOD))
    quiet = held("Hi", account_id=1, state=State.HELD, reason=Reason.QUIET_HOURS)
    await store.held.hold(quiet)
    await signed_in(browser, VIEWER, 1)
    shown = text_of(await browser.get(PAGE))
    assert HEALTHY in shown
    assert Reason.QUIET_HOURS.explanation in shown
    assert "Decide again all" not in shown  # for a viewer
    assert Reason.SCHEDULED.explanation not in shown


async def test_receipts_without_a_part_are_for_users_of_all_accounts(store, open_browser):
    await store.queue.record((), [receipt("unknown-17")])
    everyone = await signed_in(open_browser(), VIEWER)
    assert "unknown-17" in text_of(await everyone.get(PAGE))
    one = await signed_in(open_browser(), ADMIN, 1)
    assert "unknown-17" not in text_of(await one.get(PAGE))


async def test_an_administrator_dismisses_receipts(services, store, browser):
    now_ms = services.clock_ms()
    received = [receipt(f"unknown-{each}", at_ms=now_ms) for each in range(3)]
    await store.queue.record((), received)
    await signed_in(browser, ADMIN)
    fields = {"carrier": CARRIER, "carrier_message_id": "unknown-1", "state": "delivered"}
    done = await browser.post(f"{PAGE}/dismiss", fields)
    assert (done.status_code, done.headers["location"]) == (303, PAGE)
    page = (await browser.get(PAGE)).text
    assert [f"for unknown-{each} " in page for each in range(3)] == [True, False, True]
    assert "Dismiss all receipts" in page
    acts = await store.console.list_audit(None, before=None, limit=9)
    assert (acts[0].action, acts[0].target) == ("receipt.dismiss", f"{CARRIER} unknown-1")


async def test_a_webhook_that_gave_up_needs_a_person(services, store, open_browser):
    await services.accounts.change(AccountChange(id=1, access_code="demo", events=True))
    account = services.accounts.get("demo")
    endpoint, _ = await services.webhooks.add(account, "https://shop.example/hook")
    mine = await signed_in(open_browser(), VIEWER, 1)
    other = await signed_in(open_browser(), VIEWER, 2)
    assert HEALTHY in text_of(await mine.get(PAGE))
    change = EndpointChange(state=EndpointState.DISABLED)
    await store.webhooks.change_endpoint(1, endpoint.id, change)
    assert f"endpoint {format_id(endpoint.id)} is disabled" in text_of(await mine.get(PAGE))
    assert HEALTHY in text_of(await other.get(PAGE))


async def test_a_stop_and_a_pause_need_a_person(services, browser):
    await signed_in(browser, ADMIN)
    stop = {"everything": True, "reason": "test"}
    headers = {"Authorization": "Bearer admin-token"}
    stopped = await browser.client.post("/v1/admin/stops", json=stop, headers=headers)
    assert stopped.status_code == 201
    await browser.post("/console/carriers/down/pause")
    shown = text_of(await browser.get(PAGE))
    assert "Sending is stopped for everything" in shown
    assert "down is paused" in shown


@pytest.mark.parametrize("verb", ["pause", "drain"])
async def test_an_administrator_stops_and_resumes_a_carrier(services, store, browser, verb):
    await signed_in(browser, ADMIN)
    async with asyncio.TaskGroup() as services.carriers._dispatch._tasks:
        done = await browser.post(f"/console/carriers/down/{verb}")
    assert (done.status_code, done.headers["location"]) == (303, "/console/carriers")
    assert (await services.carriers.status("down")).is_paused
    shown = text_of(await browser.get("/console/carriers"))
    assert "paused" in shown
    assert "Resume" in shown
    await browser.post("/console/carriers/down/resume")
    assert not (await services.carriers.status("down")).is_paused
    acts = await store.console.list_audit(None, before=None, limit=9)
    assert [(each.action, each.target) for each in acts] == [
        ("carrier.resume", "down"),
        (f"carrier.{verb}", "down"),
    ]


async def test_an_unknown_carrier_is_not_changed_and_not_audited(store, browser):
    await signed_in(browser, ADMIN)
    assert (await browser.post("/console/carriers/none/pause")).status_code == 404
    assert await store.console.list_audit(None, before=None, limit=9) == []


async def test_a_carrier_shows_the_age_of_its_queue(services, store, browser):
    await signed_in(browser, VIEWER)
    now_ms = services.clock_ms()
    empty = text_of(await browser.get("/console/carriers"))
    assert "0 parts queued, 0 parts in lanes" in empty
    assert "no delivery of a message of that time" in empty
    for age_ms in (3 * 3_600_000, 30_000):
        await store.queue.accept(message(at_ms=now_ms - age_ms, carrier="down"))
    shown = text_of(await browser.get("/console/carriers"))
    assert "2 parts queued, the oldest for 3 h, 0 parts in lanes" in shown


async def test_a_carrier_shows_the_delay_of_its_receipts(services, store, browser):
    await signed_in(browser, VIEWER)
    for number, after_ms in enumerate((2_000, 3_000, 90_000)):
        one = leased(carrier="down")
        await store.queue.accept(one)
        taken = settlement(one, carrier="down", carrier_message_id=f"c-{number}", ended_ms=NOW_MS)
        await store.queue.record([taken])
        reported = receipt(f"c-{number}", at_ms=NOW_MS + after_ms)
        await store.queue.record((), [msgspec.structs.replace(reported, carrier="down")])
    shown = text_of(await browser.get("/console/carriers"))
    assert "half within 3.0 s, 95 % within 1.5 min of the carrier's acceptance (3 looked" in shown


async def test_a_viewer_sees_carriers_without_verbs_and_problems(services, open_browser):
    lane = services.carriers._dispatch.lanes["down"]
    status = lane.carrier.connections()[0]
    lane.carrier.connections = lambda: [
        msgspec.structs.replace(
            status, state=ConnectionState.LOST, problem="smsc.internal.example refused"
        )
    ]
    viewer = await signed_in(open_browser(), VIEWER)
    admin = await signed_in(open_browser(), ADMIN)
    for path in ("/console/carriers", PAGE):
        assert "smsc.internal.example" in (await admin.get(path)).text
        page = (await viewer.get(path)).text
        assert "smsc.internal.example" not in page
        assert "/pause" not in page


async def test_a_page_that_refreshes_itself_keeps_nobody_signed_in(services, store, browser):
    await signed_in(browser, VIEWER)
    now_ms = services.clock_ms()
    services.console_users._sessions._clock_ms = lambda: now_ms + 20 * 60_000
    assert (await browser.get("/console/carriers", HX_Request="true")).status_code == 200
    [session] = await store.console.list_sessions("viewer-all")
    assert session.seen_ms == now_ms
    services.console_users._sessions._clock_ms = lambda: now_ms + 40 * 60_000
    ended = await browser.get("/console/carriers", HX_Request="true")
    assert ended.headers["hx-redirect"] == "/console/sign-in?next=%2Fconsole%2Fcarriers"
