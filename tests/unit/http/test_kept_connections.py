"""Idle connections are closed by one timer each, however they are used."""

import pytest

from simpost.http import HttpServer, Limits
from simpost.http.exchange import HttpExchange
from simpost.http.protocol import HttpProtocol

KEPT_S = 5


class Timer:
    def __init__(self, at_s, callback):
        self.at_s = at_s
        self.callback = callback

    def cancel(self):
        self.callback = None

    def when(self):
        return self.at_s


class Loop:
    """A manual clock and its timers."""

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

    abort = close

    def get_extra_info(self, name, default=None):
        return default

    def set_write_buffer_limits(self, high):
        assert high == 0

    def can_write_eof(self):
        return False


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
    server = HttpServer(no_app, limits=Limits(keep_alive_s=KEPT_S))
    server.loop = loop
    made = HttpProtocol(server)
    made.connection_made(transport)
    return made


@pytest.fixture
def answer(connection):
    """Take a request as answered, as the application does at its end."""

    def answer():
        exchange = HttpExchange(connection, {})
        exchange.is_whole = exchange.is_done = True
        connection._exchange = exchange
        connection.on_response_sent(exchange)

    return answer


def test_an_idle_connection_is_closed(answer, loop, transport):
    answer()
    loop.go_to(104.9)
    assert not transport.closed
    loop.go_to(105)
    assert transport.closed


def test_a_connection_in_use_keeps_one_timer(answer, loop, transport):
    for _ in range(3):
        answer()
        loop.go_to(loop.now_s + 1)
        assert loop.armed == [105]
    loop.go_to(105)
    assert loop.armed == [102 + KEPT_S]
    assert not transport.closed
    loop.go_to(107)
    assert transport.closed


def test_a_started_request_head_has_its_own_time_limit(answer, connection, loop, transport):
    answer()
    loop.go_to(104)
    connection.data_received(b"GET / HTTP/1.1\r\nHost: simpost\r\n")
    loop.go_to(105)
    assert not transport.closed
    assert loop.armed == [134]


def test_a_connection_that_does_not_read_its_response_is_closed(
    answer, connection, loop, transport
):
    answer()
    connection.pause_writing()
    connection.data_received(b"GET")  # it may write on, all the same
    loop.go_to(129.9)
    assert not transport.closed
    loop.go_to(130)
    assert transport.closed


def test_a_connection_that_reads_late_is_kept(answer, connection, loop, transport):
    answer()
    connection.pause_writing()
    connection.resume_writing()
    assert loop.armed == [105]


def test_a_lost_connection_leaves_no_timer(answer, connection, loop):
    answer()
    connection.pause_writing()
    connection.connection_lost(None)
    assert loop.armed == []
