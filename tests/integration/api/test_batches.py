"""Batches of messages: one result each, in order, and one idempotency key for all."""

import json
from typing import Any

import pytest

from simpost.errors import StoreTimeout
from simpost.ports.store import MessageFilter
from tests.integration.api.test_templates import save

GOOD = "26010100000001"
NOT_INSTALLED = "26010100000003"
STRANGER = "26010100000090"
SERVED = Any  # the `service` fixture of conftest.py


def item(text: str = "Hello", **fields: Any) -> dict[str, Any]:
    return {"esimTranNo": GOOD, "text": text} | fields


async def send(service: SERVED, *items: Any, key: str | None = None, **request: Any) -> Any:
    headers = {"Idempotency-Key": key} if key else {}
    body = {"messages": list(items)}
    return await service.native("POST", "messages", json=body, headers=headers, **request)


async def texts(service: SERVED) -> list[str]:
    found = await service.store.log.list_messages(1, MessageFilter(limit=2000))
    return sorted(message.text for message in found)


async def test_every_message_of_a_batch_has_its_own_result(service: SERVED) -> None:
    answer = await send(service, item("one"), item("two", esimTranNo=NOT_INSTALLED), item("three"))
    assert answer.status_code == 207
    document = answer.json()
    assert (document["accepted"], document["refused"]) == (2, 1)
    statuses = [each["status"] for each in document["results"]]
    assert statuses == [202, 409, 202]
    assert document["results"][1]["problem"]["code"] == "not_installed"
    shown = await service.native("GET", f"messages/{document['results'][2]['message']['id']}")
    assert shown.json()["text"] == "three"
    assert await texts(service) == ["one", "three"]


async def test_a_result_is_the_response_to_the_message_alone(service: SERVED) -> None:
    fields: list[dict[str, Any]] = [
        {"text": "It’s " + "x" * 160, "lookAlikes": True},
        {"text": "later", "sendAt": "2026-01-02T00:00:00Z"},
        {"text": "hello", "receipt": False},
    ]
    batch = (await send(service, *(item(**each) for each in fields))).json()["results"]
    for each, result in zip(fields, batch, strict=True):
        alone = await service.native("POST", "messages", json=item(**each))
        assert result["status"] == alone.status_code
        assert result["problem"] is None
        assert {**result["message"], "id": ""} == {**alone.json(), "id": ""}


async def test_a_malformed_message_does_not_lose_the_others(service: SERVED) -> None:
    wrong: list[Any] = [{"text": "x"}, item(colour=1), item(text=5), "x", None, item(iccid="a b")]
    answer = await send(service, item("first"), *wrong, item("last"))
    results = answer.json()["results"]
    assert [each["status"] for each in results] == [202, *[422] * 6, 202]
    assert {each["problem"]["code"] for each in results[1:-1]} == {"invalid_request"}
    assert results[2]["problem"]["errors"] == [
        {"at": "body.messages.2.colour", "reason": "is not a field of this request"}
    ]
    assert await texts(service) == ["first", "last"]


async def test_a_batch_of_one_thousand_is_accepted_and_more_is_refused(service: SERVED) -> None:
    many = [item(f"{number:04d}") for number in range(1000)]
    document = (await send(service, *many)).json()
    assert document["accepted"] == 1000
    assert await texts(service) == [each["text"] for each in many]
    answer = await send(service, *many, item("beyond"))
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error == {"at": "body.messages", "reason": "must have at most 1000 entries"}


@pytest.mark.parametrize(
    "body", [{"messages": []}, {"messages": "x"}, {"messages": [item()], "text": "x"}]
)
async def test_a_malformed_batch_is_refused_as_a_whole(service: SERVED, body: Any) -> None:
    answer = await service.native("POST", "messages", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"]
    assert await texts(service) == []


async def test_a_repeated_batch_is_sent_once(service: SERVED) -> None:
    items = [item("one"), item("two", esimTranNo=NOT_INSTALLED), item("three")]
    first = await send(service, *items, key="k")
    again = await send(service, *items, key="k")
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    results = again.json()["results"]
    assert [each["replayed"] for each in results] == [True] * 3
    for before, after in zip(first.json()["results"], results, strict=True):
        assert before == {**after, "replayed": False}
    assert await texts(service) == ["one", "three"]


async def test_the_key_of_a_batch_is_refused_for_another_request(service: SERVED) -> None:
    await send(service, item("one"), key="k")
    longer = await send(service, item("one"), item("two"), key="k")
    assert (longer.status_code, longer.json()["code"]) == (422, "request_id_reused")
    alone = await service.native(
        "POST", "messages", json=item("one"), headers={"Idempotency-Key": "k"}
    )
    assert (alone.status_code, alone.json()["code"]) == (422, "request_id_reused")
    assert await texts(service) == ["one"]


async def test_a_message_of_a_batch_may_have_its_own_key(service: SERVED) -> None:
    one = item("one", idempotencyKey="a")
    await send(service, one, item("two", idempotencyKey="b"))
    again = (await send(service, one, item("other", idempotencyKey="b"))).json()["results"]
    assert [(each["status"], each["replayed"]) for each in again] == [(202, True), (422, False)]
    assert again[1]["problem"]["code"] == "request_id_reused"
    assert await texts(service) == ["one", "two"]


async def test_a_key_stands_for_the_same_message_beside_any_other(service: SERVED) -> None:
    one = {"idempotencyKey": "a", **item("é", receipt=True, category="code")}
    await send(service, one)
    again = (await send(service, one, {"iccid": 5})).json()["results"]
    assert (again[0]["status"], again[0]["replayed"]) == (202, True)


async def test_the_log_shows_the_key_of_the_batch(service: SERVED) -> None:
    document = (await send(service, item("one"), key="night run")).json()
    id_ = document["results"][0]["message"]["id"]
    assert (await service.native("GET", f"messages/{id_}")).json()["requestId"] == "night run"


async def test_a_batch_never_reaches_the_esims_of_another_account(service: SERVED) -> None:
    results = (await send(service, item("x", esimTranNo=STRANGER), item("y"))).json()["results"]
    assert [each["status"] for each in results] == [404, 202]


async def test_a_dry_run_of_a_batch_shows_each_decision(service: SERVED) -> None:
    items = [item("one"), item("two", esimTranNo=NOT_INSTALLED), {"text": "three"}]
    answer = await send(service, *items, params={"dryRun": "true"}, key="k")
    assert answer.status_code == 200
    results = answer.json()["results"]
    assert [each["status"] for each in results] == [200, 200, 422]
    assert [each["preview"]["decision"] for each in results[:2]] == ["send", "refuse"]
    assert results[2]["problem"]["code"] == "invalid_request"
    assert await texts(service) == []


async def test_messages_that_the_store_refuses_say_so(
    service: SERVED, monkeypatch: pytest.MonkeyPatch
) -> None:
    accept = service.store.queue.accept

    async def fail_for_two(message: Any) -> Any:
        if message.text == "two":
            raise StoreTimeout
        return await accept(message)

    monkeypatch.setattr(type(service.store.queue), "accept", lambda _, one: fail_for_two(one))
    answer = await send(service, item("one"), item("two"), item("three"))
    assert answer.headers["retry-after"] == "1"
    assert [each["status"] for each in answer.json()["results"]] == [202, 503, 202]
    assert await texts(service) == ["one", "three"]


async def test_a_batch_of_templates_is_rendered_with_each_ones_values(service: SERVED) -> None:
    await save(service)
    greet = [
        {"esimTranNo": GOOD, "template": "welcome", "values": {"country": country}}
        for country in ("Japan", "Peru")
    ]
    results = (await send(service, *greet, {**greet[0], "values": {}})).json()["results"]
    assert [each["status"] for each in results] == [202, 202, 422]
    assert await texts(service) == [
        "Welcome to Japan! 7 days left.",
        "Welcome to Peru! 7 days left.",
    ]


async def test_a_batch_may_be_larger_than_other_bodies(service: SERVED) -> None:
    large = [item("x" * 600) for _ in range(250)]
    assert len(json.dumps(large)) > service.services.max_body_octets
    assert (await send(service, *large)).json()["accepted"] == 250


async def test_a_message_alone_may_give_its_key_in_the_body(service: SERVED) -> None:
    one = item("one", idempotencyKey="a")
    first = await service.native("POST", "messages", json=one)
    again = await service.native("POST", "messages", json=one, headers={"Idempotency-Key": "a"})
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json()["id"] == first.json()["id"]
    other = await service.native("POST", "messages", json=one, headers={"Idempotency-Key": "b"})
    assert other.status_code == 422
