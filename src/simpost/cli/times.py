"""Converts times of the command line to those of the API."""

from __future__ import annotations

from datetime import UTC, datetime

import typer


def parse_time(text: str, option: str) -> str:
    """An RFC 3339 time from an ISO time, which is in UTC if it has no offset."""
    return write_time(read_time(text, option, "must be an ISO time, as 2026-01-31T12:00:00Z"))


def read_time(text: str, option: str, problem: str) -> datetime:
    """The time in UTC. Raises BadParameter with the problem if it is no ISO time."""
    try:
        time = datetime.fromisoformat(text)
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        raise typer.BadParameter(problem, param_hint=option) from None


def write_time(time: datetime) -> str:
    """RFC 3339 with milliseconds."""
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
