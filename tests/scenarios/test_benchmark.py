"""The benchmark itself: its counts are correct."""

from bench.checks import sink_per_s
from bench.crash import kill_and_count
from bench.gateways import Simpost, Terms
from bench.rows import Wanted, export_each
from bench.runner import Course, figures


def test_a_load_phase_ends_when_every_part_and_receipt_has_come(tmp_path):
    terms = Terms(parts=3, connections=5)
    simpost = Simpost(tmp_path / "simpost", terms)
    try:
        course = Course(simpost, terms)
        stretch = course.run(20)
        assert course.is_done()
        assert simpost.sink.stats()["unique"] == 60
        assert simpost.sink.stats()["acknowledged"] == 60
        assert set(simpost.sink.seen().values()) == {1}
        assert figures([stretch])["cpu_s_per_1000"] > 0
    finally:
        simpost.stop()


def test_a_kill_in_the_middle_loses_nothing_and_marks_what_it_repeats(tmp_path):
    terms = Terms(connections=10)
    simpost = Simpost(tmp_path / "simpost", terms)
    try:
        found = kill_and_count(simpost, terms, 300)
    finally:
        simpost.stop()
    assert 0 < found["accepted"] <= found["seen"]
    assert found["lost"] == found["repeated_unmarked"] == 0


def test_the_sink_accepts_submits_of_a_raw_writer_and_sends_receipts(tmp_path):
    assert sink_per_s(tmp_path, 500, 10, receipts=True) > 0


def test_an_export_of_a_large_log_takes_little_(tmp_path):
    found = export_each(Wanted(tmp_path, messages=0, rounds=0, terms=Terms()), 5_000)
    assert {name: each["messages"] for name, each in found.items()} == {
        "embedded csv": 5_000,
        "embedded jsonl": 5_000,
        "postgres csv": 5_000,
        "postgres jsonl": 5_000,
    }
    assert [name for name, each in found.items() if each["grown_mib"] > 30] == []
