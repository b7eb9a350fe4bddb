"""How long ago something was, and how long something takes, in a word."""

from __future__ import annotations

from typing import Final

_STEPS: Final = ((86_400, "d"), (3_600, "h"), (60, "min"))


def age(at_ms: int, now_ms: int) -> str:
    """The age in its largest unit, such as `3 h`; `now` below a minute."""
    seconds = max(0, now_ms - at_ms) // 1000
    for length, unit in _STEPS:
        if seconds >= length:
            return f"{seconds // length} {unit}"
    return "now"


def duration(seconds: int) -> str:
    """A time in its largest unit, rounded up: `1 s`, `3 min`, `2 h`, `5 d`."""
    for length, unit in _STEPS:
        if seconds >= length:
            return f"{-(-seconds // length)} {unit}"
    return f"{seconds} s"
