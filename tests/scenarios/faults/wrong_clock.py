"""`simpost` with a wall clock that is wrong: python -m tests.scenarios.faults.wrong_clock serve ...

The file that WRONG_CLOCK names says by how many seconds; it is read each time somebody asks for the
time, so the clock jumps while the process runs. The monotonic clock goes on as it does.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import uuid_utils

_AT = Path(os.environ["WRONG_CLOCK"])
_time_ns, _uuid7 = time.time_ns, uuid_utils.uuid7


def _wrong_ns() -> int:
    return _time_ns() + int(_AT.read_text()) * 1_000_000_000


def _wrong_uuid7(*, nanoseconds: int | None = None) -> uuid_utils.UUID:
    return _uuid7(nanoseconds=_wrong_ns() if nanoseconds is None else nanoseconds)


def main() -> None:
    time.time_ns = _wrong_ns
    time.time = lambda: _wrong_ns() / 1e9
    uuid_utils.uuid7 = _wrong_uuid7
    from simpost.cli import main as run

    run()


if __name__ == "__main__":
    main()
