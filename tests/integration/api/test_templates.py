"""Templates over HTTP: saved, listed, rendered and deleted, by one account only."""

from typing import Any

import pytest

SERVED = Any  # the `service` fixture of conftest.py
WELCOME = {
    "name": "welcome",
    "variables": {
        "country": {"type": "text", "longest": "Bosnia and Herzegovina"},
        "days": {"type": "number", "longest": 365, "default": 7},
    },
    "texts": {
        "en": "Welcome to {country}! {days, plural, one {# day} other {# days}} left.",
        "pt-PT": "Bem-vindo: {country}. {days, plural, one {# dia} other {# dias}}.",
    },
}


async def save(service: SERVED, account: str = "demo", **changes: Any) -> Any:
    return await service.native("POST", "templates", json=WELCOME | changes, account=account)


async def get(service: SERVED, path: str, **request: Any) -> Any:
    return await service.native("GET", f"templates{path}", **request)


async def test_a_template_is_shown_as_it_was_saved(service: SERVED) -> None:
    saved = await save(service)
    assert saved.status_code == 201
    assert (saved.json()["name"], saved.json()["version"]) == ("welcome", 1)
    shown = (await get(service, "/welcome")).json()
    assert shown["texts"] == WELCOME["texts"]
    assert shown["variables"]["country"] == {
        "type": "text",
        "longest": "Bosnia and Herzegovina",
        "default": None,
    }
    assert (shown["defaultLanguage"], shown["createdAt"]) == ("en", "2026-01-01T00:00:00.000Z")


async def test_a_change_is_a_new_version_and_the_old_one_stays(service: SERVED) -> None:
    await save(service)
    assert (await save(service)).status_code == 200
    changed = await save(service, texts={"en": "Hello"})
    assert (changed.status_code, changed.json()["version"]) == (201, 2)
    assert (await get(service, "/welcome")).json()["texts"] == {"en": "Hello"}
    assert (await get(service, "/welcome/versions/1")).json()["texts"] == WELCOME["texts"]
    assert (await get(service, "/welcome/versions/3")).status_code == 404


async def test_a_save_shows_the_longest_text_of_each_language(service: SERVED) -> None:
    texts = {"en": "{days, plural, one {#} other {# days}}", "ru": "{days, plural, other {# дня}}"}
    saved = (await save(service, texts=texts, dryRun=True)).json()
    english, russian = saved["longest"]
    assert (english["language"], english["text"]) == ("en", "365 days")
    assert (english["encoding"], english["partCount"], english["ucs2Triggers"]) == ("gsm7", 1, [])
    assert (russian["encoding"], russian["text"]) == ("ucs2", "365 дня")
    assert [each["character"] for each in russian["ucs2Triggers"]] == ["д", "н", "я"]
    assert saved["version"] is None
    assert (await get(service, "/welcome")).status_code == 404


async def test_every_mistake_is_named_with_its_place(service: SERVED) -> None:
    texts = {"en": "{days} {dayz} {country, plural, other {#}}", "de": "{", "qqq": "x"}
    answer = await save(service, texts=texts, defaultLanguage="fr")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert [(each["at"], each["reason"]) for each in answer.json()["errors"]] == [
        ("body.defaultLanguage", "there is no text in fr"),
        ("body.texts.en", "the variable dayz is not declared"),
        (
            "body.texts.en",
            "the variable country is used as a number and declared as text",
        ),
        (
            "body.texts.de",
            "At character 2: { needs a variable name: a letter, then letters, digits, _.",
        ),
        ("body.texts.qqq", "the language is unknown"),
    ]


async def test_templates_are_listed_in_pages(service: SERVED) -> None:
    for name in ("b", "a", "c"):
        await save(service, name=name)
    first = (await get(service, "?limit=2")).json()
    assert [each["name"] for each in first["templates"]] == ["a", "b"]
    assert first["templates"][0]["languages"] == ["en", "pt-PT"]
    assert first["templates"][0]["variables"] == ["country", "days"]
    second = (await get(service, f"?limit=2&cursor={first['next']}")).json()
    assert [each["name"] for each in second["templates"]] == ["c"]
    assert second["next"] is None


async def test_a_template_is_rendered_in_the_closest_language(service: SERVED) -> None:
    await save(service)

    async def rendered(**fields: Any) -> Any:
        values = {"country": "Japan", "days": 1}
        path = "templates/welcome/render"
        return (await service.native("POST", path, json={"values": values} | fields)).json()

    text = await rendered()
    assert text["text"] == "Welcome to Japan! 1 day left."
    assert text["template"] == {"name": "welcome", "version": 1, "language": "en"}
    assert (await rendered(language="pt-BR"))["text"] == "Bem-vindo: Japan. 1 dia."
    assert (await rendered(language="ja"))["template"]["language"] == "en"
    assert (await rendered(values={"country": "Japan"}))["text"].endswith("7 days left.")


@pytest.mark.parametrize(
    ("values", "code", "detail"),
    [
        ({}, "template_value_missing", "The value of country is missing."),
        ({"country": 1}, "template_value_invalid", "The value of country must be a string."),
        ({"country": "x", "dayz": 1}, "template_value_invalid", "declares no variable dayz."),
        ({"country": "x", "days": "1"}, "template_value_invalid", "days must be a number."),
        (
            {"country": "x", "days": 10**400},
            "template_value_invalid",
            "days must be a number below",
        ),
        (
            {"country": "x", "days": 10.0**15},
            "template_value_invalid",
            "days must be a number below",
        ),
        ({"country": "x\0"}, "template_value_invalid", "country must not contain a NUL"),
        ({"country": "x" * 1001}, "template_value_invalid", "country has 1,001 characters"),
    ],
)
async def test_values_must_fit_the_variables(
    service: SERVED, values: Any, code: str, detail: str
) -> None:
    await save(service)
    answer = await service.native("POST", "templates/welcome/render", json={"values": values})
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert detail in answer.json()["detail"]


async def test_a_deleted_template_is_gone_and_its_numbers_continue(service: SERVED) -> None:
    await save(service)
    assert (await service.native("DELETE", "templates/welcome")).json() == {"name": "welcome"}
    assert (await service.native("DELETE", "templates/welcome")).status_code == 404
    assert (await get(service, "/welcome")).status_code == 404
    assert (await save(service)).json()["version"] == 2


async def test_an_account_sees_nothing_of_the_templates_of_another(service: SERVED) -> None:
    await save(service, account="other")
    assert (await get(service, "")).json()["templates"] == []
    unknown = await get(service, "/unknown")
    for method, path, body in (
        ("GET", "/welcome", None),
        ("GET", "/welcome/versions/1", None),
        ("GET", "/welcome/preview", None),
        ("POST", "/welcome/render", {"values": {"country": "x"}}),
        ("DELETE", "/welcome", None),
    ):
        answer = await service.native(method, f"templates{path}", json=body)
        assert (answer.status_code, answer.json()) == (404, unknown.json())
    assert (await get(service, "/welcome", account="other")).json()["version"] == 1


async def test_the_default_language_is_that_of_the_account(service: SERVED) -> None:
    await service.operate("PATCH", "accounts/demo", json={"language": "pt-pt"})
    assert (await save(service)).json()["defaultLanguage"] == "pt-PT"
    refused = await save(service, texts={"en": "Hello"})
    assert refused.json()["errors"] == [
        {"at": "body.defaultLanguage", "reason": "there is no text in pt-PT"}
    ]
    assert (await save(service, defaultLanguage="en")).json()["version"] == 2


@pytest.mark.parametrize(
    "literal", ["NaN", "Infinity", "-Infinity", "1e999", "1" * 5000, '"\\ud800"', "true", "[]"]
)
async def test_values_that_json_parsers_let_pass_are_refused(service: SERVED, literal: str) -> None:
    await save(service)
    body = f'{{"values": {{"country": "x", "days": {literal}}}}}'
    answer = await service.native(
        "POST",
        "templates/welcome/render",
        content=body,
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"
