"""The HTTP driver connects to allowed addresses only; a real listener counts the connections."""

import asyncio
import contextlib
import socket

import pytest

from simpost.carriers.http import HttpCarrier
from simpost.config import HttpCarrierSettings
from simpost.domain.outcomes import OutcomeKind
from simpost.domain.reasons import Reason
from simpost.net import address_guard
from simpost.net.resolver import NameResolver
from simpost.ports.carrier import ConnectionState
from tests.contract.carrier_peers import ACCEPT, Recorder, part

HOST = "api.upstream.example"
PRIVATE = "127.0.0.1"
PUBLIC = "127.0.0.2"
"""Taken for a public address in the tests of names that change theirs."""
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"


class Names(NameResolver):
    """Looks up every name in a list: the first address for the first look-up, and so on."""

    def __init__(self, *addresses):
        super().__init__()
        self.addresses = list(addresses)
        self.asked = []

    async def resolve(self, host, port, *, owner, family=socket.AF_UNSPEC):
        self.asked.append(host)
        address = self.addresses.pop(0)
        return [(socket.AF_INET6 if ":" in address else socket.AF_INET, address)]


class Listener:
    """Accepts connections at both addresses and takes any message."""

    def __init__(self):
        self.connections = []
        self.port = 0

    async def accept(self, reader, writer):
        self.connections.append(writer.get_extra_info("sockname")[0])
        await reader.readuntil(b"\r\n\r\n")
        writer.write(RESPONSE)
        await writer.drain()
        writer.close()
        await writer.wait_closed()


@pytest.fixture
async def listener():
    found = Listener()
    async with contextlib.AsyncExitStack() as servers:
        for address in (PRIVATE, PUBLIC):
            server = await asyncio.start_server(found.accept, address, found.port)
            found.port = server.sockets[0].getsockname()[1]
            await servers.enter_async_context(server)
        yield found


@pytest.fixture
def public(monkeypatch):
    monkeypatch.setattr(address_guard, "is_public", lambda address: str(address) == PUBLIC)


@contextlib.asynccontextmanager
async def started(host, port, *addresses, **changed):
    settings = HttpCarrierSettings.model_validate(
        {
            "type": "http",
            "name": "upstream",
            "url": f"http://{host}:{port}/send",
            "body": {"to": "{destination}", "text": "{text}"},
            **changed,
        }
    )
    names = Names(*addresses)
    carrier, recorder = HttpCarrier(settings, names=names), Recorder()
    await carrier.start(recorder)
    try:
        yield carrier, recorder, names
    finally:
        await carrier.close()


def is_refused(carrier, outcome):
    (connection,) = carrier.connections()
    assert (outcome.kind, outcome.reason) == (
        OutcomeKind.UNREACHABLE,
        Reason.CARRIER_UNREACHABLE,
    )
    assert carrier.state is ConnectionState.LOST
    return connection.problem


@pytest.mark.parametrize(
    "host", [PRIVATE, "127.1", "2130706433", "localhost", "[::ffff:127.0.0.1]"]
)
async def test_a_private_address_in_the_url_is_refused_before_anything_is_sent(listener, host):
    async with started(host, listener.port) as (carrier, recorder, names):
        problem = is_refused(carrier, await recorder.outcome(carrier, part(ACCEPT)))
    assert problem == "the URL leads to a private or local address"
    assert (names.asked, listener.connections) == ([], [])


@pytest.mark.parametrize("address", [PRIVATE, "::1", "::ffff:127.0.0.1", "10.0.0.1", "169.254.1.1"])
async def test_a_public_name_of_a_private_address_is_refused(listener, address):
    async with started(HOST, listener.port, address) as (carrier, recorder, names):
        problem = is_refused(carrier, await recorder.outcome(carrier, part(ACCEPT)))
    assert "no public address" in problem
    assert (names.asked, listener.connections) == ([HOST], [])


async def test_a_name_that_changes_to_a_private_address_is_refused(listener, public, monkeypatch):
    monkeypatch.setattr(address_guard, "ADDRESSES_VALID_S", 0)
    async with started(HOST, listener.port, PUBLIC, PRIVATE) as (carrier, recorder, names):
        first = await recorder.outcome(carrier, part(ACCEPT))
        assert first.kind is OutcomeKind.ACCEPTED
        problem = is_refused(carrier, await recorder.outcome(carrier, part(ACCEPT)))
    assert "no public address" in problem
    assert (names.asked, listener.connections) == ([HOST] * 2, [PUBLIC])


async def test_a_checked_address_is_used_again_without_a_look_up(listener, public):
    async with started(HOST, listener.port, PUBLIC, PRIVATE) as (carrier, recorder, names):
        for _ in range(2):
            outcome = await recorder.outcome(carrier, part(ACCEPT))
            assert outcome.kind is OutcomeKind.ACCEPTED
    assert (names.asked, listener.connections) == ([HOST], [PUBLIC] * 2)


async def test_with_allow_private_a_private_address_is_called(listener):
    changed = {"allow_private": True}
    async with started(HOST, listener.port, PRIVATE, **changed) as (carrier, recorder, _):
        outcome = await recorder.outcome(carrier, part(ACCEPT))
    assert (outcome.kind, listener.connections) == (OutcomeKind.ACCEPTED, [PRIVATE])
