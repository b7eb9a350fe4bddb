"""Source as `make check` wants it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def formatted(source: str) -> str:
    """The source with sorted imports and the format of the project."""
    ruff = str(Path(sys.executable).parent / "ruff")
    for command in (
        [ruff, "check", "--quiet", "--select=I", "--fix", "--stdin-filename=made.py", "-"],
        [ruff, "format", "--quiet", "--stdin-filename=made.py", "-"],
    ):
        source = subprocess.run(
            command, input=source, capture_output=True, text=True, check=True
        ).stdout
    return source
