"""What statuses mean, and that docs/carriers.md says the same."""

import re
from pathlib import Path

import pytest

from simpost.carriers.smpp.command_status import STATUS_CLASSES, StatusClass, StatusMap
from simpost.domain.outcomes import OutcomeKind
from simpost.domain.reasons import Reason
from simpost.ports.carrier import ConnectionState
from simpost.smpp import Status

PAGE = (Path(__file__).parents[3] / "docs" / "carriers.md").read_text("utf-8")


def table(heading):
    """The cells of the rows under a heading, without backticks."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    rows = (line for line in section.splitlines() if line.startswith("| `"))
    return [[cell.strip().strip("`") for cell in row.strip("|").split("|")] for row in rows]


def test_every_status_of_the_standards_has_a_class():
    assert set(STATUS_CLASSES) == {status for status in Status if status != Status.ESME_ROK}


def test_the_table_of_statuses_is_as_the_code_has_it():
    written = [
        (int(code, 16), name, status_class) for code, name, status_class, _ in table("Statuses")
    ]
    assert written == [
        (int(s), s.name, str(STATUS_CLASSES[s])) for s in Status if s in STATUS_CLASSES
    ]


def test_the_sentences_of_the_statuses_are_the_codes():
    assert [row[3] for row in table("Statuses")] == [
        s.meaning for s in Status if s in STATUS_CLASSES
    ]


def test_every_class_is_explained():
    assert [row[0] for row in table("Classes")] == [
        str(status_class) for status_class in StatusClass
    ]


def test_every_connection_state_is_explained():
    assert [row[0] for row in table("States of a connection")] == [
        str(link) for link in ConnectionState
    ]


def test_the_page_names_no_setting_that_is_not_there():
    from simpost.config.carriers import CARRIER_TYPES
    from simpost.config.http_auth import AUTH_TYPES
    from simpost.config.http_carrier import HttpCallback, HttpReply

    named = set(re.findall(r"`([a-z][a-z0-9]*(?:_[a-z0-9]+)+)(?: = [^`]*)?`", PAGE))
    words = {"submit_sm", "deliver_sm", "data_sm", "bind_receiver", "enquire_link", "in_doubt"}
    words |= {
        "simpost_oldest_queued_part_age_seconds",
        "congestion_state",
        "transmitter_receiver",
        "generic_nack",
        "carrier_code",
        "protocol_deviation",
        "error_token",
        "callback_not_understood",
        "gsm_map_error",
    }
    reasons = {str(reason) for reason in Reason}
    models = (*CARRIER_TYPES.values(), *AUTH_TYPES.values(), HttpCallback, HttpReply)
    settings = {*CARRIER_TYPES, *AUTH_TYPES, *(key for each in models for key in each.model_fields)}
    assert named - words - reasons <= settings


@pytest.mark.parametrize(
    ("status", "kind", "reason"),
    [
        (Status.ESME_RTHROTTLED, OutcomeKind.THROTTLED, Reason.THROTTLED),
        (Status.ESME_RSYSERR, OutcomeKind.UNREACHABLE, Reason.CARRIER_BUSY),
        (Status.ESME_RINVPASWD, OutcomeKind.UNREACHABLE, Reason.BIND_REFUSED),
        (Status.ESME_RINVDSTADR, OutcomeKind.REFUSED, Reason.CARRIER_REFUSED),
        (Status.ESME_RUNKNOWNERR, OutcomeKind.UNREACHABLE, Reason.UNCLEAR_RESPONSE),
        (0x0400, OutcomeKind.REFUSED, Reason.CARRIER_REFUSED),
        (0xFFFFFFFF, OutcomeKind.REFUSED, Reason.CARRIER_REFUSED),
    ],
)
def test_a_status_leads_to_an_outcome_and_keeps_its_code(status, kind, reason):
    outcome = StatusMap({}).outcome(status, "")
    assert (outcome.kind, outcome.reason) == (kind, reason)
    assert outcome.carrier_code == f"0x{status:08X}"
    assert outcome.retry_after_s is None


def test_the_status_table_of_a_carrier_overrides_the_default():
    answers = StatusMap({"0x45": "retry", "0x00000411": "throttle", "0x58": "refuse"})
    assert answers.outcome(0x45, "").reason is Reason.CARRIER_BUSY
    assert answers.outcome(0x411, "").kind is OutcomeKind.THROTTLED
    assert answers.outcome(0x58, "").kind is OutcomeKind.REFUSED
    assert answers.outcome(0x0B, "").kind is OutcomeKind.REFUSED


@pytest.mark.parametrize(
    "statuses",
    [range(1, 0x100), range(0x100, 0x400), range(0x400, 0x500), (0x10000, 0x7FFFFFFF, 0xFFFFFFFF)],
    ids=["standard", "reserved", "of the vendor", "beyond"],
)
def test_every_error_status_counts_as_a_response(statuses):
    for status in statuses:
        outcome = StatusMap({}).outcome(status, "")
        assert outcome.kind is not OutcomeKind.ACCEPTED
        assert outcome.reason is not Reason.NO_RESPONSE
        in_doubt = StatusMap({hex(status): "doubt"}).outcome(status, "")
        assert in_doubt.reason is Reason.UNCLEAR_RESPONSE


def test_the_delay_after_a_temporary_error_is_the_configured_one():
    answers = StatusMap({}, retry_after_s=90)
    assert answers.outcome(Status.ESME_RSYSERR, "").retry_after_s == 90
    assert answers.outcome(Status.ESME_RTHROTTLED, "").retry_after_s is None
    assert answers.outcome(Status.ESME_RINVDSTADR, "").retry_after_s is None
