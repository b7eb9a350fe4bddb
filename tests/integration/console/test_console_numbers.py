"""The numbers of the start page: each leads to the list that it counts."""

import re
from html import unescape

import pytest

from simpost.domain.console_users import ConsoleRole
from simpost.domain.message_counts import HOUR_MS
from simpost.domain.reasons import Reason
from simpost.domain.states import State
from tests.contract.store_facts import held, in_doubt, leased, new_id, receipt, settlement
from tests.integration.api.conftest import GOOD, NOW_MS
from tests.integration.console.conftest import BOTH_STORES, signed_in, text_of

pytestmark = BOTH_STORES
VIEWER = ConsoleRole.VIEWER
MINUTE_MS = 60_000


@pytest.fixture
async def messages(store, services):
    """Of the last hour, of the day and of the week, in several states."""

    async def accept(age_ms, account_id=1):
        at_ms = NOW_MS - age_ms
        one = leased(
            "Hello",
            account_id=account_id,
            esim_tran_no=GOOD,
            id=new_id(at_ms),
            created_ms=at_ms,
            expires_ms=NOW_MS + HOUR_MS,
        )
        await store.queue.accept(one)
        return one

    for number, age_ms in enumerate((MINUTE_MS, 5 * HOUR_MS, 100 * HOUR_MS)):
        one = await accept(age_ms)
        await store.queue.record([settlement(one, carrier_message_id=f"c-{number}")])
        await store.queue.record((), [receipt(f"c-{number}", at_ms=one.created_ms + 7_000)])
    await store.queue.record([in_doubt(await accept(2 * MINUTE_MS))])
    await store.queue.record([settlement(await accept(6 * HOUR_MS))])
    await accept(3 * MINUTE_MS, account_id=2)
    quiet = {"esim_tran_no": GOOD, "state": State.HELD, "reason": Reason.QUIET_HOURS}
    await store.held.hold(held("Hello", account_id=1, at_ms=NOW_MS - MINUTE_MS, **quiet))
    await services.message_counts.count()


def row_of(page, state):
    """The numbers of a row, and their links; `None` where there is none."""
    row = re.search(rf'<tr class="{state}">(.*?)</tr>', page, re.DOTALL)[1]
    cells = re.findall(r"<td>(.*?)</td>", row, re.DOTALL)
    links = [re.search(r'href="([^"]+)"', cell) for cell in cells]
    numbers = [int(re.sub(r"<[^>]+>", "", cell).replace(",", "")) for cell in cells]
    return numbers, [unescape(link[1]) if link else None for link in links]


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("all", [3, 5, 6]),
        ("delivered", [1, 2, 3]),
        ("sent", [0, 1, 1]),
        ("failed", [0, 0, 0]),
        ("held", [1, 1, 1]),
        ("in_doubt", [1, 1, 1]),
    ],
)
async def test_a_number_leads_to_the_list_that_it_counts(browser, messages, state, expected):
    await signed_in(browser, VIEWER, 1)
    page = (await browser.get("/console")).text
    numbers, links = row_of(page, state)
    assert numbers == expected
    for number, link in zip(numbers, links, strict=True):
        if number == 0:
            assert link is None
            continue
        listed = (await browser.get(link)).text
        assert len(re.findall(r'href="/console/messages/[0-9a-f-]{36}"', listed)) == number


async def test_a_user_of_all_accounts_sees_the_sums_and_each_account(browser, messages):
    await signed_in(browser, VIEWER)
    page = (await browser.get("/console")).text
    numbers, links = row_of(page, "all")
    assert (numbers, links) == ([4, 6, 7], [None, None, None])
    shown = text_of(await browser.get("/console"))
    assert "demo 5 2 1 0 1" in shown  # accepted, delivered, sent, failed, held
    assert "other 1 0 0 0 0" in shown
    numbers, _ = row_of((await browser.get("/console?account=other")).text, "all")
    assert numbers == [1, 1, 1]


async def test_accounts_see_nothing_of_each_other(browser, messages):
    await signed_in(browser, VIEWER, 2)
    page = (await browser.get("/console")).text
    assert row_of(page, "all")[0] == [1, 1, 1]
    assert "demo" not in page
    for path in ("/console?account=demo", "/console/numbers?account=demo"):
        assert (await browser.get(path)).status_code == 404
    drawn = (await browser.get("/console/numbers")).json()
    assert sum(drawn["accepted"]) == 1


async def test_the_chart_has_the_hours_of_the_week(browser, messages):
    await signed_in(browser, VIEWER, 1)
    drawn = (await browser.get("/console/numbers")).json()
    assert sum(drawn["accepted"]) == 6
    assert sum(drawn["delivered"]) == 3
    assert drawn["at"] == sorted(drawn["at"])
    assert {at % 3_600 for at in drawn["at"]} == {0}
    assert {len(drawn[name]) for name in drawn} == {len(drawn["at"])}


async def test_delays_are_shown_in_words(browser, messages):
    await signed_in(browser, VIEWER, 1)
    assert re.search(
        r"half delivered within (6\.\d|7\.\d) s", text_of(await browser.get("/console"))
    )


async def test_before_the_first_count_the_last_hour_is_there(store, browser):
    at_ms = NOW_MS - MINUTE_MS
    one = leased("Hi", account_id=1, esim_tran_no=GOOD, id=new_id(at_ms), created_ms=at_ms)
    await store.queue.accept(one)
    await signed_in(browser, VIEWER, 1)
    page = await browser.get("/console")
    assert row_of(page.text, "all")[0] == [1, 0, 0]
    assert "Day and week are not counted yet." in text_of(page)


async def test_an_hour_is_counted_again_and_ended_ones_stay(store, services, messages):
    counts = services.message_counts
    hour = NOW_MS // HOUR_MS
    now_ms = NOW_MS
    counts._clock_ms = lambda: now_ms
    one = leased("Hi", account_id=1, esim_tran_no=GOOD, id=new_id(NOW_MS), created_ms=NOW_MS)
    await store.queue.accept(one)
    now_ms += MINUTE_MS
    await counts.count()
    [tally] = [each.tally for each in await store.message_counts.list_hours(1, from_hour=hour)]
    assert tally.states == {State.ACCEPTED: 1}
    now_ms += 200 * HOUR_MS
    await counts.count()
    assert await store.message_counts.list_hours(1, from_hour=0) == []
