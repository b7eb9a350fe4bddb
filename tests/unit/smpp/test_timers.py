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
    timers = SessionTimers(settings)
    timers.on_opened(0.0)
    timers.on_bound(0.0)
    return timers


def test_before_the_bind_only_the_session_init_timer_runs() -> None:
    timers = SessionTimers(SETTINGS)
    timers.on_opened(0.0)
    assert timers.due_action(9.9) is None
    assert timers.due_action(10.0) is TimerAction.BIND_TIMEOUT
    assert timers.due_action(500.0) is TimerAction.BIND_TIMEOUT


def test_silence_sends_an_enquire_link_and_traffic_postpones_it() -> None:
    timers = bound()
    assert timers.due_action(19.9) is None
    assert timers.due_action(20.0) is TimerAction.ENQUIRE_LINK
    timers.last_received = 15.0
    assert timers.due_action(34.9) is None
    assert timers.due_action(35.0) is TimerAction.ENQUIRE_LINK


def test_one_enquire_link_at_a_time() -> None:
    timers = bound()
    timers.enquire_link_pending = True
    assert timers.due_action(99.0) is None


def test_enquire_links_alone_do_not_count_as_activity() -> None:
    timers = bound()
    timers.enquire_link_pending = True
    timers.last_received = 99.0
    assert timers.due_action(100.0) is TimerAction.INACTIVE
    timers.last_active = 50.0
    assert timers.due_action(149.0) is None


def test_an_unanswered_enquire_link_does_not_delay_the_next_timer() -> None:
    timers = bound()
    timers.enquire_link_pending = True
    assert timers.next_wake_up(20.0, 20.0) == 40.0


def test_disabled_timers_never_fire() -> None:
    timers = bound(SessionSettings(enquire_link_s=None, inactivity_timeout_s=None))
    assert timers.due_action(1e12) is None
    assert timers.next_wake_up(5.0, None) == 35.0


def test_unbinding_and_closing_have_their_own_timeouts() -> None:
    timers = bound()
    timers.unbind_by = 7.0
    assert timers.due_action(6.0) is None
    assert timers.due_action(7.0) is TimerAction.UNBIND_TIMEOUT
    timers.abort_at = 12.0
    assert timers.due_action(11.0) is None
    assert timers.due_action(12.0) is TimerAction.ABORT


@pytest.mark.parametrize(
    ("now", "oldest_sent_at", "wake_up"),
    [(0.0, None, 20.0), (15.0, None, 20.0), (5.0, -15.0, 15.0), (5.0, 1.0, 20.0)],
)
def test_the_next_wake_up_is_the_earliest_timer(
    now: float, oldest_sent_at: float | None, wake_up: float
) -> None:
    assert bound().next_wake_up(now, oldest_sent_at) == wake_up


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
