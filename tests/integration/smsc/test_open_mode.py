"""Open mode: every system_id may bind, and each gets what is its own. Texts have an age limit."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest

from simpost.smpp import BindError, BindReceiver, BindTransceiver, Status, connect
from simpost.smsc import Simulator
from simpost.smsc.faults import Faults, RefuseBind, Rule
from tests.integration.smsc.conftest import Start
from tests.integration.smsc.esme import NUMBER, Esme, HttpClient
from tests.turns import until


@asynccontextmanager
async def client(
    simulator: Simulator,
    system_id: str,
    kind: type[BindTransceiver | BindReceiver] = BindTransceiver,
) -> AsyncIterator[Esme]:
    esme = Esme()
    bind = kind(system_id=system_id, password="any")
    esme.session = await connect("127.0.0.1", simulator.port, bind, esme)
    try:
        yield esme
    finally:
        await esme.session.unbind()


async def test_receipts_go_to_the_system_id_that_sent_the_text(start: Start) -> None:
    simulator = await start(open_binds=True)
    async with client(simulator, "ana") as ana, client(simulator, "ben") as ben:
        for _ in range(5):
            await ana.send("from ana", registered_delivery=1, source_addr="ana")
            await ben.send("from ben", registered_delivery=1, source_addr="ben")
        for esme, name in ((ana, "ana"), (ben, "ben")):
            receipts = [await esme.delivered() for _ in range(5)]
            assert {each.destination_addr for each in receipts} == {name}
        assert ana.has_nothing
        assert ben.has_nothing


async def test_receipts_wait_for_their_system_id_while_others_receive(start: Start) -> None:
    simulator = await start(open_binds=True, retry_s=0.01)
    async with client(simulator, "ben") as ben:
        async with client(simulator, "ana") as ana:
            ana.statuses = [Status.ESME_RTHROTTLED]
            await ana.send("from ana", registered_delivery=1, source_addr="ana")
            await ana.session.unbind()
        await ben.send("from ben", registered_delivery=1, source_addr="ben")
        assert (await ben.delivered()).destination_addr == "ben"
        async with client(simulator, "ana", BindReceiver) as again:
            assert (await again.delivered()).destination_addr == "ana"
        assert ben.has_nothing


async def test_a_reply_goes_to_the_system_id_whose_text_it_answers(start: Start) -> None:
    simulator = await start(open_binds=True)
    async with (
        client(simulator, "ana") as ana,
        client(simulator, "ben") as ben,
        aiohttp.ClientSession() as session,
    ):
        http = HttpClient(session, simulator)
        await ana.send("hello", source_addr="ana")
        await ben.send("hello", source_addr="ben")
        for _ in range(3):
            body = json.dumps({"to": "ana", "text": "STOP"})
            status, _ = await http.request(f"/handsets/{NUMBER}/messages", "POST", data=body)
            assert status == 200
            assert (await ana.delivered()).short_message == b"STOP"
        assert ben.has_nothing
        [found] = await http.get("/messages?systemId=ben")
        assert (found["from"], found["systemId"]) == ("ben", "ben")


async def test_faults_of_binds_apply_in_open_mode(start: Start) -> None:
    rule = Rule(do=RefuseBind(status="ESME_RBINDFAIL"))
    simulator = await start(open_binds=True, faults=Faults((rule,)))
    with pytest.raises(BindError):
        await connect("127.0.0.1", simulator.port, BindTransceiver(system_id="ana"), Esme())
    assert simulator.counters.binds_refused == 1


async def test_texts_are_deleted_when_they_are_too_old(start: Start) -> None:
    simulator = await start(keep_for_s=0.2, open_binds=True)
    async with client(simulator, "ana") as ana:
        await ana.send("soon gone")
        await until(lambda: not len(simulator.handsets), "the handset is forgotten")
    assert simulator.handsets.octets == 0
    assert simulator.stats().submits == 1
