"""Templates in the console: listed, edited with part counts, saved as the API saves them."""

from html import unescape
from html.parser import HTMLParser

import pytest

from simpost.domain.console_users import ConsoleRole
from simpost.errors import StoreError
from tests.integration.console.conftest import BOTH_STORES, signed_in, text_of
from tests.integration.console.test_console_pages import HOSTILE

pytestmark = BOTH_STORES
VIEWER, SUPPORT, SENDER, ADMIN = ConsoleRole
ROOM, EDITOR = "/console/templates/demo", "/console/template-editor/demo"
FORM = {
    "name": "works",
    "base": "0",
    "shown": "en",
    "defaultLanguage": "en",
    "texts.en": "{days, plural, one {# day} other {# days}} left",
    "texts.de": "Noch {days, plural, one {# Tag} other {# Tage}} – bald",
    "variables.0.name": "days",
    "variables.0.type": "number",
    "variables.0.longest": "365",
    "variables.1.name": "",
}


@pytest.fixture
async def sender(browser):
    return await signed_in(browser, SENDER, name="ann")


async def find(services, name="works", version=None):
    return await services.templates.find(1, name, version)


async def test_a_template_is_saved_and_shown_with_its_parts(sender, services, store):
    saved = await sender.post(EDITOR, FORM | {"save": "1"})
    assert saved.headers["location"] == f"{ROOM}/works", text_of(saved)
    found = await find(services)
    assert list(found.template.texts) == ["en", "de"]
    assert found.template.variables["days"].longest == 365
    assert found.template.variables["days"].default is None
    shown = text_of(await sender.get(f"{ROOM}/works"))
    assert "1 part of gsm7, 13 characters" in shown
    assert "1 part of ucs2" in shown
    assert "en dash, U+2013, 1 ×: “-” is in GSM 7 bit" in shown
    assert "days number 365 – a message must give it" in shown
    [act] = await store.console.list_audit(None, before=None, limit=9)
    assert (act.action, act.target, act.account_id) == ("template.save", "works", 1)


async def test_a_form_that_is_sent_twice_saves_one_version(sender, services):
    for _ in range(2):
        saved = await sender.post(EDITOR, FORM | {"save": "1"})
        assert saved.headers["location"] == f"{ROOM}/works"
    assert (await find(services)).version == 1


async def test_a_version_that_nobody_saw_is_not_overtaken(sender, services):
    await sender.post(EDITOR, FORM | {"save": "1"})
    await sender.post(EDITOR, FORM | {"save": "1", "base": "1", "texts.en": "Hers"})
    late = await sender.post(EDITOR, FORM | {"save": "1", "base": "1", "texts.en": "His"})
    assert late.status_code == 422
    assert "Not saved: there is a version 2" in text_of(late)
    assert (await find(services)).template.texts["en"] == "Hers"
    assert 'name="base" value="2"' in late.text
    await sender.post(EDITOR, FORM | {"save": "1", "base": "2", "texts.en": "His"})
    assert (await find(services)).template.texts["en"] == "His"
    old = await sender.get(f"{ROOM}/works?version=2")
    assert "Hers" in old.text
    assert "This is not the latest version." in text_of(old)
    for unknown in ("9", "0", "x", "1" * 30):
        assert (await sender.get(f"{ROOM}/works?version={unknown}")).status_code == 404


@pytest.mark.parametrize(
    ("fields", "place", "words"),
    [
        ({"name": ""}, "name", "must be up to 64 lowercase letters"),
        ({"name": "Works"}, "name", "must be up to 64 lowercase letters"),
        ({"texts.en": "{days"}, "texts.en", "en:"),
        ({"texts.en": ""}, "texts.en", "must have at least 1 characters"),
        ({"texts.en": "{other}"}, "texts.en", "the variable other is not declared"),
        ({"texts.xx-nowhere": "x"}, "texts", "names must be language tags"),
        ({"variables.0.longest": "many"}, "variables.days", "must be a number"),
        ({"variables.0.name": "1x"}, "variables", "names must be a letter"),
        ({"defaultLanguage": "fr"}, "defaultLanguage", "there is no text in fr"),
    ],
)
async def test_an_error_of_the_api_is_shown_at_its_field(sender, services, fields, place, words):
    answer = await sender.post(EDITOR, FORM | fields | {"save": "1"})
    assert answer.status_code == 422
    assert f'<a href="#{place}">' in answer.text
    assert words in text_of(answer)
    assert await find(services) is None


async def test_buttons_of_the_editor_keep_what_was_typed(sender, services):
    german = await sender.post(EDITOR, FORM | {"show": "de"})
    assert 'name="texts.de" rows' in german.text
    assert 'type="hidden" name="texts.en"' in german.text
    added = await sender.post(EDITOR, FORM | {"add": "1", "newLanguage": "pt-br"})
    assert 'name="texts.pt-BR" rows' in added.text
    removed = await sender.post(EDITOR, FORM | {"remove": "de", "shown": "de"})
    assert "texts.de" not in removed.text
    checked = await sender.post(EDITOR, FORM | {"check": "1"})
    assert "en: 1 part of gsm7" in text_of(checked)
    for page in (german, added, removed, checked):
        assert "{days, plural, one {# day} other {# days}} left" in unescape(page.text)
        assert 'name="variables.0.longest" value="365"' in page.text
    assert await find(services) is None


async def test_the_editor_changes_nothing_of_what_was_saved(sender, services):
    text = "\nTwo\nlines \u200f\u202e&lt;"
    body = {
        "name": "odd",
        "defaultLanguage": "en",
        "texts": {"en": text, "fr": text},
        "variables": {
            "a": {"type": "text", "longest": "\u200f", "default": ""},
            "b": {"type": "number", "longest": 1.5, "default": 0},
        },
    }
    auth = ("demo", "demo-secret")
    saved = await sender.client.post("/v1/templates", json=body, auth=auth)
    assert saved.status_code == 201, saved.text
    page = await sender.get(f"{EDITOR}?name=odd")
    form = Form(page.text.partition('id="editor"')[2]).fields
    assert form["texts.en"] == text.replace("\n", "\r\n")
    await sender.post(EDITOR, form | {"save": "1"})
    assert (await find(services, "odd")).version == 1  # the same is no new version


class Form(HTMLParser):
    """The fields of a form as a browser sends them, line breaks as CRLF."""

    def __init__(self, page):
        super().__init__()
        self.fields = {}
        self.name = ""
        self.feed(page)
        self.fields = {name: text.replace("\n", "\r\n") for name, text in self.fields.items()}

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        name = given.get("name")
        if tag in ("textarea", "select"):
            self.name = name
            self.fields[name] = ""
        elif tag == "option" and "selected" in given:
            self.fields[self.name] = given["value"]
        elif tag == "input" and (given.get("type") != "checkbox" or "checked" in given):
            self.fields[name] = given.get("value", "on")

    def handle_data(self, data):
        if self.name.startswith("texts."):
            self.fields[self.name] += data

    def handle_endtag(self, tag):
        if tag == "textarea":
            self.fields[self.name] = self.fields[self.name].removeprefix("\n")
            self.name = ""


async def test_a_preview_shows_the_text_that_values_give(sender, services, open_browser):
    await sender.post(EDITOR, FORM | {"save": "1"})
    viewer = await signed_in(open_browser(), VIEWER, 1)
    path = f"{ROOM}/works/render"
    shown = text_of(await viewer.post(path, {"language": "de", "values.days": "1"}))
    assert "Noch 1 Tag – bald" in shown
    missing = await viewer.post(path, {"language": "en", "values.days": ""})
    assert missing.status_code == 422
    assert "The value of days is missing" in text_of(missing)
    wrong = text_of(await viewer.post(path, {"language": "en", "values.days": "soon"}))
    assert "The value of days must be a number" in wrong


async def test_a_deletion_says_what_it_does_and_is_audited_before(
    sender, services, store, monkeypatch
):
    await sender.post(EDITOR, FORM | {"save": "1"})
    confirm = text_of(await sender.get(f"{ROOM}/works/delete"))
    assert "All its versions are deleted." in confirm
    with monkeypatch.context() as patch:

        async def fail(*_args, **_fields):
            raise StoreError

        patch.setattr(sender.services.console_users, "audit", fail)
        assert (await sender.post(f"{ROOM}/works/delete")).status_code == 503
        assert (await sender.post(EDITOR, FORM | {"name": "new", "save": "1"})).status_code == 503
    assert await find(services)
    assert await find(services, "new") is None
    assert (await sender.post(f"{ROOM}/works/delete")).headers["location"] == ROOM
    assert await find(services) is None
    assert (await sender.post(f"{ROOM}/works/delete")).status_code == 404
    [act, _] = await store.console.list_audit(None, before=None, limit=9)
    assert (act.action, act.target) == ("template.delete", "works")


async def test_a_viewer_reads_and_edits_nothing(sender, services, open_browser):
    await sender.post(EDITOR, FORM | {"save": "1"})
    viewer = await signed_in(open_browser(), VIEWER, 1)
    page = await viewer.get(f"{ROOM}/works")
    assert "template-editor" not in page.text
    assert "/delete" not in page.text
    assert "template-editor" not in (await viewer.get(ROOM)).text
    assert (await viewer.post(EDITOR, FORM | {"name": "mine", "save": "1"})).status_code == 403
    assert await find(services, "mine") is None


async def test_two_accounts_see_nothing_of_each_others_templates(sender, services, open_browser):
    await sender.post(EDITOR, FORM | {"save": "1"})
    other = await signed_in(open_browser(), ADMIN, 2)
    for path in (ROOM, f"{ROOM}/works", EDITOR, f"{EDITOR}?name=works", f"{ROOM}/works/delete"):
        assert (await other.get(path)).status_code == 404, path
    assert (await other.post(EDITOR, FORM | {"save": "1"})).status_code == 404
    assert (await other.post(f"{ROOM}/works/delete")).status_code == 404
    assert "works" not in text_of(await other.get("/console/templates/other"))
    assert (await other.get("/console/templates/other/works")).status_code == 404
    assert (await find(services)).version == 1


@pytest.mark.parametrize("hostile", HOSTILE)
async def test_hostile_texts_values_and_names_are_shown_as_text(sender, hostile):
    quoted = "'{'" + hostile.replace("'", "''").replace("{", "'{'").replace("}", "'}'")
    form = FORM | {
        "texts.en": quoted,
        "variables.1.name": "note",
        "variables.1.longest": hostile,
        "variables.1.hasDefault": "on",
        "variables.1.default": hostile,
        "texts.de": "{note}",
    }
    pages = [
        await sender.post(EDITOR, form | {"save": "1"}),
        await sender.get(f"{ROOM}/works"),
        await sender.post(EDITOR, form | {"show": "de"}),
        await sender.post(EDITOR, form | {"name": hostile, "save": "1"}),
        await sender.post(EDITOR, form | {f"texts.{hostile}": "x", "show": hostile}),
        await sender.post(f"{ROOM}/works/render", {"language": "de", "values.note": hostile}),
    ]
    assert pages[0].status_code == 303
    assert "errors" not in pages[1].text
    for page in pages[1:]:
        assert page.status_code in (200, 422)
        for tag in ("<script>alert", "<img", "<svg/", "<style", "<a hx", "<b>reversed"):
            assert tag not in page.text


@pytest.mark.parametrize("name", ["a%00b", "%ff", "..%2f", "A", "x" * 65, "%F0%9F%98%80"])
async def test_a_name_that_no_template_has_is_not_found(sender, name):
    assert (await sender.get(f"{ROOM}/{name}")).status_code == 404
    assert (await sender.get(f"{EDITOR}?name={name}")).status_code == 404
    assert (await sender.get(f"/console/automations/demo/{name}")).status_code == 404
    assert (await sender.get(f"/console/broadcasts/demo/{name}")).status_code == 404
