"""docs/smpp-server.md has every status, state and error that the SMPP port answers."""

import re
from pathlib import Path

from simpost.api.smpp.statuses import ERRORS, OTHER_ERROR, REASONS, STATES, UNKNOWN
from simpost.domain.reasons import Reason
from simpost.domain.states import State

PAGE = (Path(__file__).parents[2] / "docs" / "smpp-server.md").read_text("utf-8")


def rows_after(heading: str) -> list[list[str]]:
    table = PAGE.partition(f"| {heading} |")[2].partition("\n\n")[0]
    rows = [row.strip("| ").split(" | ") for row in table.splitlines()[2:]]
    return [[cell.strip() for cell in row] for row in rows]


def words(cell: str) -> set[str]:
    return set(re.findall(r"`(\w+)`", cell))


def test_every_status_of_a_reason_is_documented() -> None:
    told = {status: words(cell) for status, cell in rows_after("status | reasons")}
    assert "any other reason" in PAGE
    for reason, status in REASONS.items():
        assert str(reason) in told[status.name]
    known = set().union(*told.values()) & {str(reason) for reason in Reason}
    assert known == {str(reason) for reason in REASONS}


def test_every_error_of_a_receipt_is_documented() -> None:
    told = {int(code): words(cell) for code, cell in rows_after("`err` | reason")}
    assert told.pop(OTHER_ERROR) == set()
    assert told == {code: {str(reason)} for reason, code in ERRORS.items()}


def test_every_final_state_is_documented() -> None:
    rows = rows_after("final state | `stat` | `message_state`")
    *told, (unknown, _, _) = rows
    assert {words(cell).pop(): int(code) for cell, _, code in told} == {
        str(state): STATES[state] for state in State if state.is_final
    }
    assert words(unknown) - {"delivered"} == {str(reason) for reason in UNKNOWN}
