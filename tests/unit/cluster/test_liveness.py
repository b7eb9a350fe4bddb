from simpost.cluster.clock import SharedClock
from simpost.cluster.liveness import Liveness
from simpost.ports.cluster import NodeRow

MS, S = 1_000_000, 1_000_000_000


def row(name="a", serial=1, run=b"1"):
    return NodeRow(name, run * 16, ("api",), "0.1", 15.0, 0, 0, serial, {})


def test_a_node_is_silent_from_when_its_serial_was_first_seen():
    watch = Liveness()
    watch.update([row()], 100.0)
    watch.update([row()], 107.0)
    assert watch.silent_s(row(), 110.0) == 10.0


def test_a_heartbeat_or_a_new_process_of_the_name_ends_its_silence():
    for changed in (row(serial=2), row(run=b"2")):
        watch = Liveness()
        watch.update([row()], 100.0)
        watch.update([changed], 107.0)
        assert watch.silent_s(changed, 110.0) == 3.0


def test_the_silence_of_a_node_never_seen_is_unknown():
    assert Liveness().silent_s(row(), 1_000.0) == 0.0


def test_a_suspended_observer_does_not_count_its_own_absence_as_silence():
    watch = Liveness()
    watch.update([row()], 100.0)
    watch.update([], 101.0)
    watch.update([row()], 200.0)
    assert watch.silent_s(row(), 201.0) == 1.0


class Clocks:
    def __init__(self):
        self.wall_ns = 1_000 * S
        self.monotonic_ns = 5 * S

    def shared(self):
        return SharedClock(lambda: self.wall_ns, lambda: self.monotonic_ns)


def test_a_jump_of_the_wall_clock_does_not_move_the_shared_one():
    clocks = Clocks()
    clock = clocks.shared()
    clocks.wall_ns += 3_600 * S
    clocks.monotonic_ns += 1 * S
    assert clock.now_ms() == 1_001_000


def test_the_shared_clock_follows_the_database():
    clock = Clocks().shared()
    clock.adjust(4_600_000, round_trip_s=0.01)
    assert clock.now_ms() == 4_600_000


def test_a_difference_within_the_round_trip_is_ignored():
    clock = Clocks().shared()
    clock.adjust(1_000_090, round_trip_s=0.01)
    clock.adjust(1_000_900, round_trip_s=1.0)
    assert clock.now_ms() == 1_000_000
