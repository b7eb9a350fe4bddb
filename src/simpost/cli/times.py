"""Converts times of the command line to those of the API."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

import typer

SPAN: Final = re.compile(r"([0-9]{1,6})([smhd])")
NOT_A_TIME: Final = "must be an ISO time, as 2026-01-31T12:00:00Z"
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def parse_time(text: str, option: str) -> str:
    """An RFC 3339 time from an ISO time, which is in UTC if it has no offset."""
    return write_time(read_time(text, option, NOT_A_TIME))


def read_time(text: str, option: str, problem: str) -> datetime:
    """The time in UTC. Raises BadParameter with the problem if it is no ISO time."""
    try:
        time = datetime.fromisoformat(text)
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        raise typer.BadParameter(problem, param_hint=option) from None


def parse_span(text: str, option: str) -> timedelta:
    """A span of time such as `30m`, `2h` or `7d`."""
    if not (found := SPAN.fullmatch(text)):
        raise typer.BadParameter("must be a span of time, as 30m, 2h or 7d", param_hint=option)
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def write_time(time: datetime) -> str:
    """RFC 3339 with milliseconds."""
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
