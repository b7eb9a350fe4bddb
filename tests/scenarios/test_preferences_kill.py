"""STOP against kill -9: what was acknowledged took effect, and was answered exactly once."""

import asyncio

import aiohttp
import pytest

from bench.gateway import HOST, free_ports
from simpost.smpp import DeliverSm, RequestError, Status
from tests.integration.carriers.centre import Centre, listening
from tests.scenarios.test_inbound_kill import SHORT_CODE, TOKEN, config, serving

COUNT = 30
ESIMS = range(1, COUNT + 1)
ADMIN = {"Authorization": f"Bearer {TOKEN}"}
SHOP = {"RT-AccessCode": "shop", "RT-SecretKey": "shop-secret-0123456"}


def number(each):
    return f"668000{each:05}"


def esim(each):
    return {
        "esimTranNo": f"2601010000{each:04}",
        "iccid": f"89660000000000{each:05}",
        "msisdn": number(each),
        "orderNo": "O",
        "smsStatus": 1,
        "smdpStatus": "ENABLED",
        "esimStatus": "IN_USE",
    }


async def ask(client, method, path, **request):
    async with client.request(method, path, **request) as answer:
        assert answer.status < 300, await answer.text()
        return await answer.json()


async def stop(session, which, on_ok):
    """Text STOP from some handsets; those without a response are to be brought again."""

    async def one(each):
        text = DeliverSm(
            source_addr_ton=1,
            source_addr=number(each),
            destination_addr=SHORT_CODE,
            short_message=b"STOP",
        )
        if (await session.request(text)).command_status == Status.ESME_ROK:
            on_ok(each)

    await asyncio.gather(*map(one, which), return_exceptions=True)


@pytest.mark.parametrize("kill_after", [1, 12, 25])
async def test_a_stop_that_was_acknowledged_is_in_effect_and_answered_once(tmp_path, kill_after):
    acknowledged = set()
    centre = Centre()
    port, _, _ = free_ports()
    async with listening(centre) as smsc_port, aiohttp.ClientSession(
        f"http://{HOST}:{port}"
    ) as client:  # fmt: skip
        path = config(tmp_path, port, smsc_port)
        process = serving(tmp_path, path)
        session = await centre.bound.get()
        account = {"accessCode": "shop", "secret": SHOP["RT-SecretKey"], "requestsPerSecond": 0}
        await ask(client, "POST", "/v1/admin/accounts", json=account, headers=ADMIN)
        esims = [esim(each) for each in ESIMS]
        saved = await ask(client, "PUT", "/v1/admin/accounts/shop/esims", json=esims, headers=ADMIN)
        assert saved["added"] == COUNT, saved

        def on_ok(each):
            acknowledged.add(each)
            if len(acknowledged) == kill_after:
                process.kill()

        for start in range(0, COUNT, 5):
            try:
                await stop(session, ESIMS[start : start + 5], on_ok)
            except RequestError:
                break
        assert kill_after <= len(acknowledged) < COUNT

        process = serving(tmp_path, path)
        session = await centre.bound.get()
        left = sorted(set(ESIMS) - acknowledged)
        lost_responses = sorted(acknowledged)[:5]
        for start in range(0, len(left), 5):
            await stop(session, left[start : start + 5], acknowledged.add)
        await stop(session, lost_responses, acknowledged.add)
        assert acknowledged == set(ESIMS)

        for each in esims:
            of_esim = f"/v1/esims/{each['esimTranNo']}"
            shown = await ask(client, "GET", f"{of_esim}/preferences", headers=SHOP)
            refused = [one["category"] for one in shown["categories"] if not one["allowed"]]
            assert refused == ["notice", "promotion"]
            changes = await ask(client, "GET", f"{of_esim}/preferences/history", headers=SHOP)
            assert [one["words"] for one in changes["changes"]] == ["STOP"]
        messages = await ask(client, "GET", "/v1/messages?limit=200", headers=SHOP)
        answered = [one["esimTranNo"] for one in messages["messages"]]
        assert sorted(answered) == [each["esimTranNo"] for each in esims]
        process.stop()
