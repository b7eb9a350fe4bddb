"""Logs unexpected errors with type and place, without their message.

The message of a foreign exception may contain a secret or the text of an SMS.
"""

from __future__ import annotations

import traceback

from simpost.observe import get_logger

log = get_logger(__name__)
_FRAMES = 4


def log_crash(api: str, path: str, error: BaseException) -> None:
    """Log an unexpected exception."""
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    where = " < ".join(f"{f.filename.rpartition('/')[2]}:{f.lineno} {f.name}" for f in frames[::-1])
    log.error("request_crashed", api=api, path=path, error=type(error).__name__, where=where)


def log_store_refusal(api: str, path: str, error: BaseException) -> None:
    """Log that the store could not commit. Messages of store errors contain no secrets."""
    log.error("request_not_committed", api=api, path=path, error=str(error))
