"""Automations in the console: listed with counts, previewed, edited and switched."""

import pytest

from simpost.domain.console_users import ConsoleRole
from simpost.domain.reasons import Reason
from simpost.errors import StoreError
from simpost.ports.store import MessageFilter
from tests.contract.store_facts import enter_country
from tests.integration.api.conftest import GOOD, NOW_MS
from tests.integration.console.conftest import BOTH_STORES, signed_in, text_of
from tests.integration.console.test_console_pages import HOSTILE

pytestmark = BOTH_STORES
VIEWER, SUPPORT, SENDER, ADMIN = ConsoleRole
UNKNOWN = Reason.TEMPLATE_UNKNOWN.explanation
ROOM, EDITOR = "/console/automations/demo", "/console/automation-editor/demo"
WITHOUT_SMS = "26010100000002"
TEMPLATE = {
    "name": "hello",
    "defaultLanguage": "en",
    "texts": {"en": "{brand}: welcome to {country}!"},
    "variables": {
        "brand": {"type": "text", "longest": "Sunny", "default": "We"},
        "country": {"type": "text", "longest": "United Arab Emirates"},
    },
}
FORM = {
    "name": "greet",
    "trigger": "country_changed",
    "template": "hello",
    "category": "service",
    "values": "brand = Sunny\r\n",
    "delaySeconds": "2",
    "delaySeconds.unit": "minutes",
    "notAfterSeconds": "1",
    "notAfterSeconds.unit": "days",
    "enabled": "on",
}


@pytest.fixture
def settings():
    """Later than the events of a test, which have a second each."""
    return {"clock_ms": lambda: NOW_MS + 6 * 3_600_000}


@pytest.fixture
async def sender(browser):
    auth = ("demo", "demo-secret")
    answer = await browser.client.post("/v1/templates", json=TEMPLATE, auth=auth)
    assert answer.status_code == 201, answer.text
    return await signed_in(browser, SENDER, name="ann")


async def save(sender, **fields):
    saved = await sender.post(EDITOR, FORM | fields)
    assert saved.status_code == 303, text_of(saved)
    return saved.headers["location"]


async def find(store, name="greet"):
    return await store.automations.find(1, name)


async def acts(store):
    rows = await store.console.list_audit(None, before=None, limit=9)
    return [(each.action, each.target) for each in rows]


async def test_an_automation_is_saved_listed_and_shown(sender, store):
    assert await save(sender) == f"{ROOM}/greet"
    found = await find(store)
    assert (found.delay_s, found.not_after_s, found.enabled) == (120, 86_400, True)
    assert found.values == {"brand": "Sunny"}
    listed = text_of(await sender.get(ROOM))
    assert "greet on country changed, after 2 min hello 0 0 0 0" in listed
    shown = text_of(await sender.get(f"{ROOM}/greet"))
    assert "On. When an eSIM makes the transition “country changed”, it gets hello" in shown
    assert "after 2 min, and nothing later than 1 d after it." in shown
    form = await sender.get(f"{EDITOR}?name=greet")
    assert 'name="delaySeconds" inputmode="numeric" value="2"' in form.text
    assert "brand=Sunny" in form.text
    assert await acts(store) == [("automation.save", "greet")]


async def test_a_form_that_is_sent_twice_saves_the_same(sender, store):
    assert await save(sender) == await save(sender)
    other = await sender.post(EDITOR, FORM | {"delaySeconds": "9"})
    assert other.status_code == 422
    assert "there is an automation with this name" in text_of(other)
    assert (await find(store)).delay_s == 120
    await save(sender, old="1", delaySeconds="9")
    assert (await find(store)).delay_s == 540


@pytest.mark.parametrize(
    ("fields", "place", "words"),
    [
        ({"name": "Greet"}, "name", "must be up to 64 lowercase letters"),
        ({"trigger": "landed"}, "trigger", "must be"),
        ({"template": "none"}, "template", UNKNOWN),
        ({"values": "country=FR"}, "values", "must not name country"),
        ({"values": "two words=FR"}, "values", "names must be a letter"),
        ({"delaySeconds": "soon"}, "delaySeconds", "must be a whole number"),
        ({"delaySeconds": "9", "delaySeconds.unit": "days"}, "delaySeconds", "must be at most"),
        ({"notAfterSeconds": "0"}, "notAfterSeconds", "must be at least 60"),
        ({"delaySeconds": "1", "delaySeconds.unit": "days"}, "notAfterSeconds", "too late"),
    ],
)
async def test_an_error_of_the_api_is_shown_at_its_field(sender, store, fields, place, words):
    answer = await sender.post(EDITOR, FORM | fields)
    assert answer.status_code == 422
    assert words in text_of(answer)
    assert f'<a href="#{place}">' in answer.text or "notAfterSeconds must be more" in answer.text
    assert await store.automations.list_automations(1) == []


async def test_it_is_switched_once_and_audited_before(sender, store, monkeypatch):
    await save(sender)
    for _ in range(2):
        await sender.post(f"{ROOM}/greet/switch", {"to": "off"})
    assert not (await find(store)).enabled
    assert "Off." in text_of(await sender.get(f"{ROOM}/greet"))
    assert await acts(store) == [("automation.off", "greet"), ("automation.save", "greet")]

    async def fail(*_args, **_fields):
        raise StoreError

    monkeypatch.setattr(sender.services.console_users, "audit", fail)
    assert (await sender.post(f"{ROOM}/greet/switch", {"to": "on"})).status_code == 503
    assert (await sender.post(f"{ROOM}/greet/delete")).status_code == 503
    assert (await sender.post(EDITOR, FORM | {"old": "1"})).status_code == 503
    assert not (await find(store)).enabled


async def test_one_without_its_template_says_why_it_stays_off(sender, store):
    await save(sender, enabled="")
    await sender.post(f"{ROOM}/greet/switch", {"to": "off"})
    await sender.services.templates.delete(1, "hello")
    answer = await sender.post(f"{ROOM}/greet/switch", {"to": "on"})
    assert answer.status_code == 422
    assert UNKNOWN in text_of(answer)
    assert not (await find(store)).enabled


async def test_a_preview_says_what_it_would_have_done(sender, open_browser, store):
    await save(sender)
    await sender.post(f"{ROOM}/greet/switch", {"to": "off"})
    for number in (GOOD, WITHOUT_SMS):
        await enter_country(store, number, "FR")
    await sender.services.automations.tick()
    viewer = await signed_in(open_browser(), VIEWER, 1)
    path = f"{ROOM}/greet/preview?days=7"
    hidden = text_of(await viewer.get(path))
    assert "2 transitions 1 sent 0 held 1 refused" in hidden
    assert "The plan does not support SMS" in hidden
    assert "(hidden: 25 characters)" in hidden
    assert "Sunny" not in hidden
    assert (await viewer.post(path)).status_code == 403
    support = await signed_in(open_browser(), SUPPORT, 1)
    assert "Sunny: welcome to France!" in text_of(await support.post(path))
    assert (await acts(store))[0] == ("automation.preview", "greet")
    for days in ("0", "32", "x", ""):
        assert (await viewer.get(f"{ROOM}/greet/preview?days={days}")).status_code == 404
    assert await store.log.list_messages(1, MessageFilter()) == []


async def test_its_runs_are_listed_with_what_became_of_them(sender, store):
    await save(sender, delaySeconds="0")
    for number in (GOOD, WITHOUT_SMS):
        await enter_country(store, number, "FR")
    await sender.services.automations.tick()
    page = await sender.get(f"{ROOM}/greet")
    shown = text_of(page)
    assert "1 accepted 0 waiting 1 refused" in shown
    assert "The plan does not support SMS" in shown
    assert page.text.count('href="/console/messages/') == 1
    first = await sender.get(f"{ROOM}/greet?limit=1")
    assert "Older" in text_of(first)
    assert (await sender.get(f"{ROOM}/greet?limit=0")).status_code == 422


async def test_a_deletion_says_what_it_does(sender, store):
    await save(sender)
    confirm = text_of(await sender.get(f"{ROOM}/greet/delete"))
    assert "Those that wait get nothing" in confirm
    assert (await sender.post(f"{ROOM}/greet/delete")).headers["location"] == ROOM
    assert await find(store) is None
    assert (await sender.post(f"{ROOM}/greet/delete")).status_code == 404


async def test_a_viewer_reads_and_changes_nothing(sender, open_browser, store):
    await save(sender)
    viewer = await signed_in(open_browser(), VIEWER, 1)
    page = await viewer.get(f"{ROOM}/greet")
    for verb in ("/switch", "/delete", "automation-editor"):
        assert verb not in page.text
    assert (await viewer.post(f"{ROOM}/greet/switch", {"to": "off"})).status_code == 403
    assert (await find(store)).enabled


async def test_two_accounts_see_nothing_of_each_others_automations(sender, open_browser, store):
    await save(sender)
    other = await signed_in(open_browser(), ADMIN, 2)
    for path in (ROOM, f"{ROOM}/greet", f"{ROOM}/greet/preview", f"{EDITOR}?name=greet"):
        assert (await other.get(path)).status_code == 404, path
        stolen = path.replace("/demo", "/other")
        answer = await other.get(stolen)
        assert answer.status_code == (200 if stolen == "/console/automations/other" else 404)
        assert "greet" not in answer.text
    for path, fields in ((f"{ROOM}/greet/switch", {"to": "off"}), (f"{ROOM}/greet/delete", {})):
        assert (await other.post(path, fields)).status_code == 404
        assert (await other.post(path.replace("/demo", "/other"), fields)).status_code == 404
    assert (await find(store)).enabled


@pytest.mark.parametrize("hostile", HOSTILE)
async def test_hostile_values_are_shown_as_text(sender, store, hostile):
    await save(sender, values=f"brand={hostile}")
    await enter_country(store, GOOD, "FR")
    pages = [
        await sender.get(f"{ROOM}/greet"),
        await sender.get(f"{EDITOR}?name=greet"),
        await sender.post(f"{ROOM}/greet/preview?days=7"),
        await sender.post(EDITOR, FORM | {"name": hostile, "template": hostile}),
        await sender.post(EDITOR, FORM | dict.fromkeys(FORM, hostile)),
    ]
    for page in pages:
        assert page.status_code in (200, 422)
        for tag in ("<script>alert", "<img", "<svg/", "<style", "<a hx", "<b>reversed"):
            assert tag not in page.text
