"""The limits of what is passed on to a supplier: those of the account, and those of the source."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from simpost.features.catalogue_sync.supplier_calls import MOST_AT_ONCE
from tests.scenarios.test_supplier_between import (
    ANSWER,
    ORDER,
    SOURCE,
    Supplier,
    ask,
    between,
)
from tests.turns import until


def order(gateway):
    return asyncio.to_thread(ask, gateway, "esim/order", ORDER)


@pytest.mark.timeout(60)
async def test_the_limits_of_the_account_apply_before_anything_is_sent(tmp_path):
    async with between(tmp_path) as (gateway, _):
        change = {"requestsPerSecond": 0.01}
        await asyncio.to_thread(gateway.operate, "PATCH", "accounts/bench", change)
        assert (await order(gateway))[:2] == (200, ANSWER)
        status, body, retry_after = await order(gateway)
        assert (status, json.loads(body)["errorCode"]) == (429, "900001")
        assert int(retry_after) > 1
        change = {"requestsPerSecond": 0, "ipAllow": ["192.0.2.0/24"]}
        await asyncio.to_thread(gateway.operate, "PATCH", "accounts/bench", change)
        assert json.loads((await order(gateway))[1])["success"] is False
        assert len(Supplier.got) == 1


@pytest.mark.timeout(60)
async def test_a_supplier_that_does_not_answer_holds_so_many_requests_and_no_more(tmp_path):
    patient = SOURCE.replace("timeout_s = 1", "timeout_s = 50")
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(MOST_AT_ONCE + 2))
    async with between(tmp_path, patient) as (gateway, _):
        Supplier.answer = None
        waiting = [asyncio.ensure_future(order(gateway)) for _ in range(MOST_AT_ONCE)]
        await until(lambda: len(Supplier.got) >= MOST_AT_ONCE, "all came", 40, every_s=0.02)
        status, body, _ = await order(gateway)
        assert (status, json.loads(body)["errorCode"]) == (503, "900001")
        assert f"{MOST_AT_ONCE} requests to the supplier are under way" in body.decode()
        assert len(Supplier.got) == MOST_AT_ONCE
        # What simpost owns is answered all the same.
        status, _, _ = await asyncio.to_thread(ask, gateway, "package/list", b"{}")
        assert status == 200
        for transport in Supplier.transports:
            transport.abort()
        results = await asyncio.gather(*waiting)
        assert {status for status, _, _ in results} == {504}
        Supplier.answer = ANSWER
        assert (await order(gateway))[:2] == (200, ANSWER)
