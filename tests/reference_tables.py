"""The tables of reasons and metrics, as docs/reasons.md and docs/observing.md show them.

`python -m tests.reference_tables` writes them again, in place of the rows that are there.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from simpost.domain.reasons import Reason
from simpost.observe.metrics import METRICS

REASONS: Final = Path("docs/reasons.md"), "| reason | meaning | what to do |"
METRICS_TABLE: Final = Path("docs/observing.md"), "| metric | type | labels | |"
COMMAND: Final = "python -m tests.reference_tables"


def reason_rows() -> list[str]:
    """A row for each reason, in the order of the enumeration."""
    return [f"| `{each}` | {each.explanation} | {each.remedy} |" for each in Reason]


def metric_rows() -> list[str]:
    """A row for each metric, in the order of a scrape."""
    return [
        f"| `{each.name}` | {each.kind} | {', '.join(each.labels)} | {each.sentence} |"
        for each in METRICS
    ]


def with_rows(text: str, heading: str, rows: Sequence[str]) -> str:
    """The text with these rows in the one table that has the heading."""
    before, found, after = text.partition(f"{heading}\n")
    assert found, heading
    rule, *lines = after.split("\n")
    while lines[0].startswith("|"):
        del lines[0]
    return "\n".join([before + heading, rule, *rows, *lines])


if __name__ == "__main__":
    for (page, heading), rows in ((REASONS, reason_rows()), (METRICS_TABLE, metric_rows())):
        page.write_text(with_rows(page.read_text("utf-8"), heading, rows), "utf-8")
