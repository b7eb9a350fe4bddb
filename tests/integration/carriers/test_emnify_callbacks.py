"""What emnify and 1NCE report by calling: their bodies, tokens, parts and repetitions."""

from __future__ import annotations

import asyncio
import json
import time

import pytest
from pydantic import ValidationError

from simpost.carriers.http import HttpCarrier
from simpost.domain.reasons import Reason
from simpost.domain.states import State
from simpost.net.json_web_tokens import sign_token
from simpost.ports.carrier_callbacks import Callback, WrongCallbackSignature
from tests.contract.carrier_peers import Recorder, part
from tests.integration.carriers.emnify_cases import CASES
from tests.integration.carriers.upstream_api import (
    SECRET,
    Reply,
    running_api,
    running_carrier,
    settings_of,
)

TOKEN = "a-token-of-a-carrier-for-tests"
NUMBER = "447700900001"
LIST = f"/api/v1/endpoint/{NUMBER}/sms"
EMNIFY, ONCE = (
    {**each.settings, "callback_token": TOKEN, "receipts": "callback"} for each in CASES
)
SIGNED = {**EMNIFY, "api_secret": SECRET}

RECEIPT = {
    "id": 46638644,
    "status": {"id": 4, "status": "DELIVERED"},
    "endpoint": {"id": 10830095, "name": "Chargepoint"},
    "organisation": {"id": 11060},
    "submit_date": "2021-10-29 07:13:34",
    "final_date": "2021-10-29 07:13:36",
}
"""As a picture of docs.emnify.com, "Configure the SMS interface", shows it."""
TEXT = {
    "id": 46638782,
    "pid": 0,
    "dcs": 0,
    "source_address": 423663920766251,
    "dest_address": 12345,
    "endpoint": {"id": 10830095, "name": "Chargepoint"},
    "multi_part_info": {"partno": 1, "total": 1, "identifier": 46638782},
    "submit_date": "2021-10-29 07:16:45",
    "organisation": {"id": 11060},
    "payload": "This is a message",
}
"""As another one shows it."""
DOCUMENTED = {
    "id": 123,
    "endpoint": {"id": 1, "name": "Your Endpoint"},
    "organisation": {"id": 4, "name": "Your Organisation Name"},
    "source_address": 432311234,
    "dest_address": 12345678,
    "payload": "This is the message text",
    "dcs": 0,
    "pid": 0,
    "submit_date": {},
}
"""The example of cdn.emnify.net/api/doc/sms-callback.html."""


class Inbox(Recorder):
    """Keeps inbound parts, too."""

    def __init__(self):
        super().__init__()
        self.parts = []

    def on_inbound(self, part):
        self.parts.append(part)
        future = asyncio.get_running_loop().create_future()
        future.set_result(None)
        return future


@pytest.fixture
async def started():
    found = []

    async def start(given):
        carrier, inbox = HttpCarrier(settings_of(given, "http://127.0.0.1:9")), Inbox()
        await carrier.start(inbox)
        found.append(carrier)
        return carrier, inbox

    yield start
    for carrier in found:
        await carrier.close()


def call(document, method="POST", **headers):
    return Callback(method, "", headers, json.dumps(document).encode())


def with_texts(value):
    """The same document with its numbers as texts."""
    if isinstance(value, dict):
        return {name: with_texts(each) for name, each in value.items()}
    return str(value)


def bearer(key=SECRET, **claims):
    claims = {"exp": time.time() + 60, **claims}
    return f"Bearer {sign_token(claims, key.encode())}"


@pytest.mark.parametrize("given", [EMNIFY, ONCE], ids=["emnify", "once"])
@pytest.mark.parametrize("document", [RECEIPT, with_texts(RECEIPT)], ids=["numbers", "texts"])
async def test_a_receipt_is_matched_by_its_id_and_the_address(started, given, document):
    carrier, inbox = await started(given)
    assert carrier.capabilities.receipts
    assert carrier.callback_methods == {"PATCH", "POST"}
    for _ in range(2):
        answer = await carrier.receive_callback(call(document, "PATCH"))
        assert answer.body == b"{}"
    address = "10830095" if given is EMNIFY else "Chargepoint"
    found = {(r.carrier_message_id, r.state, r.reason, r.numbers) for r in inbox.receipts}
    assert found == {("46638644", State.DELIVERED, None, (address,))}


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (1, None),
        (2, None),
        (3, (State.SENT, Reason.HANDSET_UNREACHABLE)),
        (5, (State.FAILED, Reason.UNDELIVERABLE)),
        (6, (State.EXPIRED, Reason.EXPIRED_AT_CARRIER)),
        (7, (State.FAILED, Reason.DELETED_AT_CARRIER)),
        (99, None),
    ],
)
async def test_a_receipt_has_the_state_of_its_number(started, status, expected):
    carrier, inbox = await started(EMNIFY)
    await carrier.receive_callback(call({**RECEIPT, "status": {"id": status}}, "PATCH"))
    found = [(each.state, each.reason) for each in inbox.receipts]
    assert found == ([expected] if expected else [])


@pytest.mark.parametrize("document", [TEXT, with_texts(TEXT), DOCUMENTED])
async def test_a_text_of_a_device_is_inbound_once(started, document):
    carrier, inbox = await started(EMNIFY)
    for _ in range(3):
        await carrier.receive_callback(call(document))
    (found,) = inbox.parts
    assert found.source == str(document["source_address"])
    assert found.destination == str(document["dest_address"])
    assert found.octets.decode("utf-16-be") == document["payload"]
    assert found.place.is_alone
    await carrier.receive_callback(call({**document, "id": 124}))  # an equal text
    assert len({each.place.reference for each in inbox.parts}) == 2


@pytest.mark.parametrize("identifier", [46638790, "46638790", 10**18, "a-reference"])
async def test_parts_of_a_text_have_one_reference_and_their_places(started, identifier):
    carrier, inbox = await started(EMNIFY)
    for number in (2, 1):
        info = {"identifier": identifier, "partno": number, "total": 2}
        one = {**TEXT, "id": 46638789 + number, "multi_part_info": info}
        for _ in range(2):
            await carrier.receive_callback(call(one))
    places = [each.place for each in inbox.parts]
    assert [(each.kind, each.total, each.number) for each in places] == [
        ("udh16", 2, 2),
        ("udh16", 2, 1),
    ]
    assert len({each.reference for each in places}) == 1
    assert -(2**63) <= places[0].reference < 2**63


@pytest.mark.parametrize(
    "info",
    [
        {"identifier": 7, "partno": 3, "total": 2},
        {"identifier": 7, "partno": 0, "total": 2},
        {"identifier": 7, "partno": -1, "total": 2},
        {"identifier": 7, "partno": 1, "total": 256},
        {"identifier": 7, "partno": 1, "total": 10**30},
        {"identifier": 7, "partno": 1.5, "total": 2},
        {"identifier": 7.5, "partno": 1, "total": 2},
        {"identifier": True, "partno": True, "total": True},
        {"identifier": "", "partno": 1, "total": 2},
        {"identifier": [7], "partno": [1], "total": [2]},
        {"partno": "\u0661", "total": "\u0662", "identifier": "\u0663"},
        [],
        "2/3",
        None,
    ],
    ids=str,
)
async def test_a_place_that_cannot_be_is_that_of_a_text_alone(started, info):
    carrier, inbox = await started(EMNIFY)
    await carrier.receive_callback(call({**TEXT, "multi_part_info": info}))
    assert inbox.parts[0].place.is_alone


async def test_with_an_api_secret_a_call_needs_a_token_signed_with_it(started):
    carrier, inbox = await started(SIGNED)
    right = bearer()
    wrong = [
        "",
        bearer("another-secret"),
        bearer(exp=time.time() - 3_600),
        right.replace("Bearer", "Basic"),
        right[:-1],
        f"Bearer {SECRET}",
    ]
    for document, method in ((TEXT, "POST"), (RECEIPT, "PATCH")):
        for each in wrong:
            with pytest.raises(WrongCallbackSignature):
                await carrier.receive_callback(call(document, method, authorization=each))
        with pytest.raises(WrongCallbackSignature):
            await carrier.receive_callback(call(document, method))
    assert (inbox.parts, inbox.receipts) == ([], [])
    await carrier.receive_callback(call(TEXT, authorization=right))
    await carrier.receive_callback(call(RECEIPT, "PATCH", authorization=right))
    assert (len(inbox.parts), len(inbox.receipts)) == (1, 1)


async def test_without_an_api_secret_a_token_is_not_looked_at(started):
    carrier, inbox = await started(EMNIFY)
    await carrier.receive_callback(call(TEXT, authorization=bearer("of-somebody-else")))
    assert len(inbox.parts) == 1


async def test_the_id_of_a_part_is_looked_for_though_its_state_is_not_asked_for() -> None:
    async with running_api() as api:
        path, reply = CASES[0].log_in
        api.script(reply, path=path)
        sent = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        listed = [{"id": 589, "payload": "hello", "submit_date": sent}]
        api.script(
            lambda request: Reply(201) if request.method == "POST" else Reply(200, listed),
            path=LIST,
        )
        async with running_carrier(EMNIFY, api.url) as (carrier, recorder):
            outcome = await recorder.outcome(carrier, part(NUMBER))
            assert outcome.carrier_message_id == "589"
            receipt = {**RECEIPT, "id": 589, "endpoint": {"id": int(NUMBER)}}
            await carrier.receive_callback(call(receipt, "PATCH"))
        asked = [(each.method, each.path) for each in api.requests if each.path != path]
    assert asked == [("POST", LIST), ("GET", LIST)]
    (found,) = recorder.receipts
    assert (found.carrier_message_id, found.numbers) == ("589", (NUMBER,))


HOSTILE = [
    b"",
    b"null",
    b"{",
    b"[" * 100_000,
    b'{"payload":' * 50_000,
    b"\xff\xfe{}",
    b'{"id": 1, "payload": "\xff", "source_address": 1}',
    b'{"id": 1, "payload": "\\ud800", "source_address": 1}',
    b'{"id": 1' + b"0" * 5_000 + b', "payload": "x", "source_address": 1}',
    b'{"id": 1e999, "payload": "x", "source_address": 1}',
    b'{"id": NaN, "payload": "x", "source_address": 1}',
    b"[",
    *(
        json.dumps({**TEXT, **changed}).encode()
        for changed in (
            {"id": 1.5},
            {"id": 46638782.0},
            {"id": True},
            {"id": None},
            {"id": [46638782]},
            {"id": {"id": 1}},
            {"id": "4\0"},
            {"id": "4" * 300},
            {"source_address": 4.2e11},
            {"source_address": True},
            {"source_address": "1\0"},
            {"source_address": ["1"]},
            {"source_address": "4" * 300},
            {"source_address": ""},
            {"payload": 7},
            {"payload": None},
            {"payload": ["text"]},
            {"payload": {"text": "x"}},
        )
    ),
]


@pytest.mark.parametrize("body", HOSTILE, ids=range(len(HOSTILE)))
async def test_a_hostile_body_changes_nothing_and_is_not_sent_again(started, body, capsys):
    carrier, inbox = await started(EMNIFY)
    await carrier.receive_callback(Callback("PATCH", "", {}, body))
    await carrier.receive_callback(Callback("POST", "", {}, body))
    assert (inbox.parts, inbox.receipts) == ([], [])
    assert "callback_not_understood" in capsys.readouterr().out


@pytest.mark.parametrize(
    "changed",
    [
        {"status": {"id": 4.0}},
        {"status": {"id": [4]}},
        {"status": [4]},
        {"status": None},
        {"id": 46638644.5},
        {"id": {"status": 4}},
    ],
    ids=str,
)
async def test_a_receipt_of_wrong_types_is_not_understood(started, changed, capsys):
    carrier, inbox = await started(EMNIFY)
    await carrier.receive_callback(call({**RECEIPT, **changed}, "PATCH"))
    assert inbox.receipts == []
    assert "callback_not_understood" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("given", "changed"),
    [
        (EMNIFY, {"callback_token": ""}),
        (ONCE, {"callback_token": ""}),
        (EMNIFY, {"callback_token": "", "receipts": "poll", "api_secret": SECRET}),
    ],
)
def test_settings_of_calls_need_a_token(given, changed):
    with pytest.raises(ValidationError, match="needs callback_token"):
        settings_of({**given, **changed}, "http://127.0.0.1:9")
