"""`simpost` with a wall clock that is wrong: python -m tests.scenarios.faults.wrong_clock serve ...

The file that WRONG_CLOCK names says by how many seconds; it is read each time somebody asks for the
time, so the clock jumps while the process runs. The monotonic clock goes on as it does.
"""

from __future__ import annotations

import gc
import os
import time
from pathlib import Path
from types import FunctionType
from typing import Any

import uuid_utils

_AT = Path(os.environ["WRONG_CLOCK"])
_time, _time_ns, _uuid7 = time.time, time.time_ns, uuid_utils.uuid7


def _wrong_ns() -> int:
    return _time_ns() + int(_AT.read_text()) * 1_000_000_000


def _wrong_uuid7(*, nanoseconds: int | None = None) -> uuid_utils.UUID:
    return _uuid7(nanoseconds=_wrong_ns() if nanoseconds is None else nanoseconds)


def _wrong_s() -> float:
    return _wrong_ns() / 1e9


def main() -> None:
    wrong: dict[Any, Any] = {_time_ns: _wrong_ns, _time: _wrong_s, _uuid7: _wrong_uuid7}
    _replace(wrong)
    from simpost.cli import main as run

    run()


def _replace(wrong: dict[Any, Any]) -> None:
    """Change every name and default that has a true clock.

    A forked process has imported simpost already (`tests/prestarted.py`).
    """
    gc.unfreeze()
    for true, replacement in wrong.items():
        for names in gc.get_referrers(true):
            if isinstance(names, dict) and names is not wrong and names is not globals():
                names |= {name: replacement for name, each in names.items() if each is true}
    for function in gc.get_objects():
        if isinstance(function, FunctionType) and function.__defaults__:
            function.__defaults__ = tuple(
                next((wrong[true] for true in wrong if each is true), each)
                for each in function.__defaults__
            )
    gc.freeze()
    assert time.time_ns is _wrong_ns


if __name__ == "__main__":
    main()
