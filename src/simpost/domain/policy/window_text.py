"""Open hours as people write them: `08:00-20:00`, `Mon-Sat 08:00-22:00`, `Sat,Sun 10:00-18:00`."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from simpost.domain.policy.open_hours import DAY_MINUTES, OpenWindow

ALWAYS: Final = "always"
MAX_WINDOWS: Final = 14
_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WINDOW: Final = re.compile(
    r"(?:(?P<days>[A-Za-z,-]+) )?(?P<start>\d{2}):(?P<start_minute>[0-5]\d)"
    r"-(?P<end>\d{2}):(?P<end_minute>[0-5]\d)"
)


def parse_window(text: str, *, holidays: bool = True) -> OpenWindow:
    """The window of a text. Raises ValueError that says what is wrong."""
    match = _WINDOW.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} must look like 08:00-20:00 or Mon-Sat 08:00-22:00")
    start = 60 * int(match["start"]) + int(match["start_minute"])
    end = 60 * int(match["end"]) + int(match["end_minute"])
    if start >= DAY_MINUTES or end > DAY_MINUTES:
        raise ValueError(f"{text!r} must be between 00:00 and 24:00")
    return OpenWindow(start, end, _parse_days(match["days"]), holidays)


@lru_cache(maxsize=1024)
def parse_windows(text: str) -> tuple[OpenWindow, ...] | None:
    """The windows of a text with several, separated by `;`; `None` for `always`."""
    if text.strip().lower() == ALWAYS:
        return None
    texts = text.split(";")
    if len(texts) > MAX_WINDOWS:
        raise ValueError(f"at most {MAX_WINDOWS} windows are allowed")
    return tuple(map(parse_window, texts))


def _parse_days(text: str | None) -> frozenset[int]:
    if text is None:
        return frozenset(range(7))
    days: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        start, end = _day(first), _day(last or first)
        days |= {day % 7 for day in range(start, (end if end >= start else end + 7) + 1)}
    return frozenset(days)


def _day(text: str) -> int:
    if text.lower() not in _DAYS:
        raise ValueError(f"{text!r} must be a weekday such as Mon")
    return _DAYS.index(text.lower())
