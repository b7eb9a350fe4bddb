"""What a turn of the event loop writes goes out together, in its order."""

import asyncio

import pytest

from simpost.api.onewrite import Gathering, Outbox


class Transport:
    def __init__(self):
        self.done = []

    def write(self, data):
        self.done.append(data)

    def close(self):
        self.done.append("closed")

    def is_closing(self):
        return "closed" in self.done

    def get_extra_info(self, name):
        return name.upper()


@pytest.fixture
def transports():
    return [Transport(), Transport()]


async def test_pieces_of_a_turn_are_one_write_of_each_connection(transports):
    outbox = Outbox()
    first, second = (Gathering(one, outbox) for one in transports)
    for number in b"12":
        first.write(b"first%c" % number)
        second.write(b"second%c" % number)
    assert [one.done for one in transports] == [[], []]
    await asyncio.sleep(0)
    assert [one.done for one in transports] == [[b"first1first2"], [b"second1second2"]]


async def test_the_next_turn_is_a_write_of_its_own(transports):
    connection = Gathering(transports[0], Outbox())
    for data in (b"one", b"two"):
        connection.write(data)
        await asyncio.sleep(0)
    assert transports[0].done == [b"one", b"two"]


async def test_what_was_written_goes_before_the_end(transports):
    connection = Gathering(transports[0], Outbox())
    connection.write(b"answer")
    connection.close()
    await asyncio.sleep(0)
    assert transports[0].done == [b"answer", "closed"]
    assert connection.is_closing()


async def test_it_is_a_transport_in_all_else(transports):
    assert Gathering(transports[0], Outbox()).get_extra_info("peername") == "PEERNAME"
