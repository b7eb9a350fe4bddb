"""/v1/conversations: begin, answer, assign, note, and what texts of travellers do."""

import asyncio

import pytest

from simpost.config import PreferenceSettings
from simpost.domain.inbound import InboundPart, OwnNumbers, PartPosition
from simpost.features.conversations import service as conversations
from simpost.features.preferences.handset import HandsetPreferences
from simpost.messaging.inbound import InboundService
from simpost.messaging.inbound_routing import InboundRouter
from tests.contract.store_facts import new_id
from tests.integration.api.conftest import GOOD, NOW_MS

NUMBER = "12345"
WITHOUT_SMS = "26010100000002"
OTHER = "26010100000006"
DAY_MS = 86_400_000
ID = "01900000-0000-7000-8000-000000000000"


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


@pytest.fixture
def desk(service, clock):
    """Receives the texts of eSIMs for the service."""
    store, services = service.store, service.services
    return InboundService(
        store.inbound,
        InboundRouter(store.inbound, services.accounts, OwnNumbers({NUMBER: ""}, [])),
        services.intake,
        new_id=lambda: new_id(clock()),
        clock_ms=clock,
        read_reply=HandsetPreferences(PreferenceSettings()).read,
        conversations=store.conversations,
    )


@pytest.fixture
def text(service, desk, clock):
    """Sends a text from the handset of the eSIM."""

    async def text(said):
        esim = await service.store.catalogue.find_esim(1, esim_tran_no=GOOD, iccid=None)
        place = PartPosition("alone", abs(hash((said, clock()))) % 2**56)
        part = InboundPart("down", esim.msisdn, NUMBER, said.encode(), "latin1", place, clock())
        assert await desk.receive(part) is None

    return text


async def ask(service, method, path="", **body):
    path = f"conversations/{path}" if path else "conversations"
    return await service.native(method, path, json=body or None)


async def listed(service, **query):
    answer = await service.native("GET", "conversations", params=query)
    assert answer.status_code == 200
    return answer.json()["conversations"]


async def sent(service):
    queued = await service.store.routing.queued_messages("down", after=None, limit=99)
    return [(each.category, each.text) for each in queued]


async def may_send(service, category):
    shown = (await service.native("GET", f"esims/{GOOD}/preferences")).json()
    [found] = [each for each in shown["categories"] if each["category"] == category]
    return found["allowed"]


async def test_a_text_opens_a_conversation_and_a_reply_goes_to_the_handset(service, text, clock):
    await text("No data in Lyon")
    [opened] = await listed(service)
    assert (opened["status"], opened["unread"], opened["ownNumber"]) == ("open", 1, NUMBER)
    assert opened["esimTranNo"] == GOOD
    clock.now_ms += 60_000
    answer = await ask(service, "POST", f"{opened['id']}/replies", text="Please restart it")
    assert (answer.status_code, answer.json()["state"]) == (202, "accepted")
    assert await sent(service) == [("support", "Please restart it")]
    shown = (await ask(service, "GET", opened["id"])).json()
    assert (shown["status"], shown["unread"], shown["replyDueAt"]) == ("waiting", 0, None)
    entries = (await ask(service, "GET", f"{opened['id']}/entries")).json()["entries"]
    assert [(each["direction"], each["text"]) for each in entries] == [
        ("toEsim", "Please restart it"),
        ("fromEsim", "No data in Lyon"),
    ]


async def test_a_repeated_reply_is_sent_once(service, text):
    await text("Hello")
    [opened] = await listed(service)
    path = f"conversations/{opened['id']}/replies"
    headers = {"Idempotency-Key": "r-1"}
    first = await service.native("POST", path, json={"text": "Hi"}, headers=headers)
    again = await service.native("POST", path, json={"text": "Hi"}, headers=headers)
    assert again.headers["idempotency-replayed"] == "true"
    assert first.json()["id"] == again.json()["id"]
    assert len(await sent(service)) == 1
    other = await service.native("POST", path, json={"text": "Ho"}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "request_id_reused")


async def test_a_dry_run_of_a_reply_decides_and_sends_nothing(service, text):
    await text("Hello")
    [opened] = await listed(service)
    path = f"{opened['id']}/replies?dryRun=true"
    answer = await ask(
        service, "POST", path, text="Don\u2019t worry", sendAt="2026-01-02T00:00:00Z"
    )
    preview = answer.json()
    assert answer.status_code == 200
    assert (preview["decision"], preview["category"]) == ("hold", "support")
    assert [each["codePoint"] for each in preview["ucs2Triggers"]] == ["U+2019"]
    unknown = await ask(service, "POST", f"{ID}/replies?dryRun=true", text="Hello")
    assert unknown.status_code == 404
    assert await sent(service) == []
    assert await listed(service) == [opened]


async def test_a_conversation_begins_by_any_name_of_the_esim_once(service):
    first = await ask(service, "POST", esimTranNo=GOOD)
    assert (first.status_code, first.json()["status"]) == (201, "waiting")
    esim = await service.store.catalogue.find_esim(1, esim_tran_no=GOOD, iccid=None)
    for name in ({"iccid": esim.iccid}, {"msisdn": esim.msisdn}, {"esimTranNo": GOOD}):
        again = await ask(service, "POST", **name)
        assert (again.status_code, again.json()["id"]) == (200, first.json()["id"])
    assert await sent(service) == []


async def test_what_names_no_esim_begins_nothing(service):
    unknown = await ask(service, "POST", esimTranNo="26010199999999")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "esim_unknown")
    no_order = await ask(service, "POST", orderNo="O-nothing")
    assert (no_order.status_code, no_order.json()["code"]) == (404, "not_found")
    for body in ({}, {"esimTranNo": GOOD, "msisdn": "66812345678"}):
        answer = await service.native("POST", "conversations", json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert await listed(service) == []


async def test_a_reply_that_is_refused_changes_nothing(service):
    begun = (await ask(service, "POST", esimTranNo=WITHOUT_SMS)).json()
    answer = await ask(service, "POST", f"{begun['id']}/replies", text="Hi")
    assert (answer.status_code, answer.json()["code"]) == (409, "sms_not_supported")
    assert (await ask(service, "GET", begun["id"])).json() == begun


async def test_a_scheduled_reply_can_be_replaced_until_it_leaves(service, text):
    await text("Hello")
    [opened] = await listed(service)
    later = "2026-02-01T10:00:00Z"
    scheduled = await ask(
        service, "POST", f"{opened['id']}/replies", text="Old words", sendAt=later
    )
    assert scheduled.json()["state"] == "scheduled"
    path = f"{opened['id']}/replies/{scheduled.json()['id']}"
    replaced = await ask(service, "PUT", path, text="New words", sendAt=later)
    assert (replaced.status_code, replaced.json()["state"]) == (202, "scheduled")
    old = (await service.native("GET", f"messages/{scheduled.json()['id']}")).json()
    assert old["state"] == "cancelled"
    again = await ask(service, "PUT", path, text="New words", sendAt=later)
    assert (again.status_code, again.json()["id"]) == (202, replaced.json()["id"])
    assert again.headers["idempotency-replayed"] == "true"
    other = await ask(service, "PUT", path, text="Even newer")
    assert (other.status_code, other.json()["code"]) == (409, "not_cancellable")
    now = (await ask(service, "POST", f"{opened['id']}/replies", text="Now")).json()
    await service.store.queue.claim(
        "down", limit=9, now_ms=NOW_MS, owner="embedded", lease_ms=NOW_MS + 9
    )
    unknown = await ask(service, "PUT", f"{opened['id']}/replies/1", text="x")
    assert unknown.status_code == 404
    assert now["state"] == "accepted"


async def schedule(service):
    """A conversation with a scheduled reply, and the path of the reply."""
    begun = (await ask(service, "POST", esimTranNo=GOOD)).json()
    path = f"{begun['id']}/replies"
    later = "2026-02-01T10:00:00Z"
    scheduled = (await ask(service, "POST", path, text="Old words", sendAt=later)).json()
    return scheduled["id"], f"{path}/{scheduled['id']}"


async def test_people_who_replace_a_reply_at_once_send_one(service):
    _, path = await schedule(service)
    texts = ("One", "Two") * 5
    answers = await asyncio.gather(*(ask(service, "PUT", path, text=each) for each in texts))
    [(_, text)] = await sent(service)
    statuses = {each: set() for each in texts}
    for each, answer in zip(texts, answers, strict=True):
        statuses[each].add(answer.status_code)
    assert statuses.pop(text) == {202}
    assert list(statuses.values()) == [{409}]


async def test_a_replacement_that_is_refused_leaves_the_reply_and_can_be_corrected(service):
    old, path = await schedule(service)
    for _ in range(2):
        refused = await ask(service, "PUT", path, template="nothing")
        assert (refused.status_code, refused.json()["code"]) == (404, "template_unknown")
        kept = (await service.native("GET", f"messages/{old}")).json()
        assert kept["state"] == "scheduled"
    corrected = await ask(service, "PUT", path, text="New words")
    assert corrected.status_code == 202
    assert await sent(service) == [("support", "New words")]


async def test_a_reply_that_was_cancelled_a_day_ago_is_not_replaced(service, clock):
    old, path = await schedule(service)
    assert (await service.native("DELETE", f"messages/{old}")).status_code == 200
    clock.now_ms += 23 * 3_600_000
    answer = await ask(service, "PUT", path, text="New words")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_cancellable")
    assert await sent(service) == []


async def test_a_prepared_reply_has_its_values_and_the_language_of_the_esim(service):
    template = {
        "name": "refund",
        "texts": {"en": "You get {amount} back.", "fr": "Nous vous rendons {amount}."},
        "defaultLanguage": "en",
        "variables": {"amount": {"type": "text", "longest": "1000 EUR"}},
    }
    assert (await service.native("POST", "templates", json=template)).status_code == 201
    path = f"esims/{GOOD}/preferences"
    assert (await service.native("PATCH", path, json={"language": "fr"})).status_code == 200
    begun = (await ask(service, "POST", esimTranNo=GOOD)).json()
    path = f"{begun['id']}/replies"
    answer = await ask(service, "POST", path, template="refund", values={"amount": "5 EUR"})
    assert answer.status_code == 202
    assert await sent(service) == [("support", "Nous vous rendons 5 EUR.")]
    missing = await ask(service, "POST", path, template="refund")
    assert (missing.status_code, missing.json()["code"]) == (422, "template_value_missing")


async def test_a_search_finds_texts_in_both_directions_in_any_case(service, text):
    await text("No DATA  in Lyon")
    [opened] = await listed(service)
    await ask(service, "POST", f"{opened['id']}/replies", text="Straße?")
    await ask(service, "POST", f"{opened['id']}/notes", author="Ana", text="secret")
    await ask(service, "POST", esimTranNo=OTHER)
    for words in ("data in", " DATA IN ", "lyon", "STRASSE"):
        assert [each["id"] for each in await listed(service, search=words)] == [opened["id"]]
    for words in ("Paris", "secret", "%", "_", "d*ta"):
        assert await listed(service, search=words) == []
    assert await listed(service, search="data", esimTranNo=OTHER) == []
    assert await listed(service, search="data", status="closed") == []


async def test_a_search_goes_on_after_what_it_looked_at(service, text, monkeypatch):
    monkeypatch.setattr(conversations, "SEARCHED_CONVERSATIONS", 1)
    await text("Lyon")
    await ask(service, "POST", esimTranNo=OTHER)
    first = (await service.native("GET", "conversations", params={"search": "lyon"})).json()
    assert first["conversations"] == []
    query = {"search": "lyon", "cursor": first["next"]}
    rest = (await service.native("GET", "conversations", params=query)).json()
    assert ([each["esimTranNo"] for each in rest["conversations"]], rest["next"]) == ([GOOD], None)


async def test_a_search_is_charged_for_the_texts_that_it_reads(service, text, monkeypatch):
    charged = []
    monkeypatch.setattr(
        service.services.costs, "charge_octets", lambda _, octets: charged.append(octets)
    )
    await text("No data in Lyon")
    await listed(service, search="Paris")
    assert charged == [len("No data in Lyon")]


async def test_an_erased_text_is_not_found(service, text):
    await text("Lyon")
    assert len(await listed(service, search="lyon")) == 1
    forgotten = await service.operate("POST", f"accounts/demo/esims/{GOOD}/forget", json={})
    assert forgotten.status_code == 200, forgotten.text
    assert await listed(service, search="lyon") == []


@pytest.mark.parametrize("other", [{"esimTranNo": OTHER}, {"category": "notice"}])
async def test_a_message_that_is_no_reply_of_it_is_not_cancelled(service, text, other):
    await text("Hello")
    [opened] = await listed(service)
    body = {"esimTranNo": GOOD, "text": "Tomorrow", "sendAt": "2026-02-01T10:00:00Z"} | other
    scheduled = (await service.native("POST", "messages", json=body)).json()
    answer = await ask(service, "PUT", f"{opened['id']}/replies/{scheduled['id']}", text="Now")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    kept = (await service.native("GET", f"messages/{scheduled['id']}")).json()
    assert kept["state"] == "scheduled"
    assert await sent(service) == []


async def test_a_filter_by_an_odd_name_finds_that_name_only(service, text):
    await text("Hello")
    [opened] = await listed(service)
    await ask(service, "PATCH", opened["id"], assignee="Ana")
    for name in ("*", "%", "A%", "'", "ana"):
        assert await listed(service, assignee=name) == []


async def test_assign_tag_close_and_reopen(service, text, clock):
    await text("Hello")
    [opened] = await listed(service)
    changed = (
        await ask(service, "PATCH", opened["id"], assignee="Ana", tags=["vip", "refund"])
    ).json()
    assert (changed["assignee"], changed["tags"]) == ("Ana", ["refund", "vip"])
    assert [each["id"] for each in await listed(service, assignee="Ana", tag="vip")] == [
        opened["id"]
    ]
    assert await listed(service, assignee="") == []
    closed = (await ask(service, "PATCH", opened["id"], status="closed")).json()
    assert (closed["status"], closed["unread"]) == ("closed", 0)
    clock.now_ms += 73 * 3_600_000
    await text("Hello again")
    assert len(await listed(service)) == 2
    answer = await ask(service, "PATCH", opened["id"], status="open")
    assert (answer.status_code, answer.json()["code"]) == (409, "conversation_exists")


async def test_notes_are_for_the_account_only(service, text):
    await text("Hello")
    [opened] = await listed(service)
    added = await ask(service, "POST", f"{opened['id']}/notes", author="Ana", text="Refund it")
    assert added.status_code == 201
    notes = (await ask(service, "GET", f"{opened['id']}/notes")).json()["notes"]
    assert [(each["author"], each["text"]) for each in notes] == [("Ana", "Refund it")]
    assert await sent(service) == []


async def test_stop_acts_and_an_ambiguous_word_in_a_conversation_is_asked_about_once(service, text):
    await text("I want my money back")
    [opened] = await listed(service)
    await text("Cancel")
    assert await may_send(service, "promotion")
    assert [(each[0], "STOP" in each[1]) for each in await sent(service)] == [("service", True)]
    assert (await listed(service))[0]["unread"] == 2
    await text("cancel!")
    assert not await may_send(service, "promotion")
    assert (await ask(service, "GET", opened["id"])).json()["unread"] == 2


@pytest.mark.parametrize("word", ["STOP", "CANCEL"])
async def test_a_word_that_acts_opens_no_conversation(service, text, word):
    await text(word)
    assert await listed(service) == []
    assert not await may_send(service, "promotion")


async def test_a_failed_reply_shows_reason_and_remedy(service, text, clock):
    await text("Hello")
    [opened] = await listed(service)
    scheduled = await ask(
        service, "POST", f"{opened['id']}/replies", text="Hi", sendAt="2026-02-01T10:00:00Z"
    )
    message_id = scheduled.json()["id"]
    await service.native("DELETE", f"messages/{message_id}")
    clock.now_ms += 10_000
    await service.services.conversations.tidy()
    shown = (await ask(service, "GET", opened["id"])).json()
    assert (shown["status"], shown["failedMessageId"]) == ("open", message_id)
    entries = (await ask(service, "GET", f"{opened['id']}/entries")).json()["entries"]
    [failed] = [each for each in entries if each["id"] == message_id]
    assert failed["state"] == "cancelled"
    await ask(service, "PATCH", opened["id"], assignee="Ana")
    clock.now_ms += 4 * 3_600_000
    await service.services.conversations.tidy()
    shown = (await ask(service, "GET", opened["id"])).json()
    assert (shown["assignee"], shown["status"]) == (None, "open")


async def test_a_conversation_is_deleted_a_year_after_its_last_text(service, text, clock):
    await text("Hello")
    clock.now_ms += 365 * DAY_MS
    await service.services.conversations.delete_old()
    assert len(await listed(service)) == 1
    clock.now_ms += 1
    await service.services.conversations.delete_old()
    assert await listed(service) == []


async def test_an_overdue_conversation_loses_its_assignee(service, text, clock):
    await text("Hello")
    [opened] = await listed(service)
    await ask(service, "PATCH", opened["id"], assignee="Ana")
    clock.now_ms += 4 * 3_600_000
    await service.services.conversations.tidy()
    shown = (await ask(service, "GET", opened["id"])).json()
    assert (shown["assignee"], shown["status"]) == (None, "open")
    assert shown["unansweredSince"] == opened["unansweredSince"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", "{id}", {"status": "lost"}),
        ("PATCH", "{id}", {"tags": ["Not lowercase"]}),
        ("PATCH", "{id}", {"tags": [f"t{number}" for number in range(21)]}),
        ("PATCH", "{id}", {"assignee": "a\nb"}),
        ("PATCH", "{id}", {"assignee": "a" * 65}),
        ("POST", "{id}/replies", {}),
        ("POST", "{id}/replies", {"text": "a", "template": "b"}),
        ("POST", "{id}/replies", {"text": "a", "values": {"b": "c"}}),
        ("POST", "{id}/replies", {"text": "a", "category": "code"}),
        ("POST", "{id}/replies", {"text": ""}),
        ("POST", "{id}/notes", {"author": "", "text": "a"}),
        ("POST", "{id}/notes", {"author": "Ana", "text": "a" * 2001}),
        ("POST", "{id}/notes", {"author": "Ana", "text": "a\x00"}),
    ],
)
async def test_what_is_not_as_documented_is_refused_and_changes_nothing(
    service, text, method, path, body
):
    await text("Hello")
    [opened] = await listed(service)
    answer = await service.native(
        method, f"conversations/{path.format(id=opened['id'])}", json=body
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert await listed(service) == [opened]
    assert await sent(service) == []
