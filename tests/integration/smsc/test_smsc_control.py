"""The HTTP side that changes something."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

import pytest

from simpost.smpp import BindTransmitter, CloseReason, DeliverSm, Status, SubmitSmResp
from simpost.smsc import Simulator
from simpost.smsc.content import UDHI
from simpost.smsc.fault_file import MAX_OCTETS
from simpost.text import GSM7, UCS2, decode, parse_header
from tests.integration.smsc.conftest import Start
from tests.integration.smsc.esme import NUMBER, HttpClient, bound, submit

RULES = {
    "rules": [
        {
            "do": {"fault": "refuse", "status": "ESME_RTHROTTLED"},
            "when": {"every": 2},
            "name": "half",
        }
    ]
}
REPLY = {"to": "4455", "text": "STOP"}


async def test_faults_are_put_shown_counted_and_ended(
    simulator: Simulator, http: HttpClient
) -> None:
    assert await http.get("/faults") == {"rules": []}
    assert await http.request("/faults", "PUT", data=json.dumps(RULES)) == (200, RULES)
    assert await http.get("/faults") == RULES
    async with bound(simulator) as esme:
        statuses = [
            (await esme.request(submit(short_message=b"x"), SubmitSmResp)).command_status
            for _ in range(4)
        ]
        assert statuses == [0, Status.ESME_RTHROTTLED] * 2
        assert (await http.get("/stats"))["faults"] == {"half": 2}
        assert await http.request("/faults", "DELETE") == (204, None)
        assert await http.get("/faults") == {"rules": []}
        await esme.send("kind again")


async def test_faults_that_are_wrong_are_refused_and_the_others_stay(http: HttpClient) -> None:
    await http.request("/faults", "PUT", data=json.dumps(RULES))
    wrong = json.dumps({"rules": [{"do": {"fault": "slow", "seconds": -1}}]})
    status, body = await http.request("/faults", "PUT", data=wrong)
    assert (status, body["error"]["code"]) == (400, "badRequest")
    assert body["error"]["message"].startswith("rule 1, do.seconds: ")
    assert await http.get("/faults") == RULES


async def test_a_body_too_large_is_not_read(http: HttpClient) -> None:
    status, body = await http.request("/faults", "PUT", data=BytesIO(b" " * (MAX_OCTETS + 1)))
    assert (status, body["error"]["code"]) == (413, "tooLarge")


async def test_a_handset_is_switched_off_and_on(simulator: Simulator, http: HttpClient) -> None:
    status, handset = await http.request(f"/handsets/+{NUMBER}/off", "POST")
    assert (status, handset["number"], handset["on"]) == (200, NUMBER, False)
    async with bound(simulator) as esme:
        await esme.send("Hello")
        [listed] = await http.get("/handsets")
        assert (listed["on"], listed["pendingTexts"], listed["messages"]) == (False, 1, [])
        assert (await http.get("/stats"))["off"] == 1
        status, handset = await http.request(f"/handsets/{NUMBER}/on", "POST")
    assert (handset["on"], handset["pendingTexts"], handset["received"]) == (True, 0, 1)
    assert handset["messages"][0]["text"] == "Hello"


async def test_watchers_are_notified_of_handsets_that_go_offline(
    simulator: Simulator, http: HttpClient
) -> None:
    async with http.events() as events:
        await http.request(f"/handsets/{NUMBER}/off", "POST")
        while (event := await anext(events))[0] != "switched":
            pass
    [switched] = event[1]["handsets"]
    assert (switched["number"], switched["on"], switched["condition"]) == (NUMBER, False, "off")


async def test_deleting_the_handsets_deletes_queued_texts(
    simulator: Simulator, http: HttpClient
) -> None:
    await http.request(f"/handsets/{NUMBER}/off", "POST")
    async with bound(simulator) as esme:
        await esme.send("Hello")
        await http.request("/handsets", "DELETE")
        assert (await http.get("/stats"))["off"] == 0
        assert simulator.offline.texts == 0
        await esme.send("after")
    [handset] = await http.get("/handsets")
    assert [message["text"] for message in handset["messages"]] == ["after"]


def read(*parts: DeliverSm) -> str:
    texts = []
    for part in parts:
        start = parse_header(part.short_message).octets if part.esm_class & UDHI else 0
        texts.append(decode(part.short_message[start:], UCS2 if part.data_coding == 8 else GSM7))
    return "".join(texts)


@pytest.mark.parametrize(
    ("text", "parts", "data_coding"),
    [
        ("STOP", 1, 0),
        ("Γειά σου 🏖️", 1, 8),
        ("many words [] " * 20, 3, 0),
        ("πολλά λόγια 🏖️ " * 20, 5, 8),
    ],
)
async def test_a_text_from_a_handset_reaches_the_esme_and_the_responses_are_shown(
    simulator: Simulator, http: HttpClient, text: str, parts: int, data_coding: int
) -> None:
    async with bound(simulator) as esme:
        reply = json.dumps({"to": "4455", "text": text})
        status, body = await http.request(f"/handsets/{NUMBER}/messages", "POST", data=reply)
        came = [await esme.delivered() for _ in range(parts)]
    assert (status, body["to"], body["responses"]) == (200, "4455", ["ESME_ROK"] * parts)
    assert read(*came) == text
    assert {part.data_coding for part in came} == {data_coding}
    assert {(part.source_addr, part.destination_addr) for part in came} == {(NUMBER, "4455")}
    assert (came[0].source_addr_ton, came[0].source_addr_npi) == (1, 1)
    places = [parse_header(part.short_message).concatenation for part in came]
    if parts > 1:
        assert [(place.number, place.total) for place in places if place] == [
            (number, parts) for number in range(1, parts + 1)
        ]
    [handset] = await http.get("/handsets")
    assert (handset["received"], handset["messages"][0]["text"]) == (0, text)


async def test_a_temporary_refusal_of_the_esme_is_shown_and_repeated(
    simulator: Simulator, http: HttpClient
) -> None:
    async with bound(simulator) as esme:
        esme.statuses = [Status.ESME_RX_T_APPN]
        _, body = await http.request(f"/handsets/{NUMBER}/messages", "POST", json=REPLY)
        assert body["responses"] == ["ESME_RX_T_APPN"]
        assert read(await esme.delivered()) == read(await esme.delivered()) == "STOP"
        messages = (await http.get("/stats"))["messages"]
    assert (messages["sent"], messages["repeated"]) == (2, 1)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ("{", 400, "badRequest"),
        ("{}", 400, "badRequest"),
        (json.dumps(REPLY | {"more": 1}), 400, "badRequest"),
        (json.dumps(REPLY | {"to": ""}), 400, "badRequest"),
        (json.dumps(REPLY | {"to": "a name too long"}), 400, "badRequest"),
        (json.dumps(REPLY | {"text": "x" * 40_000}), 400, "badRequest"),
    ],
)
async def test_an_invalid_text_from_a_handset_is_refused(
    simulator: Simulator, http: HttpClient, body: str, status: int, code: str
) -> None:
    async with bound(simulator) as esme:
        answered, said = await http.request(f"/handsets/{NUMBER}/messages", "POST", data=body)
        assert esme.has_nothing
    assert (answered, said["error"]["code"]) == (status, code)
    assert await http.get("/handsets") == []


async def test_without_a_receiver_nothing_is_sent(simulator: Simulator, http: HttpClient) -> None:
    async with bound(simulator, BindTransmitter):
        status, body = await http.request(f"/handsets/{NUMBER}/messages", "POST", json=REPLY)
    assert (status, body["error"]["code"]) == (409, "conflict")


async def test_a_handset_that_is_off_sends_nothing(simulator: Simulator, http: HttpClient) -> None:
    simulator.handset_off(NUMBER)
    async with bound(simulator):
        status, body = await http.request(f"/handsets/{NUMBER}/messages", "POST", json=REPLY)
    assert (status, body["error"]["message"]) == (409, "The handset is off.")


async def test_an_esme_that_never_answers_is_shown_as_such(start: Start) -> None:
    simulator = await start(response_timeout_s=0.05)
    async with bound(simulator) as esme:
        esme.on_request = lambda *_: None  # type: ignore[method-assign]
        message = await simulator.send_from_handset(NUMBER, "4455", "STOP")
        assert message is not None
        assert message.responses == ["no response"]


async def test_disconnecting_resets_every_session(simulator: Simulator, http: HttpClient) -> None:
    async with bound(simulator) as one, bound(simulator) as two:
        assert await http.request("/disconnect", "POST") == (200, {"disconnected": 2})
        reasons = [await each.session.wait_closed() for each in (one, two)]
    assert reasons == [CloseReason.CONNECTION_LOST] * 2


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", f"/handsets/{NUMBER}/messages", b'{"to": "\xff", "text": "x"}'),
        ("PUT", "/tags/tests", b'{"numbers": ["\xff"]}'),
        ("PUT", "/catalogue", b'{"plans": [{"code": "\xff", "name": "x"}]}'),
        ("PUT", "/faults", b'{"rules": [{"do": {"fault": "\xff"}}]}'),
    ],
)
async def test_a_body_that_is_no_utf8_is_refused(
    http: HttpClient, method: str, path: str, body: bytes
) -> None:
    status, found = await http.request(path, method, data=body)
    assert (status, found["error"]["code"]) == (400, "badRequest")


@pytest.mark.parametrize("number", ["abc", "1" * 21, "١٢٣"])
async def test_only_a_number_is_a_handset(http: HttpClient, number: str) -> None:
    status, _ = await http.request(f"/handsets/{number}/off", "POST")
    assert status == 400


@pytest.mark.parametrize(
    ("path", "given"),
    [
        (f"/handsets/{NUMBER}/off", {}),
        (f"/handsets/{NUMBER}/on", {}),
        (f"/handsets/{NUMBER}/messages", {"json": REPLY}),
        ("/disconnect", {}),
    ],
)
async def test_a_page_of_another_site_cannot_press_the_buttons(
    simulator: Simulator, http: HttpClient, path: str, given: dict[str, Any]
) -> None:
    async with bound(simulator):
        for origin in ("https://example.com", "null"):
            status, body = await http.request(path, "POST", headers={"origin": origin}, **given)
            assert (status, body["error"]["code"]) == (403, "forbidden")
        own = f"http://127.0.0.1:{simulator.http_port}"
        status, _ = await http.request(path, "POST", headers={"origin": own}, **given)
        assert status == 200
