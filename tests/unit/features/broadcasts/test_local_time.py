"""Local times of day, against the time zone database."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simpost.domain.esims import Esim
from simpost.features.broadcasts.local_time import local_due_ms
from simpost.messaging.policy.places import zones_of
from tests.contract.store_facts import esim as esim_row

DAY_MS = 86_400_000


def esim(country):
    row = esim_row()
    facts = {name: getattr(row, name) for name in Esim.__struct_fields__ if hasattr(row, name)}
    return Esim(**facts | {"country": country})


def ms(text):
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def due(country, minute, start):
    return datetime.fromtimestamp(local_due_ms(esim(country), minute, ms(start)) / 1000, UTC)


@pytest.mark.parametrize(
    ("country", "start", "expected"),
    [
        ("FR", "2026-01-01T00:00Z", "2026-01-01T09:00Z"),
        ("FR", "2026-01-01T09:00Z", "2026-01-01T09:00Z"),
        ("FR", "2026-01-01T09:01Z", "2026-01-02T09:00Z"),
        ("FR", "2026-07-01T00:00Z", "2026-07-01T08:00Z"),
        ("JP", "2026-01-01T00:00Z", "2026-01-01T01:00Z"),
        ("US", "2026-01-01T00:00Z", "2026-01-01T20:00Z"),  # Hawaii, or the Aleutians
        ("NZ", "2026-01-01T00:00Z", "2026-01-01T21:00Z"),  # not the Chatham Islands
    ],
)
def test_it_is_ten_there(country, start, expected):
    found = due(country, 600, start)
    assert found == datetime.fromisoformat(expected)


@given(
    st.sampled_from(["FR", "US", "RU", "AU", "TH", "BR", "LB", "IR"]),
    st.integers(0, 1439),
    st.integers(1_577_836_800, 1_893_456_000),
)
def test_it_is_that_time_in_the_zone_most_behind_and_not_earlier_in_any(country, minute, start_s):
    start_ms = 1000 * start_s
    due_ms = local_due_ms(esim(country), minute, start_ms)
    assert start_ms <= due_ms <= start_ms + DAY_MS + 3_600_000
    at = datetime.fromtimestamp(due_ms / 1000, UTC)
    offsets = [at.astimezone(zone).utcoffset() for zone in zones_of((country,))]
    before = datetime.fromtimestamp(start_ms / 1000, UTC)
    earlier = min(before.astimezone(zone).utcoffset() for zone in zones_of((country,)))
    if min(offsets) == earlier:  # the clocks are not changed in between
        local = at + min(offsets)
        gap = timedelta(hours=local.hour, minutes=local.minute) - timedelta(minutes=minute)
        assert gap in (timedelta(), timedelta(hours=1), timedelta(minutes=30))
