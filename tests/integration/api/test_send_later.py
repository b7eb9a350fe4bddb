"""Messages with `sendAt`, and cancelling what has not left."""

import pytest

from simpost.domain.messages import format_id
from tests.contract.store_facts import in_doubt, leased, receipt, refused, settlement

GOOD = "26010100000001"
LATER = "2099-01-01T00:00:00Z"


async def post(service, **fields):
    body = {"esimTranNo": GOOD, "text": "Hello"} | fields
    return await service.native("POST", "messages", json=body)


async def leave(service, *results, receipts=()):
    """A message that a lane has leased, with the results of its attempts; returns its id."""
    one = leased()
    await service.store.queue.accept(one)
    await service.store.queue.record([result(one, carrier_message_id="a1") for result in results])
    await service.store.queue.record([], receipts)
    return format_id(one.id)


async def cancel(service, message_id):
    return await service.native("DELETE", f"messages/{message_id}")


async def test_a_time_in_the_past_or_too_far_ahead_is_refused_with_its_own_code(service):
    passed = await post(service, sendAt="2020-01-01T00:00:00Z")
    assert (passed.status_code, passed.json()["code"]) == (422, "send_at_passed")
    far = await post(service, sendAt=LATER)
    assert (far.status_code, far.json()["code"]) == (422, "send_at_too_far")
    number = await post(service, sendAt=1_767_225_600)
    assert (number.status_code, number.json()["code"]) == (422, "invalid_request")


async def test_a_queued_message_is_cancelled_and_stays_so(service):
    message_id = (await post(service)).json()["id"]
    for _ in range(2):
        answer = await service.native("DELETE", f"messages/{message_id}")
        assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
    unknown = await service.native("DELETE", "messages/00000000-0000-7000-8000-000000000000")
    assert unknown.status_code == 404


async def assert_not_cancelled(service, message_id, state):
    answer = await cancel(service, message_id)
    assert answer.status_code == 409
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json() == {
        "type": "about:blank",
        "title": "Conflict",
        "status": 409,
        "code": "not_cancellable",
        "detail": f"The message is {state}: only an unsent message can be cancelled.",
        "state": state,
    }
    shown = (await service.native("GET", f"messages/{message_id}")).json()
    assert shown["state"] == state


@pytest.mark.parametrize(
    ("results", "receipts", "state"),
    [
        ([], [], "accepted"),
        ([settlement], [], "sent"),
        ([refused], [], "rejected"),
        ([in_doubt], [], "in_doubt"),
        ([settlement], [receipt("a1")], "delivered"),
    ],
)
async def test_what_left_is_not_cancelled_and_its_state_is_named(service, results, receipts, state):
    message_id = await leave(service, *results, receipts=receipts)
    await assert_not_cancelled(service, message_id, state)


async def test_the_answer_to_a_late_cancel_is_described(service):
    document = (await service.client.get("/openapi.json")).json()
    answers = document["paths"]["/v1/messages/{id}"]["delete"]["responses"]
    described = answers["409"]["content"]["application/problem+json"]["schema"]
    assert described == {"$ref": "#/components/schemas/NotCancellable"}
    schema = document["components"]["schemas"]["NotCancellable"]
    message_id = await leave(service)
    problem = (await cancel(service, message_id)).json()
    assert problem["code"] == schema["properties"]["code"]["const"]
    assert problem["state"] in document["components"]["schemas"]["State"]["enum"]
    assert set(schema["required"]) <= set(problem) <= set(schema["properties"])
