import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from simpost.api.shared.request_body import BodyTooSlow, read_body


def receive_of(*events: dict[str, Any]) -> Callable[[], Awaitable[dict[str, Any]]]:
    left = list(events)

    async def receive() -> dict[str, Any]:
        if left:
            return left.pop(0)
        return await asyncio.Future[dict[str, Any]]()

    return receive


async def test_a_client_that_disconnects_leaves_nothing() -> None:
    gone = {"type": "http.disconnect"}
    first = {"type": "http.request", "body": b"{", "more_body": True}
    assert await read_body(receive_of(gone), 10) is None
    assert await read_body(receive_of(first, gone), 10) is None


async def test_a_body_that_never_ends_times_out() -> None:
    first = {"type": "http.request", "body": b"{", "more_body": True}
    with pytest.raises(BodyTooSlow):
        await read_body(receive_of(first), 10, slow_s=0.01)
