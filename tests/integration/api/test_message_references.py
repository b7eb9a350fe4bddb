"""The caller's own reference of a message: stored, shown, and checked like any other field."""

from typing import Any

import pytest

from tests.integration.api.conftest import GOOD

SERVED = Any  # the `service` fixture of conftest.py
REFERENCE = "order 4711/b"


async def post(service: SERVED, *, dry_run: bool = False, **fields: Any) -> Any:
    body = {"esimTranNo": GOOD, "text": "Hello"} | fields
    query = {"dryRun": "true"} if dry_run else {}
    return await service.native("POST", "messages", json=body, params=query)


async def show(service: SERVED, sent: Any) -> dict[str, Any]:
    assert sent.status_code == 202, sent.text
    shown = (await service.native("GET", f"messages/{sent.json()['id']}")).json()
    [listed] = (await service.native("GET", "messages", params={"limit": 1})).json()["messages"]
    assert listed["reference"] == shown["reference"]
    return shown


@pytest.mark.parametrize(
    "more",
    [{}, {"lookAlikes": True}, {"sendAt": "2026-01-02T00:00:00Z"}],
    ids=["usual", "with options", "scheduled"],
)
async def test_a_message_is_shown_with_its_reference(service: SERVED, more: Any) -> None:
    sent = await post(service, reference=REFERENCE, **more)
    assert (await show(service, sent))["reference"] == REFERENCE


async def test_a_message_without_a_reference_shows_null(service: SERVED) -> None:
    for fields in ({}, {"reference": None}):
        assert (await show(service, await post(service, **fields)))["reference"] is None


async def test_one_reference_may_belong_to_several_messages(service: SERVED) -> None:
    first = await post(service, reference=REFERENCE)
    second = await post(service, reference=REFERENCE)
    assert first.json()["id"] != second.json()["id"]


async def test_each_message_of_a_batch_has_its_own(service: SERVED) -> None:
    items = [
        {"esimTranNo": GOOD, "text": "Hello"} | more
        for more in ({"reference": "a"}, {}, {"reference": "b", "receipt": False})
    ]
    sent = (await service.native("POST", "messages", json={"messages": items})).json()
    ids = [each["message"]["id"] for each in sent["results"]]
    shown = [(await service.native("GET", f"messages/{each}")).json() for each in ids]
    assert [each["reference"] for each in shown] == ["a", None, "b"]


@pytest.mark.parametrize(
    "reference",
    [
        "",
        " a",
        "a ",
        " ",
        "a" * 129,
        "ä",
        "a\nb",
        "a\x00b",
        "a\x7fb",
        "日本",
        4711,
        True,
        ["a"],
        {},
    ],
    ids=repr,
)
@pytest.mark.parametrize("more", [{}, {"lookAlikes": True}], ids=["usual", "with options"])
async def test_another_reference_is_refused_with_its_field(
    service: SERVED, reference: Any, more: Any
) -> None:
    answer = await post(service, reference=reference, **more)
    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert error["at"] == "body.reference"


@pytest.mark.parametrize("reference", ["a", "a" * 128, "a b", "=1+1", "'; DROP TABLE messages;--"])
async def test_any_printable_ascii_is_allowed(service: SERVED, reference: str) -> None:
    sent = await post(service, reference=reference)
    assert (await show(service, sent))["reference"] == reference


async def test_a_refusal_is_listed_with_its_reference(service: SERVED) -> None:
    await post(service, esimTranNo="26010100000003", reference=REFERENCE)
    [refusal] = (await service.native("GET", "refusals")).json()["refusals"]
    assert refusal["reference"] == REFERENCE


async def test_a_bad_reference_loses_only_its_own_message(service: SERVED) -> None:
    items = [{"esimTranNo": GOOD, "text": "Hello", "reference": each} for each in ("ok", "ä")]
    sent = (await service.native("POST", "messages", json={"messages": items})).json()
    assert [each["status"] for each in sent["results"]] == [202, 422]


async def test_the_same_key_with_another_reference_is_another_request(service: SERVED) -> None:
    answers = [
        await service.native(
            "POST",
            "messages",
            json={"esimTranNo": GOOD, "text": "Hello", "reference": reference},
            headers={"Idempotency-Key": "k"},
        )
        for reference in ("a", "b")
    ]
    assert [each.status_code for each in answers] == [202, 422]
    assert answers[1].json()["code"] == "request_id_reused"
