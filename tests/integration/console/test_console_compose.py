"""Writing to an eSIM: the dry run is that of the API, and Send makes one message."""

import re
from html import unescape

import pytest

from simpost.domain.console_users import ConsoleRole
from simpost.domain.reasons import Reason
from simpost.errors import StoreError
from tests.integration.api.conftest import GOOD, STRANGERS
from tests.integration.console.conftest import BOTH_STORES, OWN, signed_in, text_of

pytestmark = BOTH_STORES

VIEWER, SUPPORT, SENDER, ADMIN = ConsoleRole
FORM = f"/console/compose/demo/{GOOD}"
DEMO = ("demo", "demo-secret")
REVOKED = "26010100000004"
CURLY = "Don\u2019t panic"
WELCOME = {
    "name": "welcome",
    "variables": {
        "days": {"type": "number", "longest": 30},
        "city": {"type": "text", "longest": "Bangkok", "default": "town"},
    },
    "texts": {
        "en": "{days, plural, one {# day} other {# days}} in {city}",
        "de": "{days, plural, one {# Tag} other {# Tage}} in {city}",
    },
}


def key_of(page):
    """The key of the form that a page has."""
    return re.search(r'name="key" value="([^"]+)"', page.text)[1]


def typed(page):
    """What stands in the field for the text."""
    return unescape(
        re.search(r"<textarea id=\"text\"[^>]*>\n(.*?)</textarea>", page.text, re.DOTALL)[1]
    )


async def sent(browser):
    response = await browser.client.get("/v1/messages", auth=DEMO)
    return response.json()["messages"]


async def audited(services):
    found = await services.store.console.list_audit(None, before=None, limit=9)
    return [(each.action, each.target) for each in found]


async def test_the_dry_run_shows_what_the_api_returns(browser):
    await signed_in(browser, SENDER)
    text = f"{CURLY} " * 12
    body = {"esimTranNo": GOOD, "text": text, "category": "notice"}
    dry = await browser.client.post("/v1/messages?dryRun=true", json=body, auth=DEMO)
    expected = dry.json()
    key = key_of(await browser.get(FORM))
    page = await browser.post(
        f"{FORM}/preview?part=dry-run", {"key": key, "text": text, "category": "notice"}
    )
    assert page.status_code == 200
    assert "<html" not in page.text
    shown = text_of(page)
    assert "It would be sent now." in shown
    assert f"{expected['partCount']} parts of UCS-2" in shown
    parts = re.findall(r'<p class="text" dir="auto">(.*?)</p>', page.text, re.DOTALL)
    assert [unescape(re.sub("<[^>]+>", "", part)) for part in parts] == expected["segments"]
    assert page.text.count("<mark>\u2019</mark>") == 12 + 1
    for rule in expected["rules"]:
        assert f"<td>{rule['rule']}</td><td>{rule['verdict']}</td>" in page.text
    assert await sent(browser) == []


async def test_one_click_replaces_a_character_by_its_look_alike(browser):
    await signed_in(browser, SENDER)
    key = key_of(await browser.get(FORM))
    form = {"key": key, "text": f"{CURLY} \u2013 now"}
    page = await browser.post(f"{FORM}/preview", form)
    assert 'value="U+2019"' in page.text
    once = await browser.post(f"{FORM}/preview", form | {"replace": "U+2019"})
    assert typed(once) == "Don't panic \u2013 now"
    both = await browser.post(f"{FORM}/preview", form | {"replace": "all"})
    assert typed(both) == "Don't panic - now"
    assert "1 part of GSM 7 bit" in text_of(both)
    assert key_of(both) == key


async def test_a_form_that_is_posted_twice_sends_one_message(services, browser):
    await signed_in(browser, SENDER, 1)
    key = key_of(await browser.get(FORM))
    form = {"key": key, "text": "Line one\r\nline two", "category": "support", "reference": "T 17"}
    first = await browser.post(FORM, form)
    again = await browser.post(FORM, form)
    [message] = await sent(browser)
    assert message["text"] == "Line one\nline two"
    assert (message["category"], message["reference"]) == ("support", "T 17")
    for response in (first, again):
        assert response.status_code == 303
        assert response.headers["location"] == f"/console/messages/{message['id']}"
    assert ("message.send", GOOD) in await audited(services)


async def test_a_key_sends_no_other_text(browser):
    await signed_in(browser, SENDER)
    key = key_of(await browser.get(FORM))
    await browser.post(FORM, {"key": key, "text": "One"})
    page = await browser.post(FORM, {"key": key, "text": "Two"})
    assert page.status_code == 422
    assert "nothing was sent now" in text_of(page)
    assert typed(page) == "Two"
    assert len(await sent(browser)) == 1
    assert (await browser.post(FORM, {"key": key_of(page), "text": "Two"})).status_code == 303
    assert len(await sent(browser)) == 2


async def test_a_refusal_says_why_and_keeps_the_text(browser):
    await signed_in(browser, SENDER)
    path = f"/console/compose/demo/{REVOKED}"
    key = key_of(await browser.get(path))
    page = await browser.post(path, {"key": key, "text": "Hello"})
    assert page.status_code == 409
    shown = text_of(page)
    assert f"Nothing was sent. {Reason.ESIM_REVOKED.explanation}" in shown
    assert f"It would be refused. {Reason.ESIM_REVOKED.explanation}" in shown
    assert typed(page) == "Hello"
    assert key_of(page) != key
    assert await sent(browser) == []


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"from": "much too long a name"}, "The sender must be"),
        ({"sendAt": "tomorrow"}, "The time is not an RFC 3339 time."),
        ({"text": "x" * 5_001}, "The text must have at most 5000 characters."),
        ({"text": "a\0b"}, "The text must not contain a NUL character."),
        ({"reference": " \u00e9"}, "The reference must be"),
        ({"template": "None!\0", "text": ""}, "The template must be"),
        ({"category": "urgent"}, "The category must be"),
        ({"key": ""}, "Reload the page."),
        ({"key": "a\0b"}, "Reload the page."),
    ],
)
async def test_a_wrong_field_is_named_and_sends_nothing(browser, fields, words):
    await signed_in(browser, SENDER)
    form = {"key": key_of(await browser.get(FORM)), "text": "Hello"} | fields
    dry = await browser.post(f"{FORM}/preview?part=dry-run", form)
    assert words in text_of(dry)
    assert (await browser.post(FORM, form)).status_code == 422
    assert await sent(browser) == []


async def test_nothing_is_sent_if_the_audit_log_cannot_be_written(services, browser, monkeypatch):
    async def fail(*_args, **_fields):
        raise StoreError

    await signed_in(browser, SENDER)
    form = {"key": key_of(await browser.get(FORM)), "text": "Hello"}
    monkeypatch.setattr(services.console_users, "audit", fail)
    assert (await browser.post(FORM, form)).status_code == 503
    assert await sent(browser) == []


async def test_a_template_has_languages_and_a_field_for_each_variable(services, browser):
    await signed_in(browser, SENDER)
    saved = await browser.client.post("/v1/templates", json=WELCOME, auth=DEMO)
    assert saved.status_code == 201, saved.text
    page = await browser.get(f"{FORM}?template=welcome")
    assert '<option value="welcome" selected>' in page.text
    assert "as the eSIM prefers (en)" in text_of(page)
    assert "The value of days is missing." in text_of(page)
    form = {"key": key_of(page), "template": "welcome", "value.days": "2", "value.city": ""}
    german = await browser.post(f"{FORM}/preview", form | {"language": "de", "value.city": "Bonn"})
    assert "2 Tage in Bonn" in text_of(german)
    assert 'name="value.city" value="Bonn"' in german.text
    assert (await browser.post(FORM, form)).status_code == 303
    [message] = await sent(browser)
    assert message["text"] == "2 days in town"
    assert message["template"] == {"name": "welcome", "version": 1, "language": "en"}


async def test_a_text_is_sent_again_from_the_page_of_its_message(services, browser):
    await signed_in(browser, SENDER)
    body = {"esimTranNo": GOOD, "text": "Hello again", "category": "support"}
    first = await browser.client.post("/v1/messages", json=body, auth=DEMO)
    path = f"/console/messages/{first.json()['id']}"
    queued = await browser.get(path)
    assert "It is not sent yet." in text_of(queued)
    assert (await browser.post(f"{path}/again")).status_code == 404
    assert (await browser.client.delete(path.replace("/console", "/v1"), auth=DEMO)).is_success
    assert f'action="{path}/again"' in (await browser.get(path)).text
    page = await browser.post(f"{path}/again")
    assert typed(page) == "Hello again"
    assert (await audited(services))[0] == ("message.reveal", path.rpartition("/")[2])
    assert "<option selected>support</option>" in page.text
    done = await browser.post(FORM, {"key": key_of(page), "text": typed(page)})
    assert done.headers["location"] != path
    assert [each["text"] for each in await sent(browser)] == ["Hello again"] * 2


async def test_who_may_not_send_finds_no_way_to(open_browser):
    for role in (VIEWER, SUPPORT):
        browser = await signed_in(open_browser(), role)
        for path in ("/console", f"/console/esims/demo/{GOOD}"):
            assert "/console/compose" not in (await browser.get(path)).text
        assert (await browser.post(FORM, {"text": "Hello"})).status_code == 403
        assert await sent(browser) == []


async def test_nobody_writes_to_the_esims_of_another_account(browser):
    await signed_in(browser, SENDER, 2)
    assert key_of(await browser.get(f"/console/compose/other/{STRANGERS[0]['esimTranNo']}"))
    form = {"text": "Hello", "key": "01900000-0000-7000-8000-000000000000"}
    for path in (FORM, f"/console/compose/other/{GOOD}"):
        for response in (
            await browser.get(path),
            await browser.post(path, form),
            await browser.post(f"{path}/preview", form),
        ):
            assert response.status_code == 404
    assert await sent(browser) == []


async def test_another_site_sends_nothing(browser):
    await signed_in(browser, SENDER)
    form = {"key": key_of(await browser.get(FORM)), "text": "Hello"}
    wrong = await browser.post(FORM, form | {"token": "0" * 64})
    foreign = await browser.post_raw(
        FORM, form, browser.cookies() | OWN | {"Sec-Fetch-Site": "cross-site"}
    )
    assert (wrong.status_code, foreign.status_code) == (400, 400)
    assert await sent(browser) == []


@pytest.mark.parametrize(
    ("text", "target"),
    [(GOOD, FORM), (f"8988{GOOD}", FORM), ("+66 81 000 0001", FORM), ("ORD1", FORM)],
)
async def test_the_box_leads_to_the_form(browser, text, target):
    await signed_in(browser, SENDER)
    response = await browser.client.get(
        "/console/compose", params={"q": text}, headers=browser.cookies()
    )
    assert response.headers["location"] == target


async def test_what_was_typed_is_shown_as_text(browser):
    await signed_in(browser, SENDER)
    key = key_of(await browser.get(FORM))
    hostile = "</textarea><script>alert(1)</script>\"'><img src=x onerror=alert(1)> \u202e\u2019"
    fields = dict.fromkeys(("text", "from", "reference", "sendAt", "language"), hostile)
    for more in ({}, {"template": hostile, "value.x": hostile}):
        page = await browser.post(f"{FORM}/preview", {"key": key, **fields, **more})
        assert "<script>alert" not in page.text
        assert "<img" not in page.text
    plain = await browser.post(f"{FORM}/preview", {"key": key, "text": hostile})
    assert "<script>alert" not in plain.text
    assert "<img" not in plain.text
    assert "\u202e" not in plain.text.partition("</textarea>")[2]
