"""The bounds of streams of pages, and one question for all streams of a page."""

import pytest

from simpost.console.live_streams import (
    MAX_STREAMS,
    MAX_STREAMS_OF_SESSION,
    LiveStreams,
    TooManyLiveStreams,
)


class Clock:
    now_s = 100.0

    def __call__(self):
        return self.now_s


def test_a_session_and_a_node_have_a_bounded_number_of_streams():
    streams = LiveStreams()
    opened = [streams.opened(b"one", "page") for _ in range(MAX_STREAMS_OF_SESSION)]
    for each in opened:
        each.__enter__()
    with pytest.raises(TooManyLiveStreams):
        streams.check(b"one")
    streams.check(b"two")
    others = [streams.opened(f"{at}".encode(), at) for at in range(MAX_STREAMS - len(opened))]
    for each in others:
        each.__enter__()
    with pytest.raises(TooManyLiveStreams):
        streams.check(b"two")
    for each in (*opened, *others):
        each.__exit__(None, None, None)
    streams.check(b"one")
    assert not streams._watched
    assert not streams._of_session


async def test_a_page_is_asked_for_once_for_all_its_streams():
    clock, asked, shown = Clock(), [], ["a"]
    streams = LiveStreams(clock)

    async def ask():
        asked.append(clock.now_s)
        return shown[0]

    with streams.opened(b"one", "page"), streams.opened(b"two", "page"):
        first = await streams.version("page", 2, ask)
        assert await streams.version("page", 2, ask) == first
        assert len(asked) == 1
        shown[0] = "b"
        clock.now_s += 1.9
        assert await streams.version("page", 2, ask) == first
        clock.now_s += 0.2
        second = await streams.version("page", 2, ask)
        assert second != first
        shown[0] = "a"
        clock.now_s += 2
        assert await streams.version("page", 2, ask) == first
