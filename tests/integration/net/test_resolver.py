"""Name look-ups by the system resolver, in our own threads."""

import asyncio
import contextlib
import socket
import threading

import pytest

from simpost.net.resolver import NameResolver, TooManyLookups
from tests.turns import until


@pytest.fixture
def stuck(monkeypatch):
    """The system's look-up waits for the event while the name begins with `stuck`."""
    released = threading.Event()
    look_up = socket.getaddrinfo

    def waits(host, *given):
        if host.startswith("stuck"):
            released.wait()
            raise socket.gaierror(socket.EAI_AGAIN, "no answer")
        return look_up(host, *given)

    monkeypatch.setattr(socket, "getaddrinfo", waits)
    yield released
    released.set()


async def begun(names, host, owner):
    task = asyncio.create_task(names.resolve(host, 80, owner=owner))
    await asyncio.sleep(0)
    return task


async def test_a_name_gives_its_addresses():
    found = await NameResolver().resolve("localhost", 80, owner="a", family=socket.AF_INET)
    assert found == [(socket.AF_INET, "127.0.0.1")]


async def test_an_unknown_name_is_an_error_and_frees_its_slot():
    names = NameResolver(max_lookups=1)
    for _ in range(3):
        with pytest.raises(socket.gaierror):
            await names.resolve("no-such-name.invalid", 80, owner="a")


async def test_names_that_hang_do_not_hold_up_other_owners(stuck):
    names = NameResolver()
    hanging = [await begun(names, f"stuck{n}", f"owner {n}") for n in range(32)]
    assert await names.resolve("localhost", 80, owner="b")
    stuck.set()
    found = await asyncio.gather(*hanging, return_exceptions=True)
    assert {type(each) for each in found} == {socket.gaierror}


async def test_one_owner_has_two_look_ups_at_most(stuck):
    names = NameResolver()
    hanging = [await begun(names, "stuck", "a") for _ in range(2)]
    with pytest.raises(TooManyLookups):
        await names.resolve("localhost", 80, owner="a")
    assert await names.resolve("localhost", 80, owner="b")
    stuck.set()
    await asyncio.gather(*hanging, return_exceptions=True)
    assert await names.resolve("localhost", 80, owner="a")


async def test_a_cancelled_look_up_counts_until_it_ends(stuck):
    names = NameResolver(max_lookups=1)
    task = await begun(names, "stuck", "a")
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    with pytest.raises(TooManyLookups):
        await names.resolve("localhost", 80, owner="b")
    stuck.set()

    async def found():
        with contextlib.suppress(TooManyLookups):
            return await names.resolve("localhost", 80, owner="b")

    assert await until(found, "the look-up has ended")
