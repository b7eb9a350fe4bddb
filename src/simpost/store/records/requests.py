"""Rows of request ids."""

from __future__ import annotations

from simpost.ports.store import IdempotentReplay, RequestKey
from simpost.store.records.columns import reason_of
from simpost.store.records.row import NamedRow


def replay_of(row: NamedRow, request: RequestKey) -> IdempotentReplay:
    """The first answer to a request id that is used again."""
    return IdempotentReplay(
        row["fingerprint"] == request.fingerprint, row["message_id"], reason_of(row["reason"])
    )
