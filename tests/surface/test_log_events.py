"""Every event that the code logs is in docs/observing.md, and no other."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
CALL = re.compile(
    r'(?:(?:log|_logger|noted)\.(?:debug|info|warning|error|exception)|write_line)\(\s*"(\w+)"'
)
"""`write_line` is one of these methods, chosen by what happened."""


def logged() -> set[str]:
    sources = (path.read_text("utf-8") for path in ROOT.glob("src/**/*.py"))
    return {event for source in sources for event in CALL.findall(source)}


def documented() -> set[str]:
    page = (ROOT / "docs" / "observing.md").read_text("utf-8")
    table = page.partition("\n## Log lines\n")[2].partition("\n## ")[0]
    rows = [line.split(" | ")[0] for line in table.splitlines() if line.startswith("| `")]
    return {event for row in rows for event in re.findall(r"`(\w+)`", row)}


def test_every_log_event_is_documented_and_no_other() -> None:
    assert len(logged()) > 50
    assert documented() == logged()
