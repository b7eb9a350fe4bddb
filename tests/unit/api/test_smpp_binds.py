"""Wrong passwords are limited by address and by system_id, and never lock a known client out."""

import pytest

from simpost.api.smpp import binds
from simpost.api.smpp.binds import FAILURES_AT_ONCE, FAILURES_PER_S, BindThrottle


class Clock:
    now_s = 0.0

    def __call__(self):
        return self.now_s


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def throttle(clock):
    return BindThrottle(clock)


def fail(throttle, address, system_id, times=FAILURES_AT_ONCE):
    for _ in range(times):
        assert throttle.may_try(address, system_id)
        throttle.note_failure(address, system_id)


def test_an_address_may_fail_a_few_times_with_any_names(throttle):
    for number in range(FAILURES_AT_ONCE):
        fail(throttle, "192.0.2.1", f"name-{number}", 1)
    assert not throttle.may_try("192.0.2.1", "another")
    assert throttle.may_try("192.0.2.2", "another")


def test_a_name_may_be_tried_a_few_times_from_any_addresses(throttle):
    for number in range(FAILURES_AT_ONCE):
        fail(throttle, f"192.0.2.{number}", "shop", 1)
    assert not throttle.may_try("198.51.100.1", "shop")
    assert throttle.may_try("198.51.100.1", "office")


def test_a_client_that_bound_before_is_not_locked_out_by_others(throttle):
    throttle.note_success("198.51.100.1", "shop")
    for number in range(FAILURES_AT_ONCE):
        fail(throttle, f"192.0.2.{number}", "shop", 1)
    assert throttle.may_try("198.51.100.1", "shop")


def test_time_gives_tries_back_one_by_one(throttle, clock):
    fail(throttle, "192.0.2.1", "shop")
    assert not throttle.may_try("192.0.2.1", "shop")
    clock.now_s = 1.01 / FAILURES_PER_S
    fail(throttle, "192.0.2.1", "shop", 1)
    assert not throttle.may_try("192.0.2.1", "shop")


def test_what_is_remembered_is_bounded(throttle, monkeypatch):
    monkeypatch.setattr(binds, "MAX_REMEMBERED", 10)
    for number in range(50):
        throttle.note_failure(f"192.0.2.{number}", f"name-{number}")
        throttle.note_success(f"192.0.2.{number}", f"name-{number}")
    assert len(throttle._failed) == 10
    assert len(throttle._bound) == 10
