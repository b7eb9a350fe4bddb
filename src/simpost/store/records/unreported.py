"""Finds sent messages without a final receipt, in steps, by account and age."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from simpost.store.records.payloads import MessageKey
from simpost.store.records.row import NamedRow

_START: MessageKey = (-1, b"")


class SentMessage(NamedTuple):
    key: MessageKey
    expires_ms: int


def sent_message(row: NamedRow) -> SentMessage:
    return SentMessage((row["account_id"], row["message_id"]), row["expires_ms"])


class SentWalk:
    """Where the next step begins: `after` is the last message of the step before."""

    def __init__(self) -> None:
        self.after = _START

    def overdue(
        self, found: Sequence[SentMessage], expired_ms: int, limit: int
    ) -> list[MessageKey]:
        """The messages of this step that expired by `expired_ms`; a short step was the last one."""
        self.after = found[-1].key if len(found) == limit else _START
        return [one.key for one in found if one.expires_ms <= expired_ms]
