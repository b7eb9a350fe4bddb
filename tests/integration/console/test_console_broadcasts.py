"""Broadcasts in the console: previewed, begun once, paused, resumed, cancelled, and audited."""

import json
import re
from html import unescape

import pytest

from simpost.api.shared.schemas import format_time
from simpost.catalogue.normalization import parse_esim
from simpost.domain.broadcasts import BroadcastStatus
from simpost.domain.console_users import ConsoleRole
from simpost.domain.messages import format_id
from simpost.errors import StoreError
from tests.integration.api.conftest import GOOD, NOW_MS, esim
from tests.integration.console.conftest import BOTH_STORES, signed_in, text_of

pytestmark = BOTH_STORES
VIEWER, SUPPORT, SENDER, ADMIN = ConsoleRole
ROOM = "/console/broadcasts/demo"
MORE = [f"260102{number:03}00077" for number in range(6)]
WITHOUT_SMS = "26010100000002"
TEMPLATE = {
    "name": "works",
    "defaultLanguage": "en",
    "texts": {"en": "Works on {day}", "fr": "Travaux : {day}"},
    "variables": {"day": {"type": "text", "longest": "Wednesday"}},
}
FORM = {
    "name": "Works in March",
    "template": "works",
    "values.day": "Monday",
    "category": "service",
    "audience.esims": f"{MORE[0]}, {MORE[1]}\n{WITHOUT_SMS}",
    "perSecond": "10",
    "stopRefusedPercent": "50",
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


async def api(browser, method, path, body=None, account="demo"):
    auth = (account, f"{account}-secret")
    answer = await browser.client.request(method, f"/v1/{path}", json=body, auth=auth)
    assert answer.is_success, answer.text
    return answer.json()


@pytest.fixture
async def sender(browser, store):
    """A sender of all accounts, with a template and more eSIMs."""
    await store.catalogue.save_esims(1, [parse_esim(esim(each), NOW_MS) for each in MORE])
    await api(browser, "POST", "templates", TEMPLATE)
    return await signed_in(browser, SENDER, name="ann")


def hidden_of(response):
    """The hidden fields of the last form of a page that has a preview."""
    form = response.text[response.text.index('class="verbs" method="post"') :]
    found = re.findall(r'type="hidden" name="([^"]*)" value="([^"]*)"', form, re.DOTALL)
    return {unescape(name): unescape(value) for name, value in found if name != "token"}


async def begin(sender, **fields):
    """The path of a broadcast that was begun by its form."""
    preview = await sender.post(f"{ROOM}/preview", FORM | fields)
    assert preview.status_code == 200, text_of(preview)
    begun = await sender.post(f"{ROOM}/begin", hidden_of(preview))
    assert begun.status_code == 303, text_of(begun)
    return begun.headers["location"]


async def act(sender, path, verb):
    """Confirm a verb, and send the form twice."""
    confirm = await sender.get(f"{path}/confirm/{verb}")
    fields = {"act": re.search(r'name="act" value="([^"]+)"', confirm.text)[1]}
    for _ in range(2):
        done = await sender.post(f"{path}/{verb}", fields)
        assert done.headers["location"] == path
    return fields


async def audited(store):
    rows = await store.console.list_audit(None, before=None, limit=20)
    return [(each.action, each.target) for each in rows]


async def tick(sender, clock, seconds=2):
    for _ in range(seconds * 4):
        clock.now_ms += 250
        await sender.services.broadcasts.tick()


def counts_of(page):
    """The counts of a broadcast's page, by their words."""
    found = re.findall(r"<b>([\d,]+)</b> (\w+)", page.text)
    return {words: int(count.replace(",", "")) for count, words in found}


async def test_a_broadcast_is_previewed_begun_and_shown(sender, store, clock):
    preview = await sender.post(f"{ROOM}/preview", FORM)
    shown = text_of(preview)
    assert "3 eSIMs 2 sent 0 held 1 refused 2 parts 2.0000 cost units" in shown
    assert "The plan does not support SMS" in shown
    assert "Works on Monday" in shown
    assert await store.broadcasts.list_broadcasts(1, before=None, limit=9) == []
    begun = await sender.post(f"{ROOM}/begin", hidden_of(preview))
    assert begun.status_code == 303
    path = begun.headers["location"]
    await tick(sender, clock)
    page = await sender.get(path)
    shown = text_of(page)
    assert "Finished. Every eSIM was decided." in shown
    assert "Begun by ann" in shown
    counts = counts_of(page)
    assert counts.pop("eSIMs") == 3 == sum(counts.values())
    assert (counts["accepted"], counts["refused"]) == (2, 1)
    refused = text_of(await sender.get(f"{path}/recipients?state=refused"))
    assert WITHOUT_SMS in refused
    assert MORE[0] not in refused
    assert await audited(store) == [("broadcast.begin", "works"), ("broadcast.preview", "works")]


async def test_a_form_that_is_sent_twice_begins_one_broadcast(sender, store):
    preview = await sender.post(f"{ROOM}/preview", FORM)
    fields = hidden_of(preview)
    first = await sender.post(f"{ROOM}/begin", fields)
    second = await sender.post(f"{ROOM}/begin", fields)
    assert first.headers["location"] == second.headers["location"]
    assert (await audited(store)).count(("broadcast.begin", "works")) == 1
    assert len(await store.broadcasts.list_broadcasts(1, before=None, limit=9)) == 1
    changed = await sender.post(f"{ROOM}/begin", fields | {"name": "Another"})
    assert changed.status_code == 422
    assert len(await store.broadcasts.list_broadcasts(1, before=None, limit=9)) == 1


async def test_without_its_preview_nothing_begins(sender, store):
    answer = await sender.post(f"{ROOM}/begin", FORM)
    assert answer.status_code == 200
    assert "Preview" in text_of(answer)
    assert await store.broadcasts.list_broadcasts(1, before=None, limit=9) == []


@pytest.mark.parametrize(
    ("fields", "place", "words"),
    [
        ({"name": ""}, "name", "must have at least 1 characters"),
        ({"values.day": ""}, "values", "The value of day is missing"),
        ({"audience.countries": "FRA"}, "audience.countries", "ISO 3166-1"),
        ({"perSecond": "many"}, "perSecond", "must be a number"),
        ({"stopRefusedPercent": "101"}, "stopRefusedPercent", "must be at most 100"),
        ({"stopCost": "0"}, "stopCost", "must be more than 0"),
        ({"startAt": "2020-01-01T10:00"}, "startAt", "must not be in the past"),
        ({"notAfter": "2020-01-01T10:00"}, "notAfter", "must be after startAt"),
        ({"audience.file": "01900000-0000-7000-8000-000000000000"}, "audience", "not both"),
        (
            {"audience.esims": "", "audience.file": "01900000-0000-7000-8000-000000000000"},
            "audience.file",
            "the account has no such file",
        ),
        ({"category": "code"}, "category", "/v1/verifications"),
    ],
)
async def test_an_error_of_the_api_is_shown_at_its_field(sender, store, fields, place, words):
    answer = await sender.post(f"{ROOM}/preview", FORM | fields)
    assert answer.status_code == 422
    assert f'<a href="#{place}">' in answer.text
    assert words in text_of(answer)
    given = {**FORM, **fields}["name"]
    assert f'name="name" type="text" value="{given}"' in answer.text  # nothing typed is lost
    assert await audited(store) == []


async def test_an_audience_is_stored_as_the_query_of_the_form(sender, store):
    conditions = {
        "audience.esims": "",
        "audience.countries": "fr jp",
        "audience.statuses.IN_USE": "on",
        "audience.tags": "vip, beta",
    }
    path = await begin(sender, **conditions)
    [found] = await store.broadcasts.list_broadcasts(1, before=None, limit=9)
    assert found.audience.countries == ("FR", "JP")
    assert found.audience.statuses == ("IN_USE",)
    assert found.audience.tags == ("vip", "beta")
    page = await sender.get(path)
    query = {"countries": ["FR", "JP"], "statuses": ["IN_USE"], "tags": ["vip", "beta"]}
    assert json.dumps(query) in unescape(page.text)


async def test_a_person_pauses_resumes_and_cancels_with_a_sentence(sender, store, clock):
    path = await begin(sender, perSecond="0.01", **{"audience.esims": " ".join(MORE)})
    await tick(sender, clock, 1)
    confirm = text_of(await sender.get(f"{path}/confirm/pause"))
    assert "Within a second no more messages begin." in confirm
    assert "5 eSIMs that remain" in confirm
    pause = await act(sender, path, "pause")
    page = text_of(await sender.get(path))
    assert "Paused. It was paused by ann. 5 of 6 eSIMs remain. Resume sends to these only" in page
    nothing = text_of(await sender.get(f"{path}/confirm/pause"))
    assert "there is nothing to pause" in nothing
    confirm = text_of(await sender.get(f"{path}/confirm/resume"))
    assert "nobody gets it twice" in confirm
    await act(sender, path, "resume")
    await sender.post(f"{path}/pause", pause)  # sent again: it acts once, and is audited once
    assert "Sending." in text_of(await sender.get(path))
    assert "5 eSIMs will get nothing." in text_of(await sender.get(f"{path}/confirm/cancel"))
    await sender.post(f"{path}/cancel")  # not confirmed
    await act(sender, path, "cancel")
    page = await sender.get(path)
    assert "It was cancelled by ann." in text_of(page)
    assert "/confirm/" not in page.text
    assert "every 2s" not in page.text  # what is over does not refresh itself
    counts = counts_of(page)
    assert counts.pop("eSIMs") == 6 == sum(counts.values())
    key = path.rpartition("/")[2]
    acts = ["broadcast.cancel", "broadcast.resume", "broadcast.pause"]
    assert (await audited(store))[:3] == [(act, key) for act in acts]


async def test_nothing_is_done_if_the_audit_log_cannot_be_written(sender, store, monkeypatch):
    path = await begin(sender)
    [before] = await store.broadcasts.list_broadcasts(1, before=None, limit=9)
    preview = await sender.post(f"{ROOM}/preview", FORM)

    async def fail(*_args, **_fields):
        raise StoreError

    monkeypatch.setattr(sender.services.console_users, "audit", fail)
    begun = {"act": hidden_of(preview)["act"]}
    for target, fields in (
        (f"{path}/pause", begun),
        (f"{path}/cancel", begun),
        (f"{ROOM}/begin", hidden_of(preview)),
        (f"{ROOM}/preview", FORM),
    ):
        answer = await sender.post(target, fields)
        assert answer.status_code == 503, target
        assert "Works on Monday" not in answer.text
    octets = b"esimTranNo\n1\n"
    kept = await sender.post_file(f"{ROOM}/files", octets, keep="1", act=begun["act"])
    assert kept.status_code == 503
    [after] = await store.broadcasts.list_broadcasts(1, before=None, limit=9)
    assert after.status == before.status
    assert await store.broadcast_files.list_files(1) == []


async def test_a_viewer_reads_and_does_nothing(sender, open_browser):
    path = await begin(sender)
    viewer = await signed_in(open_browser(), VIEWER, 1)
    page = await viewer.get(path)
    assert "/confirm/" not in page.text
    listed = await viewer.get(ROOM)
    assert "Works in March" in listed.text
    assert "/new" not in listed.text
    for step in ("pause", "resume", "cancel"):
        assert (await viewer.get(f"{path}/confirm/{step}")).status_code == 403
        assert (await viewer.post(f"{path}/{step}")).status_code == 403
    assert (await viewer.post(f"{ROOM}/begin", FORM)).status_code == 403


async def test_a_preview_of_what_waits_hides_its_texts(sender, open_browser, store):
    start = format_time(NOW_MS + 3_600_000)[:16]
    path = await begin(sender, startAt=start)
    viewer = await signed_in(open_browser(), VIEWER, 1)
    hidden = text_of(await viewer.get(f"{path}/preview"))
    assert "2 sent" in hidden
    assert "(hidden: 15 characters)" in hidden
    assert "Works on Monday" not in hidden
    assert (await viewer.post(f"{path}/preview")).status_code == 403
    support = await signed_in(open_browser(), SUPPORT, 1)
    assert "Works on Monday" in text_of(await support.post(f"{path}/preview"))
    assert (await audited(store))[0] == ("broadcast.preview", path.rpartition("/")[2])


async def test_what_is_held_says_until_when(sender, clock):
    local = {"localTime": "23:30", "audience.esims": GOOD}
    path = await begin(sender, **local)
    await tick(sender, clock, 1)
    shown = text_of(await sender.get(f"{path}/recipients?state=held"))
    assert re.search(r"held until 2026-01-0\d \d\d:30:00 UTC", shown)


async def test_the_list_has_the_query_of_the_api(sender):
    for number in range(3):
        await begin(sender, name=f"Number {number}")
    first = await sender.get(f"{ROOM}?limit=2")
    assert "Number 2" in first.text
    assert "Number 0" not in first.text
    [older] = re.findall(r'href="(\?limit=2&amp;cursor=[^"]+)"', first.text)
    answer = await api(sender, "GET", "broadcasts?limit=2")
    assert unescape(older).endswith(answer["next"])
    assert "Number 0" in (await sender.get(f"{ROOM}{unescape(older)}")).text
    wrong = await sender.get(f"{ROOM}?limit=0")
    assert wrong.status_code == 422
    assert "limit must be at least 1" in text_of(wrong)
    assert (await sender.get(f"{ROOM}?unknown=1")).status_code == 422


async def test_two_accounts_see_nothing_of_each_others_broadcasts(sender, open_browser, store):
    path = await begin(sender)
    fields = {"keep": "1", "act": sender.services.console_users.begin_act(sender.token)}
    octets = f"esimTranNo\n{MORE[0]}\n".encode()
    kept = await sender.post_file(f"{ROOM}/files", octets, **fields)
    assert kept.status_code == 200
    [file] = await store.broadcast_files.list_files(1)
    file_id = format_id(file.file.id)
    other = await signed_in(open_browser(), ADMIN, 2)
    for here in (ROOM, path, f"{path}/recipients", f"{path}/preview", f"{ROOM}/files/{file_id}"):
        assert (await other.get(here)).status_code == 404, here
        stolen = here.replace("/demo", "/other")
        answer = await other.get(stolen)
        assert answer.status_code == (200 if stolen == "/console/broadcasts/other" else 404)
        assert "Works in March" not in answer.text
    for step in ("pause", "cancel"):
        assert (await other.post(f"{path}/{step}")).status_code == 404
        assert (await other.post(f"{path.replace('/demo', '/other')}/{step}")).status_code == 404
    deleted = await other.post(f"/console/broadcasts/other/files/{file_id}/delete")
    assert deleted.status_code == 404
    [found] = await store.broadcasts.list_broadcasts(1, before=None, limit=9)
    assert found.status is not BroadcastStatus.CANCELLED


async def test_a_user_of_all_accounts_chooses_one(sender, open_browser):
    chosen = await sender.get("/console/broadcasts")
    assert f'href="{ROOM}"' in chosen.text
    assert 'href="/console/broadcasts/other"' in chosen.text
    one = await signed_in(open_browser(), VIEWER, 1)
    assert (await one.get("/console/broadcasts")).headers["location"] == ROOM


async def test_a_list_is_filtered_by_status_as_the_api_filters(sender, clock):
    preview = await sender.post(f"{ROOM}/preview", FORM)
    begun = await sender.post(f"{ROOM}/begin", hidden_of(preview))
    await tick(sender, clock)
    path = begun.headers["location"]
    assert path in (await sender.get(f"{ROOM}?status=finished")).text
    none = await sender.get(f"{ROOM}?status=paused")
    assert path not in none.text
    assert "No broadcasts that are paused." in text_of(none)
    assert (await sender.get(f"{ROOM}?status=sad")).status_code == 422
