"""The deadlines of a session (SMPP 3.4 7.2). Pure: the clock is an argument."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from simpost.smpp.settings import SessionSettings


class TimerAction(Enum):
    """What the session must do when a deadline passes."""

    ABORT = auto()
    UNBIND_TIMEOUT = auto()
    BIND_TIMEOUT = auto()
    ENQUIRE_LINK = auto()
    INACTIVE = auto()


@dataclass(slots=True)
class SessionTimers:
    """The times that deadlines are computed from, in seconds of one monotonic clock.

    Attributes:
        last_received: when octets last arrived.
        last_active: when a request or response other than enquire_link last arrived.
        enquire_link_pending: our enquire_link has no response yet.
        bind_by, unbind_by, abort_at: deadlines of the current step; `None` outside it.
    """

    settings: SessionSettings
    last_received: float = 0.0
    last_active: float = 0.0
    enquire_link_pending: bool = False
    bind_by: float | None = None
    unbind_by: float | None = None
    abort_at: float | None = None

    def on_opened(self, now: float) -> None:
        """Start the session_init timer: the connection is open and must be bound in time."""
        self.last_received = now
        self.bind_by = now + self.settings.session_init_timeout_s

    def on_bound(self, now: float) -> None:
        """Stop the session_init timer and start the inactivity timer."""
        self.last_active = now
        self.bind_by = None

    def due_action(self, now: float) -> TimerAction | None:
        """Return the action whose deadline passed first; `None` if none has passed."""
        at, action = self._next()
        return action if at <= now else None

    def next_wake_up(self, now: float, oldest_sent_at: float | None) -> float:
        """Return when to check again; requests sent after `now` cannot expire before it."""
        at, _ = self._next()
        sent_at = now if oldest_sent_at is None else oldest_sent_at
        settings = self.settings
        again_at = now + (settings.enquire_link_s or settings.response_timeout_s)
        return min(at, sent_at + settings.response_timeout_s, again_at)

    def _next(self) -> tuple[float, TimerAction]:
        if self.abort_at is not None:
            return self.abort_at, TimerAction.ABORT
        if self.unbind_by is not None:
            return self.unbind_by, TimerAction.UNBIND_TIMEOUT
        if self.bind_by is not None:
            return self.bind_by, TimerAction.BIND_TIMEOUT
        return min(self._enquire_link_at(), self._inactive_at(), key=lambda due: due[0])

    def _enquire_link_at(self) -> tuple[float, TimerAction]:
        silence_s = self.settings.enquire_link_s
        if silence_s is None or self.enquire_link_pending:
            return float("inf"), TimerAction.ENQUIRE_LINK
        return self.last_received + silence_s, TimerAction.ENQUIRE_LINK

    def _inactive_at(self) -> tuple[float, TimerAction]:
        silence_s = self.settings.inactivity_timeout_s
        if silence_s is None:
            return float("inf"), TimerAction.INACTIVE
        return self.last_active + silence_s, TimerAction.INACTIVE
