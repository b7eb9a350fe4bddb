from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simpost.smpp import (
    FieldError,
    format_absolute,
    format_relative,
    parse_absolute,
    parse_relative,
    parse_time,
)

TENTH = timedelta(milliseconds=100)
CENTURY = datetime(2000, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("261122120000000+", NOW),
        ("261122120000700+", NOW.replace(microsecond=700_000)),
        ("261122150000012+", NOW),
        ("261122090000012-", NOW),
        ("261122174500023+", NOW),
        ("991231235959900+", datetime(2099, 12, 31, 23, 59, 59, 900_000, UTC)),
    ],
)
def test_an_absolute_time_is_utc_by_its_quarters(text: str, moment: datetime) -> None:
    """SMPP 3.4 7.1.1.1; 23 quarters are Nepal's 5:45."""
    assert parse_absolute(text) == moment
    assert parse_absolute(text).tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    ["", "261122120000000", "261122120000000R", "261322120000000+", "261122120000049+",
     "26112212000000 +", "٢٦١١٢٢١٢٠٠٠٠٠٠٠+", "2611221200000000+"],
)  # fmt: skip
def test_what_is_no_absolute_time_is_refused(text: str) -> None:
    with pytest.raises(FieldError) as refused:
        parse_absolute(text)
    assert refused.value.status == 0x61


@given(
    st.integers(0, 10 * 86_400 * 36_500).map(lambda tenths: CENTURY + tenths * TENTH + TENTH / 2)
)
def test_an_absolute_time_is_written_and_read_to_the_tenth(moment: datetime) -> None:
    tenth = moment.replace(microsecond=moment.microsecond // 100_000 * 100_000)
    assert parse_absolute(format_absolute(moment)) == tenth


def test_an_absolute_time_is_written_in_utc() -> None:
    bangkok = timezone(timedelta(hours=7))
    assert format_absolute(datetime(2026, 11, 22, 19, 0, tzinfo=bangkok)) == "261122120000000+"


@pytest.mark.parametrize("year", [1999, 2100])
def test_a_year_of_another_century_is_refused(year: int) -> None:
    with pytest.raises(FieldError):
        format_absolute(NOW.replace(year=year))


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("000000000100000R", timedelta(minutes=1)),
        (
            "020610233429000R",
            timedelta(days=2 * 365 + 6 * 30 + 10, hours=23, minutes=34, seconds=29),
        ),
        ("000000000000000R", timedelta(0)),
    ],
)
def test_a_relative_time_is_a_length(text: str, length: timedelta) -> None:
    """SMPP 3.4 7.1.1.2, with the standard's own example."""
    assert parse_relative(text) == length


@given(st.timedeltas(timedelta(0), timedelta(days=365 * 100) - timedelta(seconds=1)))
def test_a_relative_time_is_written_and_read_to_the_second(length: timedelta) -> None:
    assert parse_relative(format_relative(length)) == timedelta(
        seconds=length // timedelta(seconds=1)
    )


@pytest.mark.parametrize("length", [timedelta(seconds=-1), timedelta(days=36500)])
def test_a_length_that_cannot_be_written_is_refused(length: timedelta) -> None:
    with pytest.raises(FieldError):
        format_relative(length)


@pytest.mark.parametrize("text", ["", "000000000100000+", "0000000001000R", "-00000000100000R"])
def test_what_is_no_relative_time_is_refused(text: str) -> None:
    with pytest.raises(FieldError):
        parse_relative(text)


def test_a_time_field_is_empty_relative_or_absolute() -> None:
    assert parse_time("", NOW) is None
    assert parse_time("000001000000000R", NOW) == NOW + timedelta(days=1)
    assert parse_time("261122130000000+", NOW) == NOW + timedelta(hours=1)
