"""Times of 16 characters, absolute or relative (SMPP 3.4 7.1.1)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from simpost.smpp.errors import FieldError
from simpost.smpp.status import Status

_OCTETS: Final = 16
_YEAR: Final = timedelta(days=365)  # of a relative time: a duration, not a calendar year
_MONTH: Final = timedelta(days=30)


def parse_absolute(text: str) -> datetime:
    """Parse `YYMMDDhhmmsstnnp` to an aware time in UTC, in tenths of a second.

    Years are 2000 to 2099. Raises `FieldError`.
    """
    sign = text[15:]
    if len(text) != _OCTETS or sign not in {"+", "-"} or not _is_number(text[:15]):
        raise _invalid_time("absolute")
    year, month, day, hour, minute, second = (int(text[at : at + 2]) for at in range(0, 12, 2))
    quarters = int(text[13:15])
    if quarters > 48:
        raise _invalid_time("absolute")
    zone = timezone(timedelta(minutes=15 * (quarters if sign == "+" else -quarters)))
    tenths = int(text[12]) * 100_000
    try:
        local = datetime(2000 + year, month, day, hour, minute, second, tenths, zone)
        return local.astimezone(UTC)
    except (ValueError, OverflowError):
        raise _invalid_time("absolute") from None


def format_absolute(moment: datetime) -> str:
    """Format an aware time as `YYMMDDhhmmsstnnp` in UTC.

    Raises `FieldError` outside the years 2000 to 2099.
    """
    utc = moment.astimezone(UTC)
    if not 2000 <= utc.year <= 2099:
        raise _invalid_time("absolute")
    return f"{utc:%y%m%d%H%M%S}{utc.microsecond // 100_000}00+"


def parse_relative(text: str) -> timedelta:
    """Parse `YYMMDDhhmmss000R`; a year is 365 days and a month 30. Raises `FieldError`."""
    if len(text) != _OCTETS or text[15] != "R" or not _is_number(text[:15]):
        raise _invalid_time("relative")
    years, months, days, hours, minutes, seconds = (
        int(text[at : at + 2]) for at in range(0, 12, 2)
    )
    clock = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    return years * _YEAR + months * _MONTH + clock


def format_relative(duration: timedelta) -> str:
    """Format a duration as `YYMMDDhhmmss000R`, rounded down to seconds.

    Raises `FieldError` if it is negative, or 100 years or more.
    """
    if not timedelta(0) <= duration < 100 * _YEAR:
        raise _invalid_time("relative")
    years, rest = divmod(duration, _YEAR)
    months, rest = divmod(rest, _MONTH)
    minutes, seconds = divmod(rest.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{years:02}{months:02}{rest.days:02}{hours:02}{minutes:02}{seconds:02}000R"


def parse_time(text: str, now: datetime) -> datetime | None:
    """Return the UTC time of a validity_period or schedule_delivery_time; `None` if empty.

    A relative time counts from `now`.

    Raises `FieldError`.
    """
    if not text:
        return None
    if text.endswith("R"):
        return now.astimezone(UTC) + parse_relative(text)
    return parse_absolute(text)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _invalid_time(kind: str) -> FieldError:
    return FieldError("time", f"is not a valid {kind} time", Status.ESME_RINVSCHED)
