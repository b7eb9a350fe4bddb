import pytest

from simpost.smpp import SessionSettings
from simpost.smpp.timers import SessionTimers, TimerAction
from simpost.smpp.version import negotiated_version, response_version

SETTINGS = SessionSettings(
    session_init_timeout_s=10,
    response_timeout_s=30,
    enquire_link_s=20,
    inactivity_timeout_s=100,
)


def bound(settings: SessionSettings = SETTINGS) -> SessionTimers:
    watch = SessionTimers(settings)
    watch.opened(0.0)
    watch.bound(0.0)
    return watch


def test_before_the_bind_only_the_session_init_timer_runs() -> None:
    watch = SessionTimers(SETTINGS)
    watch.opened(0.0)
    assert watch.due(9.9) is None
    assert watch.due(10.0) is TimerAction.BIND_TIMEOUT
    assert watch.due(500.0) is TimerAction.BIND_TIMEOUT


def test_silence_sends_an_enquire_link_and_traffic_postpones_it() -> None:
    watch = bound()
    assert watch.due(19.9) is None
    assert watch.due(20.0) is TimerAction.ENQUIRE
    watch.last_received = 15.0
    assert watch.due(34.9) is None
    assert watch.due(35.0) is TimerAction.ENQUIRE


def test_one_enquire_link_at_a_time() -> None:
    watch = bound()
    watch.enquiring = True
    assert watch.due(99.0) is None


def test_enquire_links_alone_do_not_count_as_activity() -> None:
    watch = bound()
    watch.enquiring = True
    watch.last_received = 99.0
    assert watch.due(100.0) is TimerAction.INACTIVE
    watch.last_active = 50.0
    assert watch.due(149.0) is None


def test_an_unanswered_enquire_link_does_not_delay_the_next_timer() -> None:
    watch = bound()
    watch.enquiring = True
    assert watch.wake_at(20.0, 20.0) == 40.0


def test_disabled_timers_never_fire() -> None:
    watch = bound(SessionSettings(enquire_link_s=None, inactivity_timeout_s=None))
    assert watch.due(1e12) is None
    assert watch.wake_at(5.0, None) == 35.0


def test_unbinding_and_closing_have_their_own_timeouts() -> None:
    watch = bound()
    watch.unbind_by = 7.0
    assert watch.due(6.0) is None
    assert watch.due(7.0) is TimerAction.UNBIND_TIMEOUT
    watch.abort_at = 12.0
    assert watch.due(11.0) is None
    assert watch.due(12.0) is TimerAction.ABORT


@pytest.mark.parametrize(
    ("now", "oldest_sent_at", "wake_at"),
    [(0.0, None, 20.0), (15.0, None, 20.0), (5.0, -15.0, 15.0), (5.0, 1.0, 20.0)],
)
def test_the_next_wake_up_is_the_earliest_timer(
    now: float, oldest_sent_at: float | None, wake_at: float
) -> None:
    assert bound().wake_at(now, oldest_sent_at) == wake_at


@pytest.mark.parametrize(
    ("asked", "answered", "agreed"),
    [(0x34, None, 0x34), (0x50, None, 0x34), (0x50, 0x50, 0x50), (0x50, 0x34, 0x34),
     (0x34, 0x50, 0x34), (0x33, 0x50, 0x33), (0x00, None, 0x33), (0x34, 0x33, 0x33),
     (0x50, 0x40, 0x34)],
)  # fmt: skip
def test_the_older_of_two_interface_versions_is_used(
    asked: int, answered: int | None, agreed: int
) -> None:
    assert negotiated_version(asked, answered) == agreed


def test_an_esme_older_than_3_4_is_sent_no_tlv() -> None:
    assert response_version(0x33, 0x34) is None
    assert response_version(0x34, 0x50) == 0x50
