"""Every reason in code is in docs/reasons.md, in the same words."""

from pathlib import Path

from simpost.domain.reasons import Reason

PAGE = Path(__file__).parents[2] / "docs" / "reasons.md"


def row(reason):
    return f"| `{reason}` | {reason.explanation} | {reason.remedy} |"


def test_every_reason_is_documented_with_its_sentence_and_remedy():
    documented = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| `")]
    assert documented == [row(reason) for reason in Reason]


def test_every_reason_is_a_stable_word():
    assert all(str(reason).replace("_", "").isalpha() for reason in Reason)
    assert all(str(reason) == reason.name.lower() for reason in Reason)
