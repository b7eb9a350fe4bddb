"""What docs/inbound.md promises of what comes in is what the code holds to."""

from pathlib import Path

import pytest

from simpost.carriers.smpp.inbound import status_of
from simpost.domain.inbound import MAX_RAW_OCTETS, InboundState
from simpost.domain.reasons import Reason
from simpost.messaging.inbound import MAX_IDENTICAL, REASSEMBLY_MS, REMEMBERED_MS
from simpost.store.limits import MOST_ASSEMBLIES, MOST_OF_AN_ESIM, MOST_OF_NO_ESIM

PAGE = (Path(__file__).parents[2] / "docs" / "inbound.md").read_text("utf-8")


STATUSES = sorted({status_of(reason).name for reason in Reason})


@pytest.mark.parametrize("word", [*InboundState, *STATUSES])
def test_every_state_and_answer_is_documented(word: str) -> None:
    assert f"`{word}`" in PAGE


@pytest.mark.parametrize(
    "bound", [MOST_ASSEMBLIES, MOST_OF_AN_ESIM, MOST_OF_NO_ESIM, MAX_RAW_OCTETS]
)
def test_every_bound_is_documented(bound: int) -> None:
    assert f"{bound:,}" in PAGE


def test_the_times_are_those_documented() -> None:
    assert REASSEMBLY_MS == REMEMBERED_MS == 10 * 60_000
    assert "ten minutes" in PAGE
    assert MAX_IDENTICAL == 3
    assert "three times" in PAGE
