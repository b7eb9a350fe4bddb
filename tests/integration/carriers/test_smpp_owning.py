"""A carrier keeps exactly the binds bound that its node owns."""

import asyncio
import time

import pytest

from bench.processes import free_ports
from simpost.carriers.smpp import SmppCarrier
from simpost.domain.outcomes import OutcomeKind
from simpost.ports.carrier import ConnectionState
from tests.integration.carriers.centre import Centre, listening, part, send, settings, started

WITHIN_S = 30.0


@pytest.fixture
async def centre():
    return Centre()


@pytest.fixture
async def carrier(centre):
    """A carrier of three binds that owns none yet, and the lane of its events."""
    async with listening(centre) as port:
        carrier = SmppCarrier(settings(port, binds=3), owned=())
        async with started(carrier) as lane:
            carrier.lane = lane
            yield carrier


async def until_bound(carrier, count):
    await carrier.lane.until(
        lambda: [bind.state for bind in carrier.connections()] == [ConnectionState.READY] * count
    )


async def test_a_carrier_that_owns_no_bind_binds_nothing_and_sends_nothing(carrier, centre):
    assert not carrier.is_open
    assert carrier.connections() == []
    assert carrier.connection_numbers == (1, 2, 3)
    assert carrier.open_connections == frozenset()
    assert (await send(carrier, part())).kind is OutcomeKind.UNREACHABLE
    assert centre.binds == []


async def test_owned_binds_are_bound_and_released_ones_unbound(carrier, centre):
    await carrier.set_owned_connections({1, 3}, WITHIN_S)
    await until_bound(carrier, 2)
    assert carrier.open_connections == {1, 3}

    await carrier.set_owned_connections({3}, WITHIN_S)
    assert carrier.open_connections == {3}
    assert [bind.number for bind in carrier.connections()] == [3]
    await centre.ends.get()
    assert (await send(carrier, part())).kind is OutcomeKind.ACCEPTED

    await carrier.set_owned_connections((), WITHIN_S)
    assert not carrier.is_open
    assert len(centre.binds) == 2


async def test_a_bind_is_released_in_time_without_a_response(carrier, centre):
    centre.script = ["silence"]
    await carrier.set_owned_connections({1}, WITHIN_S)
    await until_bound(carrier, 1)
    answer = send(carrier, part())
    await centre.submits.get()
    await carrier.set_owned_connections((), 0.05)
    assert carrier.open_connections == frozenset()
    assert (await answer).kind is OutcomeKind.IN_DOUBT


async def test_a_drain_that_waits_for_a_response_does_not_delay_the_release_of_a_bind(
    carrier, centre
):
    centre.script = ["silence"]
    await carrier.set_owned_connections({1}, WITHIN_S)
    await until_bound(carrier, 1)
    send(carrier, part())
    await centre.submits.get()
    draining = asyncio.ensure_future(carrier.drain())
    await asyncio.sleep(0)
    await carrier.set_owned_connections((), 0.05)
    await draining
    assert carrier.open_connections == frozenset()


async def test_a_bind_owned_again_during_its_release_is_bound_in_the_end(carrier):
    await carrier.set_owned_connections({1}, WITHIN_S)
    await until_bound(carrier, 1)
    giving_up = asyncio.ensure_future(carrier.set_owned_connections((), WITHIN_S))
    await asyncio.sleep(0)
    await carrier.set_owned_connections({1}, WITHIN_S)
    await giving_up
    await until_bound(carrier, 1)
    assert carrier.open_connections == {1}
    assert (await send(carrier, part())).kind is OutcomeKind.ACCEPTED


async def test_a_resumed_carrier_binds_only_owned_binds(carrier, centre):
    await carrier.set_owned_connections({2}, WITHIN_S)
    await until_bound(carrier, 1)
    await carrier.drain()
    carrier.resume()
    await until_bound(carrier, 1)
    assert carrier.open_connections == {2}


async def test_a_carrier_reports_for_how_long_it_has_failed_to_bind(carrier):
    assert carrier.unreachable_for_s == 0
    await carrier.set_owned_connections({1}, WITHIN_S)
    assert carrier.unreachable_for_s > 0
    await until_bound(carrier, 1)
    assert carrier.unreachable_for_s == 0
    await carrier.drain()
    assert carrier.unreachable_for_s == 0


async def test_a_short_bind_between_two_looks_counts_as_bound(centre):
    async with listening(centre) as port:
        carrier = SmppCarrier(settings(port, reconnect_min_s=10, reconnect_max_s=10), owned={1})
        async with started(carrier) as lane:
            carrier.lane = lane
            began_s = time.monotonic()
            await until_bound(carrier, 1)
            (await centre.bound.get()).close()
            await carrier.lane.until(lambda: carrier.state is ConnectionState.LOST)
            assert 0 < carrier.unreachable_for_s < time.monotonic() - began_s


async def test_waiting_for_an_outbind_does_not_count_as_failing_to_bind(centre):
    async with listening(centre) as port:
        carrier = SmppCarrier(
            settings(port, outbind_port=free_ports(1)[0], outbind_password="secret"), owned={2}
        )
        async with started(carrier):
            assert carrier.open_connections == {2}
            assert carrier.unreachable_for_s == 0
