"""Calls of an upstream API, from their octets to rows of both stores."""

from __future__ import annotations

import asyncio
import itertools
import json

import pytest
from uuid_utils import uuid7

from simpost.carriers.http import HttpCarrier
from simpost.config.emnify_carrier import EmnifyCarrierSettings
from simpost.domain.inbound import NO_ACCOUNT, OwnNumbers
from simpost.domain.repeats import RepeatPolicy
from simpost.messaging.accounts import Accounts
from simpost.messaging.dispatch import Dispatch
from simpost.messaging.inbound import InboundService
from simpost.messaging.inbound_routing import InboundRouter
from simpost.messaging.intake import Intake
from simpost.messaging.retry import RetryPolicy
from simpost.messaging.routes import Routing
from simpost.ports.carrier_callbacks import Callback
from simpost.ports.store.inbound import InboundFilter
from simpost.runtime.clock import wall_clock_ms

SETTINGS = {
    "type": "emnify",
    "name": "up",
    "base_url": "http://127.0.0.1:9",
    "application_token": "token",
    "receipts": "callback",
    "callback_token": "a-token-of-a-carrier-for-tests",
    "allow_private": True,
}
TEXT = {"source_address": 423663920766251, "dest_address": 12345, "payload": "hello"}
RECEIPT = {"status": {"id": 4}, "endpoint": {"id": 10830095}}


class Called:
    """A carrier whose calls end in the store."""

    def __init__(self, store, carrier):
        self._store = store
        self._carrier = carrier
        self._ids = itertools.count(46638782)

    async def call(self, document, method="POST"):
        """The same call three times, with an id of its own unless it has one."""
        document = {"id": next(self._ids)} | document
        for _ in range(3):
            body = json.dumps(document).encode("utf-8", "surrogatepass")
            await self._carrier.receive_callback(Callback(method, "", {}, body))

    async def texts(self):
        found = await self._store.inbound.list_inbound(NO_ACCOUNT, InboundFilter(limit=500))
        return [each.text for each in found]

    async def receipts(self):
        found = await self._store.receipts.list_unmatched(carrier="up", until_ms=2**60, limit=500)
        return [each.carrier_message_id for each in found]


@pytest.fixture
async def called(store):
    accounts = Accounts(store.accounts)
    await accounts.reload()
    dispatch = Dispatch(
        store,
        owner="node",
        retry_policy=RetryPolicy(repeats=RepeatPolicy()),
        clock_ms=wall_clock_ms,
        inbound=lambda part: inbound.receive(part),  # noqa: PLW0108  inbound comes later
    )
    carrier = HttpCarrier(EmnifyCarrierSettings.model_validate(SETTINGS))
    lane = dispatch.add(carrier)
    intake = Intake(
        store,
        Routing(routes=(), carriers={"up": lane.carrier.capabilities}),
        dispatch,
        new_id=lambda: uuid7().bytes,
        clock_ms=wall_clock_ms,
        validity_s=3600,
    )
    inbound = InboundService(
        store.inbound,
        InboundRouter(store.inbound, accounts, OwnNumbers({}, [])),
        intake,
        new_id=lambda: uuid7().bytes,
        clock_ms=wall_clock_ms,
        conversations=store.conversations,
    )
    async with asyncio.TaskGroup() as tasks:
        await dispatch.start(tasks)
        try:
            yield Called(store, carrier)
        finally:
            await dispatch.stop()
            await inbound.wait_committed()
            dispatch.cancel()


async def test_parts_in_any_order_are_one_text_and_replays_change_nothing(called):
    for number, text in ((3, "!"), (1, "Grüße, "), (2, "Welt 😀")):
        info = {"identifier": 46638790, "total": 3, "partno": number}
        await called.call(TEXT | {"multi_part_info": info, "payload": text})
    assert await called.texts() == ["Grüße, Welt 😀!"]


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"payload": ""}, ""),
        ({"payload": "a\0b"}, "ab"),
        ({"payload": "x" * 60_000}, "x" * 60_000),
        ({"payload": "\u202e\U0001f600'; --"}, "\u202e\U0001f600'; --"),
        ({"id": "4" * 255}, "hello"),
        ({"id": -(2**70)}, "hello"),
        ({"id": "\u202e 😀"}, "hello"),
        ({"source_address": "😀" * 255}, "hello"),
        ({"source_address": 2**70, "dest_address": "-1"}, "hello"),
        ({"dest_address": None}, "hello"),
        ({"multi_part_info": {"identifier": 10**200, "total": 1, "partno": 1}}, "hello"),
    ],
    ids=range(11),
)
async def test_a_strange_text_is_stored_once(called, changed, text):
    await called.call(TEXT | changed)
    assert await called.texts() == [text]


@pytest.mark.parametrize(
    "changed",
    [
        {"id": "4" * 255},
        {"id": -(2**70)},
        {"id": "\u202e 😀'; --"},
        {"endpoint": {"id": 2**70}},
        {"endpoint": {"id": "\u0661😀"}},
        {"endpoint": None},
    ],
    ids=range(6),
)
async def test_a_strange_receipt_is_unmatched_once(called, changed):
    await called.call(RECEIPT | changed, "PATCH")
    [found] = await called.receipts()
    assert found == str(changed.get("id", 46638782))
