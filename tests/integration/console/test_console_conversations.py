"""Conversations: a list that is an API query, a thread, replies that are sent once."""

import json
import re
from html import unescape
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from simpost.domain.console_users import ConsoleRole
from tests.contract.store_facts import enter_country
from tests.integration.api.conftest import GOOD, NOW_MS
from tests.integration.console.conftest import BOTH_STORES, signed_in, text_of
from tests.integration.console.travellers import text_from

pytestmark = BOTH_STORES

VIEWER, SUPPORT, SENDER, ADMIN = ConsoleRole
LIST = "/console/conversations"
DEMO = ("demo", "demo-secret")
OTHER = "26010100000006"
MINUTE_MS = 60_000
SAID = "No data in Bangkok"
NETWORK = {
    "name": "network",
    "variables": {"country": {"type": "text", "longest": "United Arab Emirates"}},
    "texts": {"en": "In {country} choose the network by hand."},
}


class Clock:
    now_ms = NOW_MS

    def __call__(self):
        return self.now_ms


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def settings(clock):
    return {"clock_ms": clock}


async def api(browser, path, method="GET", **body):
    response = await browser.client.request(method, f"/v1/{path}", auth=DEMO, json=body or None)
    assert response.is_success, response.text
    return response.json()


async def conversation(browser, number=GOOD):
    [found] = (await api(browser, f"conversations?esimTranNo={number}"))["conversations"]
    return found


async def page_of(browser, number=GOOD):
    return f"{LIST}/demo/{(await conversation(browser, number))['id']}"


async def revealed(browser, path):
    """The page with its texts, and the fields that its forms carry."""
    response = await browser.post(f"{path}/reveal")
    assert response.status_code == 303
    location = response.headers["location"]
    [shown] = parse_qs(urlsplit(location).query)["shown"]
    page = await browser.get(location)
    key = re.search(r'name="key" value="([^"]+)"', page.text)
    return page, {"shown": shown, "key": key[1] if key else ""}


async def audited(services):
    found = await services.store.console.list_audit(None, before=None, limit=20)
    return [each.action for each in found]


def listed(page):
    return re.findall(rf'<a href="{LIST}/demo/([0-9a-f-]+)">', page.text)


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"status": "open"},
        {"status": "waiting"},
        {"status": "closed"},
        {"assignee": "ann"},
        {"assignee": ""},
        {"tag": "vip"},
        {"unread": "true"},
        {"esimTranNo": GOOD},
        {"search": "bangkok"},
        {"limit": "1"},
        {"status": "open", "assignee": "ann", "tag": "vip"},
    ],
)
async def test_a_filter_in_the_url_is_a_query_of_the_api(services, browser, query):
    await signed_in(browser, SUPPORT)
    await text_from(services, SAID)
    await text_from(services, "Hello", OTHER)
    mine = await conversation(browser)
    await api(browser, f"conversations/{mine['id']}", "PATCH", assignee="ann", tags=["vip"])
    await api(browser, "conversations", "POST", esimTranNo="26010100000003")
    expected = await api(browser, f"conversations?{urlencode(query)}")
    page = await browser.get(f"{LIST}?{urlencode(query)}")
    assert listed(page) == [each["id"] for each in expected["conversations"]]
    assert (">Older</a>" in page.text) == (expected["next"] is not None)
    assert SAID not in page.text
    if query:
        assert f"GET /v1/conversations?{urlencode(query)}" in unescape(page.text)


async def test_the_list_says_how_long_a_text_waits_and_whether_it_is_overdue(
    services, browser, clock
):
    await signed_in(browser, SUPPORT)
    await text_from(services, SAID)
    clock.now_ms += 75 * MINUTE_MS
    await signed_in(browser, SUPPORT, name="ben")
    shown = text_of(await browser.get(LIST))
    assert "waits 1 h 15 min" in shown
    assert "overdue" not in shown
    clock.now_ms += 3 * 60 * MINUTE_MS
    await signed_in(browser, SUPPORT, name="eve")
    assert "4 h 15 min, overdue" in text_of(await browser.get(LIST))


async def test_empty_fields_of_the_filter_leave_the_url(browser):
    await signed_in(browser, SUPPORT)
    given = {"account": "demo", "search": "", "tag": "vip", "esimTranNo": "", "assignee": ""}
    response = await browser.get(f"{LIST}?{urlencode(given)}")
    assert response.headers["location"] == f"{LIST}?account=demo&tag=vip&assignee="


@pytest.mark.parametrize("query", ["status=lost", "tag=%00", "limit=0", "cursor=x", "colour=red"])
async def test_a_wrong_filter_is_refused_as_the_api_refuses_it(browser, query):
    await signed_in(browser, SUPPORT)
    response = await browser.client.get(f"/v1/conversations?{query}", auth=DEMO)
    page = await browser.get(f"{LIST}?{query}")
    assert (response.status_code, page.status_code) == (422, 422)
    assert 'role="alert"' in page.text


async def test_texts_are_shown_after_an_audit_row_and_then_count_as_read(services, browser, clock):
    await signed_in(browser, SUPPORT)
    await text_from(services, SAID)
    path = await page_of(browser)
    hidden = await browser.get(path)
    assert SAID not in hidden.text
    assert "(hidden: 18 characters)" in hidden.text
    assert (await conversation(browser))["unread"] == 1
    page, fields = await revealed(browser, path)
    assert SAID in page.text
    assert await audited(services) == ["conversation.reveal"]
    assert (await conversation(browser))["unread"] == 0
    live = await browser.get(f"{path}?part=live&shown={fields['shown']}", hx_request="true")
    assert SAID in live.text
    assert "<html" not in live.text
    assert (await conversation(browser))["unread"] == 0
    clock.now_ms += 29 * MINUTE_MS  # not idle, and still shown
    assert SAID in (await browser.get(f"{path}?shown={fields['shown']}")).text
    clock.now_ms += 2 * MINUTE_MS
    assert SAID not in (await browser.get(f"{path}?shown={fields['shown']}")).text


async def test_the_end_of_a_session_leaves_what_is_typed(services, browser, clock):
    await signed_in(browser, SENDER)
    await text_from(services, SAID)
    path = await page_of(browser)
    clock.now_ms += 45 * MINUTE_MS
    live = await browser.get(f"{path}?part=live", hx_request="true")
    assert live.status_code == 401
    assert "hx-redirect" not in live.headers
    dry = await browser.post(f"{path}/replies/preview?part=dry-run", {"text": "Hello"})
    assert dry.status_code == 401
    config = re.search(
        "'({\"includeIndicatorCSS.*?})'", (await browser.get("/console/sign-in")).text
    )
    assert 401 in json.loads(config[1])["noSwap"]


async def test_what_one_session_may_see_is_worth_nothing_in_another(services, open_browser):
    mine = await signed_in(open_browser(), SUPPORT)
    await text_from(services, SAID)
    await text_from(services, "Other words", OTHER)
    path = await page_of(mine)
    _, fields = await revealed(mine, path)
    elsewhere = f"{await page_of(mine, OTHER)}?shown={fields['shown']}"
    assert "Other words" not in (await mine.get(elsewhere)).text
    other = await signed_in(open_browser(), ADMIN)
    until = fields["shown"].partition(".")[0]
    for shown in (fields["shown"], f"{until}.", f"{int(until) + 1}.{'0' * 64}", "x", "\u0661.0"):
        page = await other.get(f"{path}?{urlencode({'shown': shown})}")
        assert page.status_code == 200
        assert SAID not in page.text


async def test_a_reply_that_is_posted_twice_is_sent_once(services, browser):
    await signed_in(browser, SENDER)
    await text_from(services, SAID)
    path = await page_of(browser)
    _, fields = await revealed(browser, path)
    form = fields | {"text": "Restart\r\nthe phone"}
    dry = await browser.post(f"{path}/replies/preview?part=dry-run", form)
    assert "It would be sent now." in text_of(dry)
    for _ in range(2):
        response = await browser.post(f"{path}/replies", form)
        assert response.headers["location"] == f"{path}?shown={fields['shown']}"
    [message] = (await api(browser, "messages"))["messages"]
    assert (message["text"], message["category"]) == ("Restart\nthe phone", "support")
    assert (await conversation(browser))["status"] == "waiting"
    assert "conversation.reply" in await audited(services)
    assert "Restart the phone" in text_of(await browser.get(response.headers["location"]))


async def test_a_refused_reply_says_why_and_keeps_its_text(services, browser):
    await signed_in(browser, SENDER)
    await api(browser, "conversations", "POST", esimTranNo="26010100000004")  # revoked
    path = await page_of(browser, "26010100000004")
    _, fields = await revealed(browser, path)
    page = await browser.post(f"{path}/replies", fields | {"text": "Hello you"})
    assert page.status_code == 409
    assert "Nothing was sent." in text_of(page)
    assert "Hello you</textarea>" in page.text
    wrong = await browser.post(f"{path}/replies", fields | {"text": ""})
    assert wrong.status_code == 422
    assert "The text must have at least 1 characters." in text_of(wrong)
    assert (await api(browser, "messages"))["messages"] == []


async def test_a_failed_reply_says_why_and_what_to_do(services, browser, clock):
    await signed_in(browser, SENDER)
    await text_from(services, SAID)
    path = await page_of(browser)
    _, fields = await revealed(browser, path)
    await browser.post(f"{path}/replies", fields | {"text": "Restart"})
    [message] = (await api(browser, "messages"))["messages"]
    await api(browser, f"messages/{message['id']}", "DELETE")
    clock.now_ms += MINUTE_MS
    await services.conversations.tidy()
    page = await browser.get(f"{path}?shown={fields['shown']}")
    [bubble] = re.findall(rf'<li id="b-{message["id"]}".*?</li>', page.text, re.DOTALL)
    assert '<strong class="bad">cancelled</strong>' in bubble
    assert "It was cancelled before it left." in bubble
    assert (await conversation(browser))["status"] == "open"
    assert "reply failed" in text_of(await browser.get(LIST))


async def test_a_scheduled_reply_is_changed_and_cancelled(services, browser):
    await signed_in(browser, SENDER)
    await text_from(services, SAID)
    path = await page_of(browser)
    _, fields = await revealed(browser, path)
    form = fields | {"text": "Tomorrow", "sendAt": "2026-01-02T09:30"}
    await browser.post(f"{path}/replies", form)
    [first] = (await api(browser, "messages"))["messages"]
    assert first["sendAt"] == "2026-01-02T09:30:00.000Z"
    one = f"{path}/replies/{first['id']}"
    page = await browser.post(f"{one}/edit", {"shown": fields["shown"]})
    assert "Tomorrow</textarea>" in page.text
    assert 'value="2026-01-02T09:30"' in page.text
    assert f'action="{one}/replace"' in page.text
    key = re.search(r'name="key" value="([^"]+)"', page.text)[1]
    changed = form | {"key": key, "text": "The day after", "sendAt": "2026-01-03T09:30"}
    for _ in range(2):
        assert (await browser.post(f"{one}/replace", changed)).status_code == 303
    texts = {each["text"]: each for each in (await api(browser, "messages"))["messages"]}
    assert {text: each["state"] for text, each in texts.items()} == {
        "Tomorrow": "cancelled",
        "The day after": "scheduled",
    }
    two = f"{path}/replies/{texts['The day after']['id']}"
    assert (await browser.post(f"{two}/cancel", fields)).status_code == 303
    assert (await browser.post(f"{two}/edit", fields)).status_code == 409
    assert (await browser.post(f"{one}/replace", changed | {"text": "Late"})).status_code == 409
    acts = await audited(services)
    assert {"conversation.replace_reply", "conversation.cancel_reply", "message.reveal"} <= set(
        acts
    )


async def test_a_prepared_reply_has_known_values_filled_in(services, browser):
    await signed_in(browser, SENDER)
    await text_from(services, SAID)
    await enter_country(services.store, GOOD, "JP")
    await api(browser, "templates", "POST", **NETWORK)
    path = await page_of(browser)
    _, fields = await revealed(browser, path)
    form = fields | {"template": "network"}
    page = await browser.post(f"{path}/replies/preview", form)
    assert 'name="value.country" value="Japan"' in page.text
    assert "In Japan choose the network by hand." in text_of(page)
    german = await browser.post(f"{path}/replies/preview", form | {"language": "de"})
    assert 'name="value.country" value="Japan"' in german.text
    typed = form | {"value.country": "Peru"}
    assert "In Peru choose" in text_of(await browser.post(f"{path}/replies/preview", typed))
    assert (await browser.post(f"{path}/replies", typed)).status_code == 303
    [message] = (await api(browser, "messages"))["messages"]
    assert message["text"] == "In Peru choose the network by hand."


async def test_support_notes_assigns_tags_closes_and_reopens(services, browser):
    await signed_in(browser, SUPPORT, name="ann")
    await text_from(services, SAID)
    path = await page_of(browser)
    page, fields = await revealed(browser, path)
    assert f'action="{path}/replies"' not in page.text
    assert (await browser.post(f"{path}/replies", fields | {"text": "Hi"})).status_code == 403
    await browser.post(f"{path}/notes", fields | {"note": "Had this\r\non Monday"})
    [note] = (await api(browser, f"{path.replace(f'{LIST}/demo', 'conversations')}/notes"))["notes"]
    assert (note["author"], note["text"]) == ("ann", "Had this\non Monday")
    for change in (
        {"assignee": "ann"},
        {"tags": " VIP, roaming vip"},
        {"status": "closed"},
    ):
        response = await browser.post(f"{path}/change", fields | change)
        assert response.headers["location"] == f"{path}?shown={fields['shown']}"
    found = await conversation(browser)
    assert (found["assignee"], found["tags"], found["status"]) == (
        "ann",
        ["roaming", "vip"],
        "closed",
    )
    assert "Had this on Monday" in text_of(await browser.get(f"{path}?shown={fields['shown']}"))
    assert "Had this" not in text_of(await browser.get(path))
    await browser.post(f"{path}/change", fields | {"assignee": "", "status": "open"})
    assert (await conversation(browser))["assignee"] is None
    assert {"conversation.note", "conversation.change"} <= set(await audited(services))


async def test_what_cannot_be_is_refused_with_a_sentence(services, browser):
    await signed_in(browser, SUPPORT)
    await text_from(services, SAID)
    path = await page_of(browser)
    wrong = await browser.post(f"{path}/change", {"tags": "not/a/tag"})
    assert wrong.status_code == 422
    assert 'role="alert"' in wrong.text
    assert (await browser.post(f"{path}/change", {"status": "lost"})).status_code == 422
    assert (await browser.post(f"{path}/notes", {"note": " "})).status_code == 422
    await browser.post(f"{path}/change", {"status": "closed"})
    begun = await browser.post(f"/console/esims/demo/{GOOD}/conversation")
    assert begun.headers["location"] != path
    page = await browser.post(f"{path}/change", {"status": "open"})
    assert page.status_code == 409
    assert "another conversation" in text_of(page)


async def test_stop_is_shown_as_what_it_did(services, browser):
    await signed_in(browser, SUPPORT)
    await text_from(services, SAID)
    await text_from(services, "STOP")
    await text_from(services, "START")
    shown = text_of((await revealed(browser, await page_of(browser)))[0])
    assert "STOP This text stopped: promotion and notice." in shown
    assert "START This text allowed again: promotion and notice." in shown


async def test_two_accounts_see_nothing_of_each_other(services, open_browser):
    mine = await signed_in(open_browser(), ADMIN, 1)
    other = await signed_in(open_browser(), ADMIN, 2)
    await text_from(services, SAID)
    path = await page_of(mine)
    assert listed(await mine.get(LIST))
    assert listed(await other.get(LIST)) == []
    assert (await other.get(f"{LIST}?account=demo")).status_code == 404
    for foreign in (path, path.replace("/demo/", "/other/")):
        assert (await other.get(foreign)).status_code == 404
        for verb, form in (
            ("reveal", {}),
            ("change", {"status": "closed"}),
            ("notes", {"note": "x"}),
            ("replies", {"text": "x"}),
            ("replies/preview", {"text": "x"}),
        ):
            assert (await other.post(f"{foreign}/{verb}", form)).status_code == 404, verb
    assert (await other.post(f"/console/esims/demo/{GOOD}/conversation")).status_code == 404
    assert (await conversation(mine))["status"] == "open"


async def test_what_travellers_and_people_wrote_is_shown_as_text(services, browser):
    await signed_in(browser, SENDER)
    hostile = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    await text_from(services, hostile)
    path = await page_of(browser)
    page, fields = await revealed(browser, path)
    assert hostile in unescape(page.text)
    assignee = {"assignee": hostile[:60]}
    pages = [
        page,
        await browser.get(f"{LIST}?{urlencode({'search': hostile, 'tag': 'x', **assignee})}"),
        await browser.post(f"{path}/change", fields | {"tags": hostile}),
        await browser.post(
            f"{path}/replies/preview", fields | {"text": hostile, "edited": hostile}
        ),
    ]
    await browser.post(f"{path}/notes", fields | {"note": hostile})
    await browser.post(f"{path}/change", fields | assignee)
    pages += [await browser.get(f"{path}?shown={fields['shown']}"), await browser.get(LIST)]
    for each in pages:
        assert "<script>alert" not in each.text
        assert "<img" not in each.text


async def test_another_site_changes_nothing(services, browser):
    await signed_in(browser, SENDER)
    await text_from(services, SAID)
    path = await page_of(browser)
    for verb in ("reveal", "change", "notes", "replies"):
        form = {"status": "closed", "text": "x", "note": "x", "token": "0" * 64}
        assert (await browser.post(f"{path}/{verb}", form)).status_code == 400, verb
    assert (await conversation(browser))["status"] == "open"
    assert await audited(services) == []


DOUBTFUL = "please stop with this"


async def flags(browser):
    return (await api(browser, "preferences/flags"))["flags"]


async def test_a_text_that_may_mean_stop_is_marked_until_a_person_decides(services, browser):
    await signed_in(browser, SUPPORT, name="ann")
    await text_from(services, SAID)
    await text_from(services, DOUBTFUL)
    path = await page_of(browser)
    assert "may mean stop" in text_of(await browser.get(LIST))
    page = await browser.get(path)
    assert text_of(page).count("May mean “stop”.") == 1
    assert DOUBTFUL not in page.text
    [flag] = await flags(browser)
    answer = await browser.post(f"{path}/flags/{flag['id']}/opt-out")
    assert answer.status_code == 303
    assert await flags(browser) == []
    shown = await api(browser, f"esims/{GOOD}/preferences")
    categories = {each["category"]: each["allowed"] for each in shown["categories"]}
    assert (categories["notice"], categories["promotion"]) == (False, False)
    assert categories["service"] is True
    [change] = (await api(browser, f"esims/{GOOD}/preferences/history"))["changes"]
    assert change["changedBy"] == "ann"
    assert "May mean" not in text_of(await browser.get(path))
    assert "may mean stop" not in text_of(await browser.get(LIST))
    assert "conversation.opt_out" in await audited(services)
    assert (await browser.post(f"{path}/flags/{flag['id']}/opt-out")).status_code == 404


async def test_a_text_that_is_not_meant_so_changes_nothing(services, open_browser):
    browser = await signed_in(open_browser(), SUPPORT)
    await text_from(services, DOUBTFUL)
    await text_from(services, "Hello", OTHER)
    path, others = await page_of(browser), await page_of(browser, OTHER)
    [flag] = await flags(browser)
    assert (await browser.post(f"{others}/flags/{flag['id']}/close")).status_code == 404
    stranger = await signed_in(open_browser(), ADMIN, 2)
    assert (await stranger.post(f"{path}/flags/{flag['id']}/close")).status_code == 404
    assert len(await flags(browser)) == 1
    assert (await browser.post(f"{path}/flags/{flag['id']}/close")).status_code == 303
    assert await flags(browser) == []
    assert (await api(browser, f"esims/{GOOD}/preferences/history"))["changes"] == []
