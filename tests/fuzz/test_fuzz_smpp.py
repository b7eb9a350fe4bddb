"""A few thousand of the cases that `make fuzz` runs by the million."""

import struct

import pytest

from simpost.smpp import Status, framer, session_protocol
from tests.fuzz import campaign
from tests.fuzz.__main__ import keep
from tests.fuzz.mutations import PROBE, case_of

SEED = 34
SHARE = 750


@pytest.mark.parametrize("part", range(4))
def test_mutated_streams_end_as_the_standard_says(part):
    """Codec, framer, session of both roles, receipts: the oracle says what each has to do."""
    tally = campaign.run(SEED, range(part * SHARE, (part + 1) * SHARE))
    assert [f"{keep(case, why)}: {why}" for case, why in tally.failures] == []
    assert tally.cases == SHARE
    assert tally.growth_mib < campaign.MAX_GROWTH_MIB
    counts = tally.counts
    assert counts["accepted"] > SHARE
    assert (
        min(
            counts["RecoverablePduError"],
            counts["FatalPduError"],
            counts["receipts"],
            counts["tolerated"],
        )
        > 20
    )


def test_a_case_is_the_same_whatever_ran_before():
    cases = [case_of(7, number) for number in (3, 1, 2)]
    assert [case_of(7, number) for number in (3, 1, 2)] == cases
    assert case_of(8, 3) != cases[0]
    assert b"".join(cases[0].pieces()) == cases[0].stream
    assert cases[0].stream.endswith(PROBE)


def test_an_undeclared_error_is_noticed_and_kept_as_hex(monkeypatch, tmp_path):
    def decode_badly(command_id, status, sequence, body):
        raise struct.error("unpack requires a buffer")

    monkeypatch.setattr(framer, "decode_body", decode_badly)
    monkeypatch.setattr("tests.fuzz.__main__.FOLDER", tmp_path)
    tally = campaign.run(SEED, range(20))
    case, why = tally.failures[0]
    assert why == "error: unpack requires a buffer"
    assert case.stream.hex() in keep(case, why).read_text()


def test_a_wrong_answer_is_noticed(monkeypatch):
    def wrong_status(request, role, state):
        return Status.ESME_RSYSERR

    monkeypatch.setattr(session_protocol, "status_out_of_place", wrong_status)
    assert campaign.run(SEED, range(200)).failures


def test_a_session_that_never_ends_is_noticed(monkeypatch):
    def spin(self, data):
        while True:
            pass

    monkeypatch.setattr(session_protocol.SessionProtocol, "data_received", spin)
    monkeypatch.setattr(campaign, "CPU_S", 0.1)
    ((_, why),) = campaign.run(SEED, range(1)).failures
    assert why.startswith("Hung")
