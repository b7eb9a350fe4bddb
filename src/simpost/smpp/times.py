"""Times as SMPP writes them: 16 characters, absolute or relative (SMPP 3.4 7.1.1)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from simpost.smpp.errors import FieldError
from simpost.smpp.status import Status

_OCTETS: Final = 16
_YEAR: Final = timedelta(days=365)  # a relative time counts years and months as lengths
_MONTH: Final = timedelta(days=30)


def parse_absolute(text: str) -> datetime:
    """`YYMMDDhhmmsstnnp`, aware and in UTC; tenths of a second kept. Years are 2000 to 2099.

    Raises `FieldError`.
    """
    sign = text[15:]
    if len(text) != _OCTETS or sign not in {"+", "-"} or not _is_number(text[:15]):
        raise _not_a_time("absolute")
    year, month, day, hour, minute, second = (int(text[at : at + 2]) for at in range(0, 12, 2))
    quarters = int(text[13:15])
    if quarters > 48:
        raise _not_a_time("absolute")
    zone = timezone(timedelta(minutes=15 * (quarters if sign == "+" else -quarters)))
    tenths = int(text[12]) * 100_000
    try:
        local = datetime(2000 + year, month, day, hour, minute, second, tenths, zone)
        return local.astimezone(UTC)
    except (ValueError, OverflowError):
        raise _not_a_time("absolute") from None


def format_absolute(moment: datetime) -> str:
    """`YYMMDDhhmmsstnnp` of an aware time, written in UTC. Raises `FieldError`."""
    utc = moment.astimezone(UTC)
    if not 2000 <= utc.year <= 2099:
        raise _not_a_time("absolute")
    return f"{utc:%y%m%d%H%M%S}{utc.microsecond // 100_000}00+"


def parse_relative(text: str) -> timedelta:
    """`YYMMDDhhmmss000R`; a year counts 365 days and a month 30. Raises `FieldError`."""
    if len(text) != _OCTETS or text[15] != "R" or not _is_number(text[:15]):
        raise _not_a_time("relative")
    years, months, days, hours, minutes, seconds = (
        int(text[at : at + 2]) for at in range(0, 12, 2)
    )
    clock = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    return years * _YEAR + months * _MONTH + clock


def format_relative(length: timedelta) -> str:
    """`YYMMDDhhmmss000R`, cut to whole seconds. Raises `FieldError` when negative or too long."""
    if not timedelta(0) <= length < 100 * _YEAR:
        raise _not_a_time("relative")
    years, rest = divmod(length, _YEAR)
    months, rest = divmod(rest, _MONTH)
    minutes, seconds = divmod(rest.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{years:02}{months:02}{rest.days:02}{hours:02}{minutes:02}{seconds:02}000R"


def parse_time(text: str, now: datetime) -> datetime | None:
    """What validity_period or schedule_delivery_time means at `now`; None when empty.

    Raises `FieldError`.
    """
    if not text:
        return None
    if text.endswith("R"):
        return now.astimezone(UTC) + parse_relative(text)
    return parse_absolute(text)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _not_a_time(kind: str) -> FieldError:
    return FieldError("time", f"is no {kind} time", Status.ESME_RINVSCHED)
