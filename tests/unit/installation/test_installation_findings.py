"""What counts as a warning and as a problem."""

import resource
import time
from pathlib import Path

import pytest

from simpost.installation.findings import Severity
from simpost.installation.machine import judge_clock, judge_disk, judge_files, read_clock
from simpost.installation.peers import judge_end
from simpost.installation.service import judge_metrics, judge_service

OK, WARNING, PROBLEM = Severity
GIB = 1 << 30
CARRIER = {
    "name": "smsc",
    "queued": 3,
    "paused": False,
    "available": True,
    "state": "connected",
    "connections": [{"problem": ""}],
}
SOURCE = {"name": "mine", "ageSeconds": 60, "stale": False, "lastPull": {"problem": ""}}
HEALTHY = {"copy": {"held": False}, "carriers": [CARRIER], "nodes": [], "sources": [SOURCE]}


def severities(**changed):
    return [(each.subject, each.severity) for each in judge_service(HEALTHY | changed)]


@pytest.mark.parametrize(
    ("found", "severity"), [(None, WARNING), ((False, 0.1), WARNING), ((True, 0.1), OK)]
)
def test_a_clock_that_nothing_sets_is_a_warning(found, severity):
    assert judge_clock(found).severity is severity


def test_the_kernel_answers_or_says_nothing():
    found = read_clock()
    assert found is None or found[1] >= 0


@pytest.mark.parametrize(
    ("most", "severity"), [(1024, WARNING), (4096, OK), (resource.RLIM_INFINITY, OK)]
)
def test_few_open_files_are_a_warning(most, severity):
    assert judge_files(most).severity is severity


@pytest.mark.parametrize(
    ("free", "severity"),
    [(GIB - 1, PROBLEM), (GIB, WARNING), (10 * GIB - 1, WARNING), (10 * GIB, OK)],
)
def test_a_disk_is_judged_by_what_is_free(free, severity):
    assert judge_disk(Path("data"), free, 100 * GIB).severity is severity


@pytest.mark.parametrize(("days", "severity"), [(-1, PROBLEM), (20, WARNING), (22, OK)])
def test_a_certificate_is_judged_by_its_end(days, severity):
    ends_s = time.time() + 86_400 * days + 3_600
    assert judge_end("carrier smsc", "host:1", ends_s).severity is severity


@pytest.mark.parametrize(
    ("changed", "severity"),
    [
        ({}, OK),
        ({"paused": True}, WARNING),
        ({"available": False, "state": "lost"}, PROBLEM),
        ({"available": False, "state": ""}, PROBLEM),
    ],
)
def test_a_carrier_that_takes_nothing_is_a_problem(changed, severity):
    found = severities(carriers=[CARRIER | changed])
    assert ("carrier smsc", severity) in found


def test_the_problem_of_a_connection_is_shown():
    lost = {"available": False, "connections": [{"problem": "refused"}]}
    found = judge_service(HEALTHY | {"carriers": [CARRIER | lost]})
    assert any("refused" in each.words for each in found)


@pytest.mark.parametrize(
    ("changed", "severity"),
    [
        ({}, OK),
        ({"stale": True}, WARNING),
        ({"ageSeconds": None, "lastPull": None}, WARNING),
        ({"lastPull": {"problem": "401"}}, WARNING),
    ],
)
def test_an_old_copy_of_a_supplier_is_a_warning(changed, severity):
    assert ("source mine", severity) in severities(sources=[SOURCE | changed])


def test_a_copied_store_is_a_problem():
    assert ("sending", PROBLEM) in severities(copy={"held": True})


def test_an_invalid_file_of_a_running_process_is_a_warning():
    names = [{"name": "a", "configurationErrors": 1}, {"name": "b", "configurationErrors": 0}]
    assert [each for each in severities(nodes=names) if each[0].startswith("node")] == [
        ("node a", WARNING)
    ]


@pytest.mark.parametrize(
    ("lines", "severity"),
    [
        ("", OK),
        ("simpost_webhook_deliveries_exhausted_total 0\n", OK),
        ("simpost_webhook_deliveries_exhausted_total 2.0\n", WARNING),
        ('simpost_webhook_events_skipped_total{node="a"} 1\n', WARNING),
    ],
)
def test_events_that_were_given_up_are_a_warning(lines, severity):
    [found] = judge_metrics(f"# HELP x y\n{lines}simpost_other_total 9\n")
    assert found.severity is severity
