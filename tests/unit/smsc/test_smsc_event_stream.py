from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from simpost.smsc import event_stream
from simpost.smsc.content import Content
from simpost.smsc.counters import Counters
from simpost.smsc.event_stream import MAX_TEXTS, EventStream
from simpost.smsc.offline_handsets import OfflineHandsets
from simpost.smsc.reassembly import HandsetMessage
from simpost.smsc.views import StatsView, stats_view


def stats() -> StatsView:
    return stats_view(
        Counters(),
        bound=0,
        submits=0,
        receipts_pending=0,
        messages_pending=0,
        callbacks_pending=0,
        faults={},
        handsets=0,
        off=0,
    )


def message(serial: int, text: bytes = b"x") -> HandsetMessage:
    return HandsetMessage(serial, "4455", [Content(text)], received_at=1_000.0)


async def event(events: AsyncIterator[bytes]) -> tuple[str, Any]:
    head, data = (await anext(events)).decode().strip().split("\n")
    return head.removeprefix("event: "), json.loads(data.removeprefix("data: "))


@pytest.fixture
def feed(monkeypatch: pytest.MonkeyPatch) -> EventStream:
    monkeypatch.setattr(event_stream, "TICK_S", 0.001)
    return EventStream(stats, OfflineHandsets(), packed=False)


async def test_a_watcher_gets_the_counters_first(feed: EventStream) -> None:
    name, data = await event(feed.subscribe())
    assert name == "stats"
    assert data["submits"] == 0
    feed.close()


async def test_changes_of_one_message_within_a_tick_are_one_event(feed: EventStream) -> None:
    events = feed.subscribe()
    await event(events)
    for _ in range(3):
        feed.on_message("66812345678", message(1))
    name, data = await event(events)
    assert name == "texts"
    assert [each["message"]["id"] for each in data["texts"]] == [1]
    feed.close()


async def test_one_event_has_a_limited_number_of_texts_and_counts_the_others(
    feed: EventStream,
) -> None:
    events = feed.subscribe()
    await event(events)
    for serial in range(MAX_TEXTS + 5):
        feed.on_message("66812345678", message(serial))
    _, data = await event(events)
    assert (len(data["texts"]), data["skipped"]) == (MAX_TEXTS, 5)
    feed.close()


async def test_a_slow_watcher_is_told_to_reload_and_its_queue_is_bounded(
    feed: EventStream,
) -> None:
    events = feed.subscribe()
    await event(events)
    for _ in range(65):
        feed.on_cleared()
    assert [(await event(events))[0] for _ in range(2)] == ["reload", "reset"]
    feed.close()
    with pytest.raises(StopAsyncIteration):
        await anext(events)


async def test_texts_that_nobody_watches_are_not_kept(feed: EventStream) -> None:
    feed.on_message("66812345678", message(1))
    events = feed.subscribe()
    await event(events)
    feed.on_message("66812345678", message(2))
    _, data = await event(events)
    assert [each["message"]["id"] for each in data["texts"]] == [2]
    feed.close()


async def test_closing_ends_every_watcher(feed: EventStream) -> None:
    watchers = [feed.subscribe() for _ in range(3)]
    for events in watchers:
        await event(events)
    feed.close()
    for events in watchers:
        assert [frame async for frame in events] == []
