"""Messages move between an HTTP carrier and another one, in both directions."""

from __future__ import annotations

import asyncio

import pytest

from simpost.carriers.http import HttpCarrier
from simpost.domain.states import State
from simpost.ports.carrier import CarrierCapabilities
from tests.contract.scripted_carrier import ScriptedCarrier
from tests.integration.carriers.emnify_cases import CASES as EMNIFY
from tests.integration.carriers.upstream_api import Reply, running_api, settings_of
from tests.integration.messaging.test_failover import carriers_of, serving

EMNIFY_SETTINGS = EMNIFY[0].settings
LOG_IN = EMNIFY[0].log_in[0]


@pytest.fixture
async def api():
    async with running_api() as found:
        yield found


def other():
    """A carrier that sends with a user data header, as the one of the API does."""
    capabilities = CarrierCapabilities(name="other", address="esim_tran_no", receipts=False)
    return ScriptedCarrier(10, depth=10, capabilities=capabilities)


async def test_a_refused_log_in_gives_messages_to_the_next_carrier(api, tmp_path):
    """The log-in is not tried for minutes, so they must not wait for it."""
    api.script(Reply(401), path=LOG_IN)
    upstream = HttpCarrier(settings_of(EMNIFY_SETTINGS, api.url))
    second = other()
    async with serving(tmp_path / "s.db", upstream, second) as service:
        message_id = await service.send()
        async with asyncio.timeout(60):
            while not (await service.message(message_id)).attempts:
                await asyncio.sleep(0)
            assert not upstream.is_open
            await service.rounds(12)
            await second.until_sent(1)
        second.respond(0)
        message = await service.until(message_id, State.SENT)
    assert carriers_of(message) == ["other"]
    assert [each.path for each in api.requests] == [LOG_IN]


async def test_messages_of_a_lost_carrier_go_by_the_api(api, tmp_path):
    api.script(Reply(201, {"id": 1}))
    api.script(Reply(200, {"auth_token": "t"}), path=LOG_IN)
    upstream = HttpCarrier(settings_of(EMNIFY_SETTINGS, api.url))
    first = other()
    first.set_capacity(0)
    async with serving(tmp_path / "s.db", first, upstream) as service:
        message_id = await service.send()
        first.set_reachable(is_reachable=False)
        service.dispatch.lanes["other"].pump()
        await service.until(message_id, State.SENDING)
        await service.rounds(12)
        message = await service.until(message_id, State.SENT)
    assert carriers_of(message) == ["up"]
    assert api.requests[-1].json["payload"] == "hello"
