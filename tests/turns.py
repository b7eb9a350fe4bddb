"""Turn the loop of a test until something is so. What never comes ends the test and is named."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from inspect import isawaitable
from typing import TypeVar

T = TypeVar("T")

PATIENCE_S = 60.0
"""On a busy machine. Without an end a wait uses a whole core until the test is stopped."""


async def until(
    found: Callable[[], T | Awaitable[T]],
    what: str,
    patience_s: float = PATIENCE_S,
    every_s: float = 0,
) -> T:
    """What a function finds, which may be asynchronous, once it is true."""
    ends = time.monotonic() + patience_s
    while True:
        value = found()
        some: T = await value if isawaitable(value) else value
        if some:
            return some
        assert time.monotonic() < ends, f"not so after {patience_s:g} s: {what}"
        await asyncio.sleep(every_s)
