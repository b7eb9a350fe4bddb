"""The deadlines of a session (SMPP 3.4 7.2), all of them in one place; pure, the clock is given."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from simpost.smpp.settings import SessionSettings


class TimerAction(Enum):
    """What has to be done now."""

    ABORT = auto()
    UNBIND_TIMEOUT = auto()
    BIND_TIMEOUT = auto()
    ENQUIRE = auto()
    INACTIVE = auto()


@dataclass(slots=True)
class SessionTimers:
    """Times are seconds of one monotonic clock.

    Attributes:
        last_received: when octets last came.
        last_active: when a request or response other than enquire_link last came.
        enquiring: an enquire_link of ours waits for its response.
        bind_by, unbind_by, abort_at: deadlines of the step the session is in, if it is.
    """

    settings: SessionSettings
    last_received: float = 0.0
    last_active: float = 0.0
    enquiring: bool = False
    bind_by: float | None = None
    unbind_by: float | None = None
    abort_at: float | None = None

    def opened(self, now: float) -> None:
        """Note that the connection is open: it must bind in time."""
        self.last_received = now
        self.bind_by = now + self.settings.session_init_timeout_s

    def bound(self, now: float) -> None:
        """Note that the session is bound."""
        self.last_active = now
        self.bind_by = None

    def due(self, now: float) -> TimerAction | None:
        """The most pressing thing whose time has come."""
        at, what = self._next()
        return what if at <= now else None

    def wake_at(self, now: float, oldest_sent_at: float | None) -> float:
        """When to look again: what begins after `now` cannot be due before it."""
        at, _ = self._next()
        since = now if oldest_sent_at is None else oldest_sent_at
        settings = self.settings
        again_at = now + (settings.enquire_link_s or settings.response_timeout_s)
        return min(at, since + settings.response_timeout_s, again_at)

    def _next(self) -> tuple[float, TimerAction]:
        if self.abort_at is not None:
            return self.abort_at, TimerAction.ABORT
        if self.unbind_by is not None:
            return self.unbind_by, TimerAction.UNBIND_TIMEOUT
        if self.bind_by is not None:
            return self.bind_by, TimerAction.BIND_TIMEOUT
        return min(self._enquire_at(), self._inactive_at(), key=lambda due: due[0])

    def _enquire_at(self) -> tuple[float, TimerAction]:
        silence_s = self.settings.enquire_link_s
        if silence_s is None or self.enquiring:
            return float("inf"), TimerAction.ENQUIRE
        return self.last_received + silence_s, TimerAction.ENQUIRE

    def _inactive_at(self) -> tuple[float, TimerAction]:
        silence_s = self.settings.inactivity_timeout_s
        if silence_s is None:
            return float("inf"), TimerAction.INACTIVE
        return self.last_active + silence_s, TimerAction.INACTIVE
