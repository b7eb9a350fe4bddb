"""When a request is repeated, and after which time. Pure: the clock and chance are arguments."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from simpost_client.calls import Call, Response
from simpost_client.errors import InDoubt, NoResponse, NotConnected, SimpostError

_UNAVAILABLE: Final = frozenset({500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds; every call ends. `total_s` is the longest time of a call with its repeats."""

    connect_s: float = 5.0
    read_s: float = 30.0
    total_s: float = 60.0

    def __post_init__(self) -> None:
        for each in (self.connect_s, self.read_s, self.total_s):
            if not 0 < each < float("inf"):
                raise ValueError("a timeout must be more than 0 seconds, and finite")


@dataclass(frozen=True, slots=True)
class Retries:
    """How often a request is tried, and the waits between: doubled each time, with chance.

    A `Retry-After` of the response replaces the wait. If it is longer than `longest_wait_s`, or
    than what remains of `total_s`, the error is raised at once.
    """

    attempts: int = 3
    first_wait_s: float = 0.5
    longest_wait_s: float = 20.0

    def __post_init__(self) -> None:
        if not 1 <= self.attempts <= 20:
            raise ValueError("attempts must be 1 to 20")


class Attempts:
    """The attempts of one call."""

    def __init__(
        self,
        call: Call[Any],
        retries: Retries,
        timeouts: Timeouts,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._call = call
        self._retries = retries
        self._clock = clock
        self._chance = chance
        self._ends_at = clock() + timeouts.total_s
        self._made = 0

    @property
    def ends_at(self) -> float:
        """The time at which the call has to be over."""
        return self._ends_at

    def after_response(self, response: Response) -> float | None:
        """Seconds until the next attempt; None: this is the response."""
        self._made += 1
        if response.status == 429 or self._call.is_unfinished(response):
            return self._wait(response.retry_after_s())
        if response.status in _UNAVAILABLE and self._call.repeatable:
            return self._wait(response.retry_after_s())
        return None

    def after_failure(self, error: Exception, *, is_sent: bool) -> float:
        """Seconds until the next attempt. Raises the error of the call if there is none."""
        self._made += 1
        if self._call.repeatable or not is_sent:
            wait_s = self._wait(None)
            if wait_s is not None:
                return wait_s
        raise self._final(error, is_sent=is_sent) from error

    def _final(self, error: Exception, *, is_sent: bool) -> SimpostError:
        kind: type[SimpostError] = NotConnected
        if is_sent:
            kind = InDoubt if self._call.changes else NoResponse
        name = type(error).__name__
        final = kind(f"{self._call.method} {self._call.path}: {name} in attempt {self._made}")
        final.idempotency_key = self._call.idempotency_key
        return final

    def _wait(self, asked_s: float | None) -> float | None:
        if self._made >= self._retries.attempts:
            return None
        usual_s = self._retries.first_wait_s * 2 ** (self._made - 1)
        wait_s = usual_s * (0.5 + self._chance() / 2) if asked_s is None else asked_s
        if wait_s > self._retries.longest_wait_s or self._clock() + wait_s >= self._ends_at:
            return None
        return wait_s
