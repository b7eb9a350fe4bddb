"""A connection is closed when it has been idle for so long, by one timer however it is used."""

import pytest
import uvicorn
from uvicorn.server import ServerState

from simpost.api.exchange import ExchangeProtocol
from simpost.api.onewrite import Outbox

KEPT_S = 5


class Timer:
    def __init__(self, at_s, callback):
        self.at_s = at_s
        self.callback = callback

    def cancel(self):
        self.callback = None


class Loop:
    """A clock that is set by hand, and the timers on it."""

    def __init__(self):
        self.now_s = 100.0
        self.timers = []

    def time(self):
        return self.now_s

    def call_later(self, delay_s, callback):
        self.timers.append(Timer(self.now_s + delay_s, callback))
        return self.timers[-1]

    def go_to(self, now_s):
        self.now_s = now_s
        due = [timer for timer in self.timers if timer.at_s <= now_s]
        self.timers = [timer for timer in self.timers if timer.at_s > now_s]
        for timer in due:
            if timer.callback:
                timer.callback()

    @property
    def armed(self):
        return [timer.at_s for timer in self.timers if timer.callback]


class Transport:
    def __init__(self):
        self.closed = False

    def is_closing(self):
        return self.closed

    def close(self):
        self.closed = True

    def get_extra_info(self, name, default=None):
        return default

    def resume_reading(self):
        pass


async def no_app(scope, receive, send):
    raise AssertionError


@pytest.fixture
def loop():
    return Loop()


@pytest.fixture
def transport():
    return Transport()


@pytest.fixture
def connection(loop, transport):
    config = uvicorn.Config(no_app, timeout_keep_alive=KEPT_S, log_config=None)
    made = ExchangeProtocol(
        Outbox(), config=config, server_state=ServerState(), app_state={}, _loop=loop
    )
    made.connection_made(transport)
    loop.timers.clear()  # of its first head
    return made


def test_one_that_stays_idle_is_closed(connection, loop, transport):
    connection.on_response_complete()
    loop.go_to(104.9)
    assert not transport.closed
    loop.go_to(105)
    assert transport.closed


def test_one_that_is_used_keeps_its_one_timer(connection, loop, transport):
    for _ in range(3):
        connection.data_received(b"")
        connection.on_response_complete()
        loop.go_to(loop.now_s + 1)
        assert loop.armed == [105]
    loop.go_to(105)
    assert loop.armed == [102 + KEPT_S]
    assert not transport.closed
    loop.go_to(107)
    assert transport.closed


def test_one_that_is_answering_is_left_alone(connection, loop, transport):
    connection.on_response_complete()
    connection.data_received(b"GET / HTTP/1.1\r\nHost: simpost\r\n")
    loop.timers = [timer for timer in loop.timers if timer.at_s == 105]  # but not of its head
    loop.go_to(105)
    assert not transport.closed
    assert loop.armed == []
    connection.on_response_complete()
    assert loop.armed == [110]


def test_one_that_was_lost_leaves_no_timer(connection, loop):
    connection.on_response_complete()
    connection.connection_lost(None)
    assert loop.armed == []
