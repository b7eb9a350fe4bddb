"""What the HTTP side says."""

from __future__ import annotations

import asyncio
import json
import re
import socket
from importlib.resources import files

import aiohttp
import pytest

from simpost.errors import ConfigError
from simpost.smpp import BindReceiver, CloseReason
from simpost.smsc import Simulator
from simpost.smsc.page_routes import PAGE_FILES
from tests.integration.smsc.conftest import Start
from tests.integration.smsc.esme import (
    NUMBER,
    HttpClient,
    bound,
    next_texts,
    parts_of,
    submit,
)

HOSTILE = "</script><img src=x onerror=alert(1)>\r\n\r\nevent: texts\r\ndata: {}"


async def test_handsets_are_listed_with_the_latest_activity_first(
    simulator: Simulator, http: HttpClient
) -> None:
    async with bound(simulator) as esme:
        for number in ("66811111111", "66822222222", "66833333333", "66811111111"):
            await esme.send(f"to {number}", number)
    listed = await http.get("/handsets")
    assert [each["number"] for each in listed] == ["66811111111", "66833333333", "66822222222"]
    assert [each["received"] for each in listed] == [2, 1, 1]
    assert [len(each["messages"]) for each in listed] == [1, 1, 1]
    assert len(await http.get("/handsets?limit=2")) == 2
    assert len((await http.get("/handsets?messages=5"))[0]["messages"]) == 2


async def test_a_handset_is_found_with_and_without_its_plus(
    simulator: Simulator, http: HttpClient
) -> None:
    async with bound(simulator) as esme:
        await esme.send("one", f"+{NUMBER}")
        await esme.send("two", NUMBER)
    for path in (f"/handsets/{NUMBER}", f"/handsets/+{NUMBER}", f"/handsets/%2B{NUMBER}"):
        handset = await http.get(path)
        assert [message["text"] for message in handset["messages"]] == ["one", "two"]


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/handsets/123", 404, "notFound"),
        ("GET", "/nothing", 404, "notFound"),
        ("POST", "/stats", 405, "methodNotAllowed"),
        ("GET", "/handsets?limit=many", 400, "badRequest"),
        ("GET", "/handsets?limit=-1", 400, "badRequest"),
    ],
)
async def test_errors_are_json(
    http: HttpClient, method: str, path: str, status: int, code: str
) -> None:
    answered, body = await http.request(path, method)
    assert (answered, body["error"]["code"]) == (status, code)
    assert body["error"]["message"]


async def test_stats_count_what_happened(simulator: Simulator, http: HttpClient) -> None:
    async with bound(simulator) as esme:
        await esme.send("a", registered_delivery=1)
        await esme.delivered()
        await esme.session.request(submit("wrong", short_message=b"x"))
        await esme.send("b")
        stats = await http.get("/stats")
    assert stats == {
        "bound": 1,
        "binds": 1,
        "bindsRefused": 0,
        "submits": 3,
        "responses": 3,
        "responsesByStatus": {"ESME_ROK": 2, "ESME_RINVDSTADR": 1},
        "malformed": 0,
        "tolerated": 0,
        "unexpectedResponses": 0,
        "receipts": {
            "sent": 1,
            "acknowledged": 1,
            "repeated": 0,
            "refused": 0,
            "abandoned": 0,
            "pending": 0,
        },
        "messages": {
            "sent": 0,
            "acknowledged": 0,
            "repeated": 0,
            "refused": 0,
            "abandoned": 0,
            "pending": 0,
        },
        "callbacks": {
            "sent": 0,
            "acknowledged": 0,
            "repeated": 0,
            "refused": 0,
            "abandoned": 0,
            "pending": 0,
        },
        "upstreams": {},
        "faults": {},
        "handsets": 1,
        "off": 0,
    }


async def test_deleting_the_handsets_forgets_texts_and_tells_watchers(
    simulator: Simulator, http: HttpClient
) -> None:
    async with bound(simulator) as esme, http.events() as events:
        await esme.send("x")
        assert (await http.request("/handsets", "DELETE")) == (204, None)
        while (await anext(events))[0] != "reset":
            pass
    assert await http.get("/handsets") == []


async def test_an_event_tells_each_new_text(simulator: Simulator, http: HttpClient) -> None:
    async with bound(simulator) as esme, http.events() as events:
        await esme.send("Γειά σου 🏖️")
        data = await next_texts(events)
    [change] = data["texts"]
    assert change["number"] == NUMBER
    assert change["message"]["text"] == "Γειά σου 🏖️"
    assert change["message"] == (await http.get(f"/handsets/{NUMBER}"))["messages"][0]


async def test_parts_of_one_text_keep_its_id_in_events(
    simulator: Simulator, http: HttpClient
) -> None:
    first, second, third = parts_of("many words " * 40)
    seen: list[tuple[int, bool]] = []
    async with bound(simulator) as esme, http.events() as events:
        for part in (first, second, third):
            await esme.session.request(part)
            data = await next_texts(events)
            seen += [(each["message"]["id"], each["message"]["complete"]) for each in data["texts"]]
    assert [complete for _, complete in seen] == [False, False, True]
    assert len({message_id for message_id, _ in seen}) == 1


async def test_a_burst_is_told_in_bounded_events(simulator: Simulator, http: HttpClient) -> None:
    async with bound(simulator, window=100) as esme, http.events() as events:
        await asyncio.gather(
            *(
                esme.session.request(part)
                for count in range(100)
                for part in parts_of("x", f"668{count:08}")
            )
        )
        told = 0
        async for name, data in events:
            if name == "texts":
                told += len(data["texts"]) + data["skipped"]
                assert len(data["texts"]) <= 200
            if told >= 100:
                break
    assert told == 100


async def test_hostile_text_stays_text(simulator: Simulator, http: HttpClient) -> None:
    async with bound(simulator) as esme, http.events() as events:
        await esme.send(HOSTILE)
        data = await next_texts(events)
    assert data["texts"][0]["message"]["text"] == HOSTILE
    assert HOSTILE not in await (await http.page()).text()


async def test_control_characters_of_a_peer_are_escapes_in_json(
    simulator: Simulator, http: HttpClient
) -> None:
    sent = "a\x7f\u202eb\u2028\x85"
    async with bound(simulator) as esme, aiohttp.ClientSession() as client:
        base = f"http://127.0.0.1:{simulator.http_port}"
        async with client.get(f"{base}/events") as events:
            await esme.send(sent)
            async for line in events.content:
                if line.startswith(b'data: {"texts"'):
                    break
        async with client.get(f"{base}/handsets/{NUMBER}") as answer:
            body = await answer.read()
    for octets in (line, body):
        assert rb"a\u007f\u202eb\u2028\u0085" in octets
        assert octets.decode().strip().isprintable()
    [message] = json.loads(body)["messages"]
    assert message["text"] == sent


async def test_the_page_may_run_nothing_but_its_own_script(http: HttpClient) -> None:
    page = await http.page()
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert page.headers["content-type"] == "text/html; charset=utf-8"


def page_source() -> str:
    folder = files("simpost.smsc").joinpath("page")
    return "".join(each.read_text("utf-8") for each in folder.iterdir())


@pytest.mark.parametrize(
    "forbidden",
    [
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "srcdoc",
        " onclick",
        " style=",
        "https://",
        "//cdn",
        "@import",
    ],
)
def test_the_page_has_no_way_for_text_to_become_html_and_loads_nothing(forbidden: str) -> None:
    assert forbidden not in page_source()


async def test_the_page_has_no_inline_script_and_all_its_files_are_served(
    http: HttpClient,
) -> None:
    page = await (await http.page()).text()
    assert not re.search(r"<style|<script(?! src=)", page)
    named = re.findall(r'(?:src|href)="page/([^"]+)"', page)
    folder = files("simpost.smsc").joinpath("page")
    assert set(named) == set(PAGE_FILES) == {each.name for each in folder.iterdir()} - {"page.html"}
    for name in named:
        part, octets = await http.octets(f"/page/{name}")
        assert part.headers["content-type"].startswith(PAGE_FILES[name])
        assert part.headers["x-content-type-options"] == "nosniff"
        assert octets == folder.joinpath(name).read_bytes()
    assert (await http.page("/page/page.html")).status == 404


async def test_a_page_can_watch_while_texts_come_and_leave_any_time(
    simulator: Simulator, http: HttpClient
) -> None:
    for _ in range(3):
        async with http.events():
            pass
    async with bound(simulator) as esme:
        await esme.send("still here")
    assert (await http.get("/stats"))["handsets"] == 1


async def test_a_busy_port_is_one_sentence(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for option in ("port", "http_port"):
            with pytest.raises(ConfigError, match=f"cannot listen on 127.0.0.1 port {port}: Addr"):
                await start(**{option: port})


async def test_stopping_unbinds_sessions_and_ends_event_streams(start: Start) -> None:
    simulator = await start()
    async with (
        aiohttp.ClientSession() as client,
        HttpClient(client, simulator).events() as events,
        bound(simulator) as esme,
        bound(simulator, BindReceiver),
    ):
        await simulator.stop()
        assert await esme.session.wait_closed() is CloseReason.UNBOUND_BY_PEER
        assert [event async for event in events if event[0] != "stats"] == []


async def test_json_of_a_handset_has_the_documented_fields(
    simulator: Simulator, http: HttpClient
) -> None:
    async with bound(simulator) as esme:
        [message_id] = await esme.send("Hello")
    handset = await http.get(f"/handsets/{NUMBER}")
    received_at = handset["messages"][0].pop("receivedAt")
    assert received_at == handset.pop("lastActivityAt")
    assert received_at.endswith("Z")
    assert json.loads(json.dumps(handset)) == {
        "number": NUMBER,
        "on": True,
        "condition": "on",
        "delayS": None,
        "pendingTexts": 0,
        "received": 1,
        "messages": [
            {
                "id": 1,
                "from": "simpost",
                "to": None,
                "text": "Hello",
                "parts": 1,
                "missingParts": [],
                "encoding": "gsm7",
                "messageClass": None,
                "complete": True,
                "messageIds": [message_id],
                "responses": [],
                "systemId": "simpost",
                "tag": None,
                "code": None,
                "links": [],
            }
        ],
    }
