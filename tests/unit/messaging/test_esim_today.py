"""The time where a traveller is. Offsets are those of the zones' laws, written out here."""

from datetime import UTC, datetime

import pytest

from simpost.domain.esims import Esim
from simpost.messaging.esim_today import local_times


def esim(country, msisdn=""):
    return Esim("1", "8985", msisdn, "", "ENABLED", "IN_USE", 1, country=country)


def shown(country, *when):
    now_ms = int(datetime(*when, tzinfo=UTC).timestamp()) * 1000
    return [(each.weekday, each.time) for each in local_times(esim(country), now_ms)]


@pytest.mark.parametrize(
    ("country", "times"),
    [
        ("TH", [("Monday", "06:30")]),  # UTC+7
        ("IN", [("Monday", "05:00")]),  # UTC+5:30
        ("NP", [("Monday", "05:15")]),  # UTC+5:45
        ("DE", [("Monday", "00:30")]),  # UTC+1 in winter
        ("PT", [("Sunday", "22:30"), ("Sunday", "23:30")]),  # the Azores, the mainland and Madeira
    ],
)
def test_the_time_of_a_country_in_winter(country, times):
    assert shown(country, 2026, 11, 29, 23, 30) == times


def test_the_clock_of_summer():
    assert shown("DE", 2026, 7, 1, 12, 0) == [("Wednesday", "14:00")]


def test_without_a_country_there_is_no_time():
    assert local_times(esim(""), 0) == []


def test_a_country_with_many_zones_has_one_row_for_each_clock():
    now_ms = int(datetime(2026, 1, 15, 12, tzinfo=UTC).timestamp()) * 1000
    rows = local_times(esim("AU"), now_ms)
    # Perth, Eucla, Darwin, Brisbane, Adelaide, Sydney, and Lord Howe, in summer there
    assert [row.time for row in rows] == [
        "20:00", "20:45", "21:30", "22:00", "22:30", "23:00",
    ]  # fmt: skip
    assert "Australia/Sydney" in rows[-1].zones
