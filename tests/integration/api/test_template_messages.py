"""Messages with a template: rendered before the decision, and refused before anything is stored."""

from typing import Any

import pytest

from tests.integration.api.conftest import NOW_MS
from tests.integration.api.test_send_later_release import release_at
from tests.integration.api.test_templates import save

SERVED = Any  # the `service` fixture of conftest.py
GOOD = "26010100000001"


async def send(service: SERVED, key: str | None = None, **fields: Any) -> Any:
    headers = {"Idempotency-Key": key} if key else {}
    body = {"esimTranNo": GOOD, "template": "welcome", "values": {"country": "Japan"}} | fields
    return await service.native("POST", "messages", json=body, headers=headers)


async def test_the_message_has_the_rendered_text_and_its_source(service: SERVED) -> None:
    await save(service)
    sent = await send(service, language="pt")
    assert sent.status_code == 202
    shown = (await service.native("GET", f"messages/{sent.json()['id']}")).json()
    assert shown["text"] == "Bem-vindo: Japan. 7 dias."
    assert shown["template"] == {"name": "welcome", "version": 1, "language": "pt-PT"}
    [listed] = (await service.native("GET", "messages")).json()["messages"]
    assert listed["template"] == shown["template"]


async def test_a_dry_run_shows_the_rendered_text(service: SERVED) -> None:
    await save(service)
    preview = (await send(service, dryRun=True)).json()
    assert (preview["decision"], preview["segments"]) == (
        "send",
        ["Welcome to Japan! 7 days left."],
    )
    assert preview["template"] == {"name": "welcome", "version": 1, "language": "en"}
    refused = (await send(service, dryRun=True, values={})).json()
    assert (refused["decision"], refused["reason"]["code"], refused["segments"]) == (
        "refuse",
        "template_value_missing",
        [],
    )


@pytest.mark.parametrize(
    ("preferred", "asked", "language"),
    [("pt", None, "pt-PT"), ("pt", "en", "en"), ("ja", None, "en"), ("", None, "en")],
)
async def test_the_language_is_that_of_the_request_else_of_the_traveller(
    service: SERVED, preferred: str, asked: str | None, language: str
) -> None:
    await save(service)
    preferences = {"language": preferred or None}
    await service.native("PATCH", f"esims/{GOOD}/preferences", json=preferences)
    preview = (await send(service, language=asked, dryRun=True)).json()
    assert preview["template"]["language"] == language
    by_iccid = {"esimTranNo": None, "iccid": f"8988{GOOD}"}
    preview = (await send(service, language=asked, dryRun=True, **by_iccid)).json()
    assert preview["template"]["language"] == language


async def test_a_message_may_ask_for_a_version(service: SERVED) -> None:
    await save(service)
    await save(service, texts={"en": "New: {country}"})
    old = (await send(service, templateVersion=1, dryRun=True)).json()
    assert old["segments"] == ["Welcome to Japan! 7 days left."]
    assert (await send(service, dryRun=True)).json()["segments"] == ["New: Japan"]
    assert (await send(service, templateVersion=3)).json()["code"] == "template_unknown"


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"template": "unknown"}, 404, "template_unknown"),
        ({"values": {}}, 422, "template_value_missing"),
        ({"values": {"country": "x", "dayz": 1}}, 422, "template_value_invalid"),
        ({"values": {"country": 1}}, 422, "template_value_invalid"),
    ],
)
async def test_a_refusal_stores_no_message_and_is_listed(
    service: SERVED, fields: Any, status: int, code: str
) -> None:
    await save(service)
    answer = await send(service, **fields)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert (await service.native("GET", "messages")).json()["messages"] == []
    await service.services.intake.refusals.flush()
    [refusal] = (await service.native("GET", "refusals")).json()["refusals"]
    assert (refusal["reason"]["code"], refusal["esimTranNo"]) == (code, GOOD)


async def test_a_template_of_another_account_is_unknown(service: SERVED) -> None:
    await save(service, account="other")
    assert (await send(service)).json()["code"] == "template_unknown"


async def test_a_text_that_becomes_too_long_is_refused(service: SERVED) -> None:
    variables = {"a": {"type": "text", "longest": "x"}}
    saved = await save(service, variables=variables, texts={"en": "{a}" * 1_000})
    assert saved.status_code == 201
    answer = await send(service, values={"a": "x" * 6})
    assert (answer.status_code, answer.json()["code"]) == (422, "text_too_long")


async def test_a_replay_gets_the_first_answer_though_the_template_is_gone(service: SERVED) -> None:
    await save(service)
    first = await send(service, key="k")
    await service.native("DELETE", "templates/welcome")
    again = await send(service, key="k")
    assert (again.status_code, again.json()["id"]) == (202, first.json()["id"])


async def test_a_scheduled_message_keeps_its_text_and_source(service: SERVED) -> None:
    await save(service)
    sent = await send(service, sendAt="2026-01-02T00:00:00Z")
    await save(service, texts={"en": "New"})
    shown = (await service.native("GET", f"messages/{sent.json()['id']}")).json()
    assert (shown["state"], shown["text"]) == ("scheduled", "Welcome to Japan! 7 days left.")
    assert shown["template"]["version"] == 1
    await release_at(service, NOW_MS + 86_400_000).run_once()
    released = (await service.native("GET", f"messages/{sent.json()['id']}")).json()
    assert released["state"] == "accepted"
    assert (released["text"], released["template"]) == (shown["text"], shown["template"])


@pytest.mark.parametrize(
    "fields",
    [
        {"text": "x"},
        {"template": "No Name"},
        {"template": None, "text": "x"},
        {"values": {"a b": 1}},
        {"values": {"a": None}},
        {"values": {"a": True}},
        {"values": {"a": [1]}},
        {"values": {f"a{n}": 1 for n in range(51)}},
        {"language": "not a language"},
        {"language": "e" * 40},
        {"templateVersion": 0},
        {"templateVersion": 2**31},
    ],
)
async def test_fields_that_do_not_belong_together_are_refused(service: SERVED, fields: Any) -> None:
    await save(service)
    answer = await send(service, **fields)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


async def test_a_template_gets_the_link_on_which_the_traveller_chooses(service: SERVED) -> None:
    variables = {"optOutUrl": {"type": "text", "longest": "https://sms.example.com/o/" + 24 * "x"}}
    template = {"name": "sale", "variables": variables, "texts": {"en": "Sale! {optOutUrl}"}}
    saved = await service.native("POST", "templates", json=template)
    assert saved.status_code == 201, saved.text
    wanted = {"template": "sale", "values": {}, "category": "promotion", "dryRun": True}
    for numbers in ({}, {"esimTranNo": None, "iccid": f"8988{GOOD}"}):
        [text] = (await send(service, **wanted, **numbers)).json()["segments"]
        url = text.removeprefix("Sale! ")
        page = await service.client.get(url.removeprefix("https://sms.example.com"))
        assert page.status_code == 200
    code = (await send(service, **{**wanted, "category": "code"})).json()
    assert code["reason"]["code"] == "template_value_missing"
