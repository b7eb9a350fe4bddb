from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import aiohttp
import pytest

from simpost.smsc import Simulator, SimulatorOptions
from tests.integration.smsc.esme import PASSWORD, HttpClient

Start = Callable[..., Awaitable[Simulator]]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Start a simulator with options."""
    async with AsyncExitStack() as stack:

        async def start_with(**options: Any) -> Simulator:
            given = replace(SimulatorOptions(password=PASSWORD, retry_s=0.01), **options)
            simulator = Simulator(given)
            await simulator.start()
            stack.push_async_callback(simulator.stop)
            return simulator

        yield start_with


@pytest.fixture
async def simulator(start: Start) -> Simulator:
    return await start()


@pytest.fixture
async def http(simulator: Simulator) -> AsyncIterator[HttpClient]:
    async with aiohttp.ClientSession() as client:
        yield HttpClient(client, simulator)
