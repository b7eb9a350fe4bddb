"""Writes the synchronous half of the client from the asynchronous one.

python -m clients.python.tools.make_sync

Both halves are one source, so that they cannot differ: names, time-outs, repeats, documentation.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from clients.python.tools.formatting import formatted

PACKAGE: Final = Path(__file__).parents[1] / "src" / "simpost_client"

REPLACEMENTS: Final = (
    (r"\basync (def|with|for)\b", r"\1"),
    (r"\bawait ", ""),
    (r"\bAsyncGenerator\[(.+), None\]", r"Generator[\1, None, None]"),
    (r"\bAsync(?=[A-Z])", ""),
    (r"\b_async\b", "_sync"),
    (r"\basync_", ""),
    (r"\bhttpx2\.AsyncClient\b", "httpx2.Client"),
    (r"\baiter_raw\b", "iter_raw"),
    (r"\baiter_bytes\b", "iter_bytes"),
    (r"\baclosing\b", "closing"),
    (r"\baclose\b", "close"),
    (r"__aenter__", "__enter__"),
    (r"__aexit__", "__exit__"),
    (r"\basyncio\.sleep\b", "time.sleep"),
    (r"^import asyncio$", "import time"),
    (r"\bawaitable\b", "function"),
)


def synchronous(source: str) -> str:
    """The same source without `async` and `await`."""
    for pattern, replacement in REPLACEMENTS:
        source = re.sub(pattern, replacement, source, flags=re.MULTILINE)
    return formatted(source)


def modules() -> dict[str, str]:
    """The source of each synchronous module, by its file name."""
    return {
        path.name: synchronous(path.read_text("utf-8"))
        for path in sorted((PACKAGE / "_async").glob("*.py"))
    }


def main() -> None:
    """Write every module."""
    for name, source in modules().items():
        (PACKAGE / "_sync" / name).write_text(source, "utf-8")


if __name__ == "__main__":
    main()
