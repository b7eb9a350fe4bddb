from __future__ import annotations

import asyncio
import gc
import socket

import pytest

from simpost.smsc import Simulator, SimulatorOptions


@pytest.mark.parametrize("turns", range(6))
async def test_a_connection_accepted_as_the_simulator_stops_is_closed(turns: int) -> None:
    """What asyncio accepts takes some turns of its loop; forgotten on its way, it stays open."""
    simulator = Simulator(SimulatorOptions())
    await simulator.start()
    with socket.create_connection(("127.0.0.1", simulator.port)) as esme:
        for _ in range(turns):
            await asyncio.sleep(0)
        await simulator.stop()
        esme.settimeout(30)
        assert not esme.recv(1)
    gc.collect()  # a connection that was forgotten says so
