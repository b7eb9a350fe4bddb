"""Names and numbers of the standards: spot values, and that no two are one."""

from enum import IntEnum

import pytest

from simpost.smpp import (
    CommandId,
    Npi,
    Role,
    SessionState,
    Status,
    Tag,
    Ton,
    command_name,
    status_meaning,
    status_name,
    tag_name,
)
from simpost.smpp.state import ISSUED_IN, allowed_requests

TX, RX, TRX = SessionState.BOUND_TX, SessionState.BOUND_RX, SessionState.BOUND_TRX


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (Status.ESME_RINVBNDSTS, 0x04),
        (Status.ESME_RALYBND, 0x05),
        (Status.ESME_RINVPASWD, 0x0E),
        (Status.ESME_RMSGQFUL, 0x14),
        (Status.ESME_RTHROTTLED, 0x58),
        (Status.ESME_RX_R_APPN, 0x66),
        (Status.ESME_RINVTLVSTREAM, 0xC0),
        (Status.ESME_RINVDCS, 0x104),
        (Status.ESME_RINVBCASTCHANIND, 0x112),
    ],
)
def test_a_status_has_the_standards_number(status: Status, code: int) -> None:
    assert status == code
    assert Status(code) is status


def test_every_status_has_a_sentence_and_a_number_of_its_own() -> None:
    assert len({int(status) for status in Status}) == len(Status) == len(Status.__members__)
    for status in Status:
        assert status.meaning.endswith(".")
        assert status_meaning(status) == status.meaning
        assert status_name(status) == status.name


def test_statuses_tags_and_commands_without_a_name_are_shown_in_hex() -> None:
    assert status_name(0x401) == "0x00000401"
    assert "vendor" in status_meaning(0x401)
    assert status_meaning(0x7FFFFFFF) == "A status that no standard defines."
    assert tag_name(0x1400) == "0x1400"
    assert tag_name(Tag.MESSAGE_PAYLOAD) == "message_payload"
    assert command_name(0x10200) == "0x00010200"
    assert command_name(CommandId.SUBMIT_SM) == "submit_sm"


@pytest.mark.parametrize("table", [CommandId, Tag, Ton, Npi])
def test_no_two_names_share_a_number(table: type[IntEnum]) -> None:
    assert len(table) == len(table.__members__)


@pytest.mark.parametrize(
    ("issuer", "state", "allowed", "forbidden"),
    [
        (Role.ESME, SessionState.OPEN, {0x1, 0x2, 0x9}, {0x4, 0x5, 0x6, 0x15, 0xB}),
        (Role.SMSC, SessionState.OPEN, {0xB}, {0x1, 0x5, 0x15}),
        (Role.ESME, SessionState.OUTBOUND, {0x1, 0x9}, {0x4}),
        (Role.ESME, TX, {0x4, 0x21, 0x103, 0x3, 0x7, 0x8, 0x6, 0x15, 0x111}, {0x5, 0x2}),
        (Role.SMSC, TX, {0x6, 0x15}, {0x5, 0x103, 0x102, 0x4}),
        (Role.ESME, RX, {0x6, 0x15}, {0x4, 0x103, 0x3}),
        (Role.SMSC, RX, {0x5, 0x103, 0x102, 0x6, 0x15}, {0x4}),
        (Role.ESME, TRX, {0x4, 0x103}, {0x5, 0x102}),
        (Role.SMSC, TRX, {0x5, 0x103, 0x102}, {0x4}),
        (Role.ESME, SessionState.UNBOUND, set(), {0x4, 0x15, 0x9}),
        (Role.SMSC, SessionState.CLOSED, set(), {0x5, 0x6}),
    ],
)
def test_each_state_allows_what_the_standard_allows(
    issuer: Role, state: SessionState, allowed: set[int], forbidden: set[int]
) -> None:
    """SMPP 3.4 Table 2-1."""
    may = allowed_requests(issuer, state)
    assert may >= allowed
    assert not may & forbidden


def test_every_request_has_a_row() -> None:
    requests = {command for command in CommandId if not command & 0x80000000}
    assert set(ISSUED_IN) == requests
