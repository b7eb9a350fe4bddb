"""The simulator, for tests with peers written by others."""

from contextlib import asynccontextmanager

from simpost.smsc import Simulator, SimulatorOptions
from simpost.smsc.views import message_view

SYSTEM_ID, PASSWORD = "simpost", "secret"
NUMBER = "66812345678"


@asynccontextmanager
async def running(**options):
    """A started simulator."""
    simulator = Simulator(SimulatorOptions(password=PASSWORD, **options))
    await simulator.start()
    try:
        yield simulator
    finally:
        await simulator.stop()


def shown(simulator):
    """The texts on the most recently used handset."""
    [handset] = simulator.handsets.newest(1)
    return [message_view(message, packed=False).text for message in handset.texts]
