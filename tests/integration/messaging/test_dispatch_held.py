"""Dispatch of a copy: no carrier is opened and nothing is leased until it is released."""

import asyncio

from simpost.domain.states import State
from tests.contract.scripted_carrier import ScriptedCarrier
from tests.integration.messaging.scripted import Clock, open_store
from tests.integration.messaging.test_failover import (
    NOW,
    PLAN,
    ROW,
    Service,
    parse_esim,
    parse_plan,
)


async def test_a_held_dispatch_queues_and_sends_when_it_is_released(tmp_path):
    store = await open_store(tmp_path / "s.db")
    await store.catalogue.save_plans([parse_plan(PLAN)])
    await store.catalogue.save_esims(1, [parse_esim(ROW, NOW)])
    first, added, removed = (ScriptedCarrier(name=name) for name in "abc")
    service = Service(store, Clock(), first)
    await service.accounts.reload()
    service.dispatch.is_held = True
    async with asyncio.TaskGroup() as tasks:
        await service.dispatch.start(tasks)
        message_id = await service.send()
        # A reload adds a carrier, and removes another that was never opened.
        for carrier in (added, removed):
            service.dispatch.add(carrier)
            await service.dispatch.open(carrier.capabilities.name)
        await service.dispatch.remove("c")
        assert not any(lane.carrier.is_open for lane in service.dispatch.lanes.values())
        assert await store.routing.count_queued("a") == 1
        assert first.sent == []

        await service.dispatch.release()
        await first.until_sent(1)
        assert added.is_open
        assert (await service.message(message_id)).state is not State.CANCELLED
        service.dispatch.cancel()
    await store.close()
