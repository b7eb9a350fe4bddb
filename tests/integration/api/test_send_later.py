"""Messages with `sendAt`, and cancelling what has not left."""

GOOD = "26010100000001"
LATER = "2099-01-01T00:00:00Z"


async def post(service, **fields):
    body = {"esimTranNo": GOOD, "text": "Hello"} | fields
    return await service.native("POST", "messages", json=body)


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
