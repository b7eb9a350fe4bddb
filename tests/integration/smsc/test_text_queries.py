"""The requests on which tests are built: find, wait, delete, tag, export and import."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest

from simpost.smsc import Simulator
from simpost.smsc.run_tags import MAX_TAGGED
from simpost.smsc.text_query import MAX_WAITING
from tests.integration.smsc.conftest import Start
from tests.integration.smsc.esme import NUMBER, HttpClient, bound, parts_of, submit
from tests.turns import until

OTHER = "4915112345678"
MESSAGES = f"/handsets/{NUMBER}/messages"
CODE = "Your code is 482 910. Open https://example.com/a?b=1#c, or http://example.org."


async def texts(http: HttpClient, path: str) -> list[str]:
    return [each["text"] for each in await http.get(path)]


async def until_waiting(simulator: Simulator, count: int = 1) -> None:
    await until(lambda: len(simulator.waiters) >= count, f"{count} wait for texts")


async def test_the_latest_match_has_its_text_code_and_links(
    simulator: Simulator, http: HttpClient
) -> None:
    async with bound(simulator) as esme:
        await esme.send("Your code is 111111")
        [message_id] = await esme.send(CODE)
        await esme.send("Welcome")
        await esme.send("Your code is 222222", OTHER)
    [found] = await http.get(f"{MESSAGES}?latest=1&match=your+CODE")
    assert found.pop("receivedAt").endswith("Z")
    assert found == {
        "id": 2,
        "number": NUMBER,
        "from": "simpost",
        "to": None,
        "text": CODE,
        "parts": 1,
        "missingParts": [],
        "encoding": "gsm7",
        "messageClass": None,
        "complete": True,
        "messageIds": [message_id],
        "responses": [],
        "systemId": "simpost",
        "tag": None,
        "code": "482910",
        "links": ["https://example.com/a?b=1#c", "http://example.org"],
    }
    assert await http.get("/messages/2") == (await http.get(f"{MESSAGES}?match=482"))[0]


async def test_conditions_select_texts_of_one_handset_or_of_all(
    simulator: Simulator, http: HttpClient
) -> None:
    async with bound(simulator) as esme:
        for text, to, source in (
            ("one", NUMBER, "ana"),
            ("two", OTHER, "ben"),
            ("three", NUMBER, "ben"),
            ("four", NUMBER, "ben"),
        ):
            await esme.send(text, to, source_addr=source)
    assert await texts(http, MESSAGES) == ["one", "three", "four"]
    assert await texts(http, f"{MESSAGES}?latest=2") == ["three", "four"]
    assert await texts(http, f"{MESSAGES}?from=ben&before=4") == ["three"]
    assert await texts(http, f"{MESSAGES}?after=3") == ["four"]
    assert await texts(http, f"{MESSAGES}?after=4") == []
    assert await texts(http, "/messages?from=ben") == ["two", "three", "four"]
    assert await texts(http, f"/messages?number=%2B{OTHER}") == ["two"]
    assert await texts(http, "/handsets/1/messages") == []


@pytest.mark.parametrize("path", [MESSAGES, "/messages"])
async def test_a_request_waits_until_a_whole_text_matches(
    simulator: Simulator, http: HttpClient, path: str
) -> None:
    first, second = parts_of("wanted " * 30)
    async with bound(simulator) as esme:
        waiting = asyncio.ensure_future(http.get(f"{path}?wait=30s&match=wanted&latest=1"))
        await until_waiting(simulator)
        await esme.send("another")
        await esme.session.request(first)
        await simulator.wait_for_submits(2)
        assert not waiting.done()
        await esme.session.request(second)
        [found] = await waiting
    assert (found["text"], found["parts"]) == ("wanted " * 30, 2)


async def test_a_wait_without_a_match_is_404_in_its_time(http: HttpClient) -> None:
    status, body = await http.request(f"{MESSAGES}?wait=20ms")
    assert (status, body["error"]["message"]) == (404, "No text matched within 20ms.")


async def test_waiting_requests_are_bounded_and_end_with_the_simulator(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simpost.smsc.text_query.MAX_WAITING", 2)
    assert MAX_WAITING > 2
    simulator = await start()
    async with aiohttp.ClientSession() as client:
        http = HttpClient(client, simulator)
        waiting = [asyncio.ensure_future(http.request(f"{MESSAGES}?wait=60s")) for _ in range(2)]
        await until_waiting(simulator, 2)
        assert (await http.request(f"{MESSAGES}?wait=60s"))[0] == 503
        await simulator.stop()
        assert [status for status, _ in await asyncio.gather(*waiting)] == [404, 404]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"{MESSAGES}?wait=61s"),
        ("GET", f"{MESSAGES}?wait=soon"),
        ("GET", f"{MESSAGES}?latest=0"),
        ("GET", f"{MESSAGES}?latest=1001"),
        ("GET", f"{MESSAGES}?match="),
        ("GET", f"{MESSAGES}?match={'x' * 201}"),
        ("GET", f"{MESSAGES}?after=-1"),
        ("GET", f"{MESSAGES}?mtach=code"),
        ("GET", f"{MESSAGES}?number={NUMBER}"),
        ("DELETE", "/messages"),
        ("DELETE", "/messages?mtach=code"),
        ("DELETE", "/messages?latest=1"),
    ],
)
async def test_a_request_that_cannot_be_read_is_400_and_deletes_nothing(
    simulator: Simulator, http: HttpClient, method: str, path: str
) -> None:
    async with bound(simulator) as esme:
        await esme.send("code")
    status, body = await http.request(path, method)
    assert (status, body["error"]["code"]) == (400, "badRequest")
    assert await texts(http, "/messages") == ["code"]


async def test_texts_are_deleted_by_query_and_readers_are_told(
    simulator: Simulator, http: HttpClient
) -> None:
    async with bound(simulator) as esme, http.events() as events:
        for text, to in (("a code", NUMBER), ("a code", OTHER), ("other", NUMBER)):
            await esme.send(text, to)
        assert await http.request("/messages?match=code&before=2", "DELETE") == (
            200,
            {"deleted": 1},
        )
        while (event := await anext(events))[0] != "deleted":
            pass
    assert event[1] == {"ids": [1], "number": None}
    assert await texts(http, "/messages") == ["a code", "other"]
    assert (await http.get(f"/handsets/{NUMBER}"))["received"] == 2
    assert (await http.request("/messages/1"))[0] == 404


async def test_deleting_every_text_frees_their_memory(
    simulator: Simulator, http: HttpClient
) -> None:
    async with bound(simulator) as esme:
        await esme.send("many words " * 40)
    assert simulator.handsets.octets > 0
    await http.request(f"/messages?number={NUMBER}", "DELETE")
    assert simulator.handsets.octets == 0


async def test_a_handset_is_deleted_with_its_pending_texts_and_is_on(
    simulator: Simulator, http: HttpClient
) -> None:
    async with bound(simulator) as esme:
        await esme.send("shown")
        await http.request(f"/handsets/{NUMBER}/off", "POST")
        await esme.send("pending")
        assert await http.request(f"/handsets/{NUMBER}", "DELETE") == (204, None)
        assert (await http.request(f"/handsets/{NUMBER}", "DELETE"))[0] == 404
        await esme.send("new")
    handset = await http.get(f"/handsets/{NUMBER}")
    assert (handset["on"], handset["pendingTexts"], handset["received"]) == (True, 0, 1)


async def test_texts_of_a_tagged_handset_belong_to_the_run(
    simulator: Simulator, http: HttpClient
) -> None:
    tagged: dict[str, Any] = {"data": json.dumps({"numbers": [f"+{NUMBER}"]})}
    async with bound(simulator) as esme:
        await esme.send("before")
        for _ in range(2):  # again changes nothing
            assert await http.request("/tags/run-7", "PUT", **tagged) == (
                200,
                {"tag": "run-7", "numbers": [NUMBER]},
            )
        await esme.send("during")
        await esme.send("not in it", OTHER)
        assert await http.get("/tags") == {"run-7": [NUMBER]}
        assert await http.request("/tags/run-7", "DELETE") == (204, None)
        await esme.send("after")
    assert await texts(http, "/messages?tag=run-7") == ["during"]
    assert await http.request("/messages?tag=run-7", "DELETE") == (200, {"deleted": 1})
    assert await texts(http, MESSAGES) == ["before", "after"]


async def test_a_number_has_the_tag_it_got_last(http: HttpClient) -> None:
    for tag, numbers in (("a", ["1", "2"]), ("b", ["2", "3"]), ("a", ["1", "4"])):
        await http.request(f"/tags/{tag}", "PUT", data=json.dumps({"numbers": numbers}))
    assert await http.get("/tags") == {"b": ["2", "3"], "a": ["1", "4"]}


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/tags/a%20b", {"numbers": []}, 400),
        (f"/tags/{'x' * 65}", {"numbers": []}, 400),
        ("/tags/a", {"numbers": ["12x"]}, 400),
        ("/tags/a", {"number": "12"}, 400),
        ("/tags/a", {"numbers": [str(each) for each in range(MAX_TAGGED + 1)]}, 409),
    ],
)
async def test_a_tag_that_is_wrong_is_refused(
    http: HttpClient, path: str, body: Any, status: int
) -> None:
    assert (await http.request(path, "PUT", data=json.dumps(body)))[0] == status
    assert await http.get("/tags") == {}


async def test_an_exported_fixture_loads_into_another_simulator(
    simulator: Simulator, http: HttpClient, start: Start
) -> None:
    """Several alphabets, several parts, one that is missing, and a text of the handset."""
    long = parts_of("Ωmega and more " * 20)
    async with bound(simulator) as esme:
        await esme.send("€ in GSM 7 \x1b")
        await esme.send("สวัสดี 🏖️", OTHER)
        await esme.send("many words " * 40)
        await esme.session.request(long[0])
        reply = json.dumps({"to": "4455", "text": "STOP"})
        assert (await http.request(MESSAGES, "POST", data=reply))[0] == 200
    fixture = await http.get("/fixture")
    other = await start()
    async with aiohttp.ClientSession() as client:
        there = HttpClient(client, other)
        loaded = await there.request("/fixture", "POST", data=json.dumps(fixture))
        assert loaded == (200, {"added": 5})
        again = await there.get("/fixture")
        handset = await there.get(f"/handsets/{NUMBER}")
    assert again == fixture
    seen = (await http.get(f"/handsets/{NUMBER}"))["messages"]
    without_id = [{**each, "id": None} for each in handset["messages"]]
    assert without_id == [{**each, "id": None} for each in seen]
    assert (handset["received"], len(seen)) == (3, 4)


async def test_a_fixture_written_by_hand_needs_only_number_sender_and_text(
    simulator: Simulator, http: HttpClient
) -> None:
    text = {"number": NUMBER, "from": "shop", "text": "Your code is 482910 🏖️"}
    waiting = asyncio.ensure_future(http.get(f"{MESSAGES}?wait=30s"))
    await until_waiting(simulator)
    body = json.dumps({"version": 1, "texts": [text]})
    assert await http.request("/fixture", "POST", data=body) == (200, {"added": 1})
    [found] = await waiting
    assert (found["from"], found["text"], found["code"]) == ("shop", text["text"], "482910")


@pytest.mark.parametrize(
    "change",
    [
        {"number": "abc"},
        {"from": "x" * 65},
        {"tag": "a b"},
        {"parts": []},
        {"parts": [None]},
        {"parts": [{"octets": "zz"}]},
        {"parts": [{"octets": "00", "dataCoding": 256}]},
        {"receivedAt": "2026-01-01T00:00:00"},
        {"unknown": 1},
    ],
)
async def test_a_fixture_with_a_wrong_text_adds_nothing_and_says_which(
    http: HttpClient, change: dict[str, Any]
) -> None:
    good = {"number": NUMBER, "from": "shop", "text": "Hello"}
    body = json.dumps({"version": 1, "texts": [good, good | change]})
    status, answer = await http.request("/fixture", "POST", data=body)
    assert (status, answer["error"]["code"]) == (400, "badRequest")
    assert await http.get("/messages") == []


async def test_requests_that_change_texts_are_refused_from_other_sites(
    simulator: Simulator, http: HttpClient
) -> None:
    async with bound(simulator) as esme:
        await esme.send("stays")
    foreign = {"Origin": "https://example.com"}
    for method, path in (
        ("DELETE", f"/messages?number={NUMBER}"),
        ("DELETE", f"/handsets/{NUMBER}"),
        ("PUT", "/tags/a"),
        ("DELETE", "/tags/a"),
        ("POST", "/fixture"),
    ):
        assert (await http.request(path, method, headers=foreign))[0] == 403
    assert await texts(http, MESSAGES) == ["stays"]


async def test_texts_that_no_handset_shows_are_listed_with_their_reason(
    simulator: Simulator, http: HttpClient
) -> None:
    async with bound(simulator) as esme:
        await esme.send("unknown subscriber", "66800999005")
        await esme.send("shown")
        await esme.session.request(submit("wrong", short_message=b"refused"))
    listed = await http.get("/undelivered")
    found = [(each["number"], each["text"], each["reason"], each["error"]) for each in listed]
    assert found == [
        ("wrong", "refused", "ESME_RINVDSTADR", 0),
        ("66800999005", "unknown subscriber", "UNDELIVERABLE", 1),
    ]
    assert {each["systemId"] for each in listed} == {"simpost"}
    age = datetime.now(UTC) - datetime.fromisoformat(listed[0]["receivedAt"])
    assert timedelta(seconds=-1) < age < timedelta(minutes=5)


async def test_the_user_data_of_each_part_is_shown(simulator: Simulator, http: HttpClient) -> None:
    async with bound(simulator) as esme:
        await esme.send("Ω" * 200)
    parts = await http.get("/messages/1/parts")
    assert [each["number"] for each in parts] == [1, 2]
    assert "".join(each["text"] for each in parts) == "Ω" * 200
    assert parts[1]["octets"].startswith("05 00 03 4d 02 02 ")
    assert {(each["dataCoding"], each["esmClass"]) for each in parts} == {(0, 0x40)}
    assert (await http.request("/messages/2/parts"))[0] == 404
