"""The settings that docs/known-centres.md gives for a message centre."""

import re
import tomllib
from pathlib import Path

PAGE = Path(__file__).parents[4] / "docs/known-centres.md"


def settings_of(centre: str) -> dict[str, object]:
    section = re.search(
        rf"^## {re.escape(centre)}\n(.*?)(?=^## |\Z)", PAGE.read_text(), re.MULTILINE | re.DOTALL
    )
    assert section, f"known-centres.md has no section {centre}"
    block = re.search(r"^```toml\n(.*?)^```", section[1], re.MULTILINE | re.DOTALL)
    return tomllib.loads(block[1]) if block else {}
