"""Every reason in code is in docs/reasons.md, in the same words."""

from pathlib import Path

from simpost.domain.reasons import Reason
from tests.reference_tables import COMMAND, REASONS, reason_rows, with_rows

PAGE = Path(__file__).parents[2] / "docs" / "reasons.md"


def test_every_reason_is_documented_with_its_sentence_and_remedy():
    documented = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| `")]
    assert documented == reason_rows(), f"generate them again: {COMMAND}"


def test_rows_that_differ_are_replaced():
    text = PAGE.read_text("utf-8")
    stale = text.replace("| `cancelled` |", "| `called_off` |")
    assert stale != text
    assert with_rows(stale, REASONS[1], reason_rows()) == text


def test_every_reason_is_a_stable_word():
    assert all(str(reason).replace("_", "").isalpha() for reason in Reason)
    assert all(str(reason) == reason.name.lower() for reason in Reason)
