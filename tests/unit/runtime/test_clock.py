import pytest

from simpost.runtime.clock import SteadyClock

HOUR = 3_600


class Times:
    """A wall clock and what passes, in seconds."""

    def __init__(self):
        self.wall_s, self.passed_s = 1_800_000_000.0, 77.0
        self.clock = SteadyClock(
            wall_ns=lambda: round(self.wall_s * 1e9), passed_ns=lambda: round(self.passed_s * 1e9)
        )

    def live(self, seconds):
        for _ in range(seconds):
            self.wall_s += 1
            self.passed_s += 1
            self.clock.follow()

    @property
    def ahead_s(self):
        """Of the wall clock."""
        return self.clock.now_ms() / 1000 - self.wall_s


@pytest.fixture
def times():
    return Times()


def test_the_clock_starts_at_the_wall_clock(times):
    times.live(100)
    assert times.ahead_s == 0


@pytest.mark.parametrize("jump_s", [HOUR, -HOUR])
def test_after_a_jump_the_clock_moves_by_a_tenth_of_the_time_that_passes(times, jump_s):
    before_ms = times.clock.now_ms()
    times.wall_s += jump_s
    assert times.clock.now_ms() == before_ms
    times.live(60)
    assert 54_000 <= times.clock.now_ms() - before_ms <= 66_000
    times.live(10 * HOUR)
    assert times.ahead_s == 0


def test_a_jump_that_is_undone_has_no_effect(times):
    times.wall_s += HOUR
    times.live(10)
    times.wall_s -= HOUR
    times.live(10)
    assert times.ahead_s == 0


@pytest.mark.parametrize("drift_s", [0.05, -0.05])
def test_a_small_difference_is_followed_at_once(times, drift_s):
    times.wall_s += drift_s
    times.live(1)
    assert times.ahead_s == pytest.approx(0, abs=0.001)


@pytest.mark.parametrize("days", [1, -1])
def test_a_wall_clock_that_was_set_is_followed(times, days):
    times.wall_s += 24 * HOUR * days
    times.live(1)
    assert times.ahead_s == 0


def test_a_jump_is_logged_once(times, capsys):
    times.wall_s += HOUR
    times.live(5)
    written = capsys.readouterr()
    assert (written.out + written.err).count("wall_clock_jumped") == 1
