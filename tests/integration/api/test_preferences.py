"""Preferences by API: shown, changed, recorded, and what they do to messages."""

import pytest

from simpost.domain.inbound import InboundPart, PartPosition
from simpost.domain.messages import Category
from simpost.ports.store import MessageFilter
from tests.integration.api.conftest import GOOD, NOW_MS

pytestmark = pytest.mark.asyncio

PATH = f"esims/{GOOD}/preferences"


def allowed(body):
    return {each["category"]: each["allowed"] for each in body["categories"]}


def decided_by(body, category):
    return next(each["decidedBy"] for each in body["categories"] if each["category"] == category)


async def change(service, path=PATH, **body):
    response = await service.native("PATCH", path, json=body)
    assert response.status_code == 200, response.text
    return response.json()


async def send(service, category):
    body = {"esimTranNo": GOOD, "text": "Hello", "category": category}
    return await service.native("POST", "messages", json=body)


async def bring(service, text, count=0):
    """A text from the handset of the eSIM."""
    inbound = next(
        each for each in service.services.metrics._components if hasattr(each, "receive")
    )
    part = InboundPart(
        carrier="down",
        source=f"6681{GOOD[-7:]}",
        destination="12345",
        octets=text.encode(),
        encoding="gsm7",
        place=PartPosition("alone", count),
        received_ms=NOW_MS + count,
        link=b"link",
        links=(b"link",),
    )
    return await inbound.receive(part)


async def texts_sent(service):
    found = await service.store.log.list_messages(1, MessageFilter())
    return [(each.category, each.text) for each in found]


async def test_everything_is_allowed_until_somebody_chooses(service):
    body = (await service.native("GET", PATH)).json()
    assert allowed(body) == dict.fromkeys(Category, True)
    assert decided_by(body, "promotion") == "default"
    assert decided_by(body, "code") == "category"
    assert (body["esimTranNo"], body["language"], body["openHours"]) == (GOOD, "en", None)


async def test_a_refused_category_is_refused_with_the_reason(service):
    body = await change(service, categories={"promotion": False})
    assert allowed(body) == {**dict.fromkeys(Category, True), Category.PROMOTION: False}
    assert decided_by(body, "promotion") == "esim"
    refused = await send(service, "promotion")
    assert (refused.status_code, refused.json()["code"]) == (409, "opted_out")
    for category in ("code", "service", "notice"):
        assert (await send(service, category)).status_code == 202
    await change(service, categories={"promotion": True})
    assert (await send(service, "promotion")).status_code == 202


async def test_a_default_of_the_account_counts_without_a_choice(service):
    hours = "09:00-18:00"
    body = await change(service, "preferences", categories={"promotion": False}, openHours=hours)
    assert (body["esimTranNo"], body["openHours"]) == (None, hours)
    shown = (await service.native("GET", PATH)).json()
    assert (decided_by(shown, "promotion"), shown["openHours"]) == ("account", hours)
    assert (await send(service, "promotion")).json()["code"] == "opted_out"
    await change(service, categories={"promotion": True}, openHours="always")
    assert (await send(service, "promotion")).status_code == 202
    body = await change(service, categories={"promotion": None}, openHours=None)
    assert (decided_by(body, "promotion"), body["openHours"]) == ("account", hours)
    assert (await send(service, "promotion")).json()["code"] == "opted_out"


async def test_the_history_has_who_when_and_the_words(service):
    await change(
        service, categories={"promotion": False}, changedBy="Ana", words="no ads", way="cli"
    )
    await change(service, openHours="08:00-20:00")
    body = (await service.native("GET", f"{PATH}/history", params={"limit": 1})).json()
    [newest] = body["changes"]
    assert newest["differences"] == {"openHours": {"from": None, "to": "08:00-20:00"}}
    assert (newest["way"], newest["changedBy"], newest["words"]) == ("api", "demo", None)
    rest = await service.native("GET", f"{PATH}/history", params={"cursor": body["next"]})
    [oldest] = rest.json()["changes"]
    assert (oldest["way"], oldest["changedBy"], oldest["words"]) == ("cli", "Ana", "no ads")
    assert rest.json()["next"] is None


async def test_the_language_of_the_account_is_not_a_preference(service):
    response = await service.native("PATCH", "preferences", json={"language": "de"})
    assert response.status_code == 422


@pytest.mark.parametrize(
    "body",
    [
        {"categories": {"code": False}},
        {"categories": {"promotion": "no"}},
        {"categories": {"ads": False}},
        {"language": "french"},
        {"language": "fr\0"},
        {"openHours": "8-20"},
        {"openHours": "25:00-26:00"},
        {"way": "handset"},
        {"way": "link"},
        {"words": "x" * 501},
        {"changedBy": "a\nb"},
        {"unknown": 1},
        [],
    ],
    ids=str,
)
async def test_what_is_not_documented_is_refused(service, body):
    for path in (PATH, "preferences"):
        response = await service.native("PATCH", path, json=body)
        assert (response.status_code, response.json()["code"]) == (422, "invalid_request")
    assert (await service.native("GET", f"{PATH}/history")).json()["changes"] == []


async def test_another_account_sees_and_changes_nothing(service):
    await change(service, categories={"promotion": False})
    for method, path in (("GET", PATH), ("PATCH", PATH), ("GET", f"{PATH}/history")):
        json = {"language": "fr"} if method == "PATCH" else None
        response = await service.native(method, path, account="other", json=json)
        assert (response.status_code, response.json()["code"]) == (404, "not_found")
    theirs = (await service.native("GET", "preferences", account="other")).json()
    assert allowed(theirs) == dict.fromkeys(Category, True)
    theirs = await service.native("GET", "preferences/history", account="other")
    assert theirs.json() == {"changes": [], "next": None}


async def test_stop_from_the_handset_acts_and_is_answered_once(service):
    assert await bring(service, "Stop!") is None
    assert (await send(service, "promotion")).json()["code"] == "opted_out"
    assert (await send(service, "notice")).json()["code"] == "opted_out"
    assert (await send(service, "code")).status_code == 202
    await bring(service, "STOP", 1)
    answers = [text for category, text in await texts_sent(service) if category == "service"]
    assert len(answers) == 1
    assert answers[0].startswith("Stopped: Offers, Notices")
    [recorded] = (await service.native("GET", f"{PATH}/history")).json()["changes"]
    assert (recorded["way"], recorded["words"]) == ("handset", "Stop!")
    await bring(service, "start", 2)
    assert (await send(service, "promotion")).status_code == 202


async def test_help_is_answered_and_changes_nothing(service):
    await bring(service, "HELP")
    await bring(service, "help", 1)
    assert [text for _, text in await texts_sent(service)] == [
        "Text STOP to end: Offers, Notices. Text START to get them again."
    ]
    assert (await service.native("GET", f"{PATH}/history")).json()["changes"] == []


async def test_the_answer_is_in_the_language_of_the_traveller(service):
    await bring(service, "ARRET")
    [(_, text)] = await texts_sent(service)
    assert text.startswith("Plus d'envoi")


async def test_a_text_that_only_mentions_a_word_is_a_flag(service):
    await bring(service, "Please stop sending me this")
    assert (await send(service, "promotion")).status_code == 202
    [flag] = await service.store.recipients.list_flags(1, before=None, limit=10)
    assert (flag.esim_tran_no, flag.words) == (GOOD, "Please stop sending me this")


async def bring_in(service, *rows):
    return await service.native("POST", "preferences/import", json={"rows": list(rows)})


async def test_an_import_answers_for_each_row(service):
    off = {"esimTranNo": GOOD, "categories": {"promotion": False}, "words": "list of May"}
    response = await bring_in(
        service,
        off,
        off,
        {"esimTranNo": "26010100000090", "language": "fr"},
        {"esimTranNo": GOOD, "language": "fr", "openHours": "always"},
    )
    assert [each["outcome"] for each in response.json()["results"]] == [
        "changed",
        "unchanged",
        "esim_unknown",
        "changed",
    ]
    newest, oldest = (await service.native("GET", f"{PATH}/history")).json()["changes"]
    assert {newest["way"], oldest["way"]} == {"import"}
    assert (oldest["changedBy"], oldest["words"]) == ("demo", "list of May")
    assert (await send(service, "promotion")).json()["code"] == "opted_out"


async def test_an_import_does_not_undo_what_the_traveller_said(service):
    await bring(service, "STOP")
    on = {"esimTranNo": GOOD, "categories": {"promotion": True, "support": False}}
    assert (await bring_in(service, on)).json()["results"][0]["outcome"] == "changed"
    assert (await send(service, "promotion")).json()["code"] == "opted_out"
    assert (await send(service, "support")).json()["code"] == "opted_out"


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [{"categories": {"promotion": False}}],
        [{"esimTranNo": GOOD, "categories": {"code": False}}],
        [{"esimTranNo": GOOD, "way": "handset"}],
        [{"esimTranNo": GOOD}] * 1_001,
    ],
    ids=["none", "no eSIM", "code", "way", "too many"],
)
async def test_an_import_that_is_not_as_documented_is_refused(service, rows):
    assert (await bring_in(service, *rows)).status_code == 422
    assert (await service.native("GET", f"{PATH}/history")).json()["changes"] == []


async def test_a_flag_is_listed_until_it_is_closed(service):
    for count, text in enumerate(["please stop", "stop it now!"]):
        await bring(service, text, count)
    body = (await service.native("GET", "preferences/flags", params={"limit": 1})).json()
    assert [each["words"] for each in body["flags"]] == ["stop it now!"]
    following = await service.native("GET", "preferences/flags", params={"cursor": body["next"]})
    [flag] = following.json()["flags"]
    assert (flag["words"], flag["esimTranNo"]) == ("please stop", GOOD)
    path = f"preferences/flags/{flag['id']}"
    theirs = await service.native("GET", "preferences/flags", account="other")
    assert theirs.json() == {"flags": [], "next": None}
    assert (await service.native("DELETE", path, account="other")).status_code == 404
    assert (await service.native("DELETE", path)).json() == {"id": flag["id"]}
    for gone in (path, "preferences/flags/x"):
        assert (await service.native("DELETE", gone)).status_code == 404
