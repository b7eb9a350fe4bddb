"""Handsets whose memory is full, and handsets that show texts late, with their receipts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from simpost.smsc import Simulator, read_faults
from tests.integration.smsc.conftest import Start
from tests.integration.smsc.esme import NUMBER, HttpClient, bound

RECEIPT = 1
RULES = {
    "rules": [
        {"do": {"fault": "refuse", "status": "ESME_RTHROTTLED"}, "when": {"every": 2}},
        {"do": {"fault": "shape_receipt", "separator": "\t", "omit": ["err", "text"]}},
        {"do": {"fault": "lose_receipt"}, "when": {"share": 0.25, "to": "44"}, "name": 'a "b" é'},
    ]
}


def names(folder: Path) -> list[str]:
    return [each.name for each in folder.iterdir()]


async def become(http: HttpClient, condition: str, **body: float) -> tuple[int, Any]:
    data = json.dumps(body) if body else None
    return await http.request(f"/handsets/{NUMBER}/{condition}", "POST", data=data)


async def test_a_full_handset_shows_nothing_and_the_receipt_says_why(
    simulator: Simulator, http: HttpClient
) -> None:
    status, handset = await become(http, "full")
    assert (status, handset["on"], handset["condition"]) == (200, True, "full")
    async with bound(simulator) as esme:
        await esme.send("Hello", registered_delivery=RECEIPT)
        failed = await esme.delivered()
        assert b"stat:UNDELIV err:032" in failed.short_message
        assert [handset["messages"] for handset in await http.get("/handsets")] == [[]]
        [hidden] = await http.get("/undelivered")
        assert (hidden["text"], hidden["reason"], hidden["error"]) == ("Hello", "UNDELIVERABLE", 32)
        assert (await become(http, "on"))[1]["condition"] == "on"
        await esme.send("There is room", registered_delivery=RECEIPT)
        assert b"stat:DELIVRD err:000" in (await esme.delivered()).short_message
    [handset] = await http.get("/handsets")
    assert [each["text"] for each in handset["messages"]] == ["There is room"]


async def test_a_delayed_handset_shows_a_text_later_and_its_receipt_follows(
    simulator: Simulator, http: HttpClient
) -> None:
    _, handset = await become(http, "delay", seconds=0.2)
    assert (handset["condition"], handset["delayS"], handset["on"]) == ("delayed", 0.2, True)
    async with bound(simulator) as esme:
        await esme.send("Hello", registered_delivery=RECEIPT)
        assert (await http.get(f"/handsets/{NUMBER}"))["messages"] == []
        done = await esme.delivered()
        assert b"stat:DELIVRD" in done.short_message
        [shown] = (await http.get(f"/handsets/{NUMBER}"))["messages"]
        assert shown["text"] == "Hello"


async def test_texts_that_are_delayed_are_pending_and_come_when_it_is_on(
    simulator: Simulator, http: HttpClient
) -> None:
    await become(http, "delay", seconds=3600)
    async with bound(simulator) as esme:
        await esme.send("Hello", registered_delivery=RECEIPT)
        assert (await http.get(f"/handsets/{NUMBER}"))["pendingTexts"] == 1
        assert esme.has_nothing
        _, handset = await become(http, "on")
        assert [each["text"] for each in handset["messages"]] == ["Hello"]
        assert b"stat:DELIVRD" in (await esme.delivered()).short_message


@pytest.mark.parametrize("before", ["off", "delay"])
async def test_pending_texts_fail_when_the_memory_is_full(
    simulator: Simulator, http: HttpClient, before: str
) -> None:
    await become(http, before, **({"seconds": 3600} if before == "delay" else {}))
    async with bound(simulator) as esme:
        await esme.send("Hello", registered_delivery=RECEIPT)
        _, handset = await become(http, "full")
        assert (handset["pendingTexts"], handset["messages"]) == (0, [])
        assert b"stat:UNDELIV err:032" in (await esme.delivered()).short_message


async def test_one_condition_replaces_the_other(simulator: Simulator, http: HttpClient) -> None:
    for condition, shown in (
        *(("full", "full"), ("off", "off"), ("delay", "delayed"), ("off", "off")),
        *(("full", "full"), ("delay", "delayed"), ("on", "on"), ("on", "on")),
    ):
        body = {"seconds": 5} if condition == "delay" else {}
        _, handset = await become(http, condition, **body)
        assert handset["condition"] == shown
        assert handset["on"] == (shown != "off")
        assert (handset["delayS"] == 5) == (shown == "delayed")
    assert (await http.get("/stats"))["off"] == 0


@pytest.mark.parametrize(
    "body", [{}, {"seconds": 0}, {"seconds": 86_401}, {"seconds": "1"}, {"s": 1}]
)
async def test_a_delay_needs_seconds(http: HttpClient, body: object) -> None:
    answer = await http.request(f"/handsets/{NUMBER}/delay", "POST", data=json.dumps(body))
    assert answer[0] == 400


async def test_the_number_of_handsets_that_are_not_on_is_limited(
    http: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simpost.smsc.offline_handsets.MAX_OFF", 1)
    await become(http, "full")
    for condition, body in (("full", None), ("off", None), ("delay", {"seconds": 1})):
        data = json.dumps(body) if body else None
        answer = await http.request(f"/handsets/4915112345678/{condition}", "POST", data=data)
        assert answer[0] == 409
    assert (await become(http, "off"))[0] == 200  # it is one of them already
    assert (await http.request("/handsets", "DELETE"))[0] == 204
    assert (await http.request("/handsets/4915112345678/full", "POST"))[0] == 200


async def test_watchers_are_told_of_each_condition(simulator: Simulator, http: HttpClient) -> None:
    async with http.events() as events:
        await become(http, "delay", seconds=7)
        while (event := await anext(events))[0] != "switched":
            pass
    assert event[1] == {
        "handsets": [
            {"number": NUMBER, "on": True, "condition": "delayed", "delayS": 7.0, "pendingTexts": 0}
        ]
    }


async def test_a_final_state_of_the_number_comes_before_a_full_memory(
    simulator: Simulator, http: HttpClient
) -> None:
    await http.request("/handsets/447700999003/full", "POST")
    async with bound(simulator) as esme:
        await esme.send("Hello", "447700999003", registered_delivery=RECEIPT)
        assert b"stat:EXPIRED err:027" in (await esme.delivered()).short_message


async def test_rules_are_written_to_the_file_they_came_from(start: Start, tmp_path: Path) -> None:
    path = tmp_path / "faults.toml"
    path.write_text('[[rules]]\ndo = { fault = "silent" }\n')
    simulator = await start(faults=read_faults(path), faults_file=path)
    async with aiohttp.ClientSession() as session:
        http = HttpClient(session, simulator)
        await http.request("/faults", "PUT", data=json.dumps(RULES))
        assert await http.request("/faults/file", "PUT") == (200, {"file": "faults.toml"})
        assert read_faults(path) == simulator.faults
        assert len(simulator.faults.rules) == 3
        assert names(tmp_path) == ["faults.toml"]
        refused = await http.request(
            "/faults/file", "PUT", headers={"Origin": "http://evil.example"}
        )
        assert refused[0] == 403


async def test_without_a_file_the_rules_are_saved_by_the_browser(
    simulator: Simulator, http: HttpClient, tmp_path: Path
) -> None:
    await http.request("/faults", "PUT", data=json.dumps(RULES))
    assert (await http.request("/faults/file", "PUT"))[0] == 409
    saved, octets = await http.octets("/faults/file")
    assert saved.headers["content-disposition"] == "attachment; filename=faults.toml"
    path = tmp_path / "saved.toml"
    path.write_bytes(octets)
    assert read_faults(path) == simulator.faults
