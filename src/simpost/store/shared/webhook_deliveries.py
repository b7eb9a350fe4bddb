"""Deliveries of events to webhook endpoints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from simpost.domain.webhooks import EventDelivery
from simpost.ports.store.webhooks import DeliveryFilter
from simpost.store.records.webhooks import delivery_of, delivery_row
from simpost.store.shared.steps import Steps

_BEYOND: Final = 2**62

SQL: Final = {
    "due": """
        SELECT * FROM webhook_deliveries
        WHERE account_id = $1 AND endpoint_id = $2 AND due_ms <= $3 ORDER BY due_ms LIMIT $4
    """,
    # `data` never changes; `attempts` begins again with a replay.
    "save": """
        INSERT INTO webhook_deliveries (account_id, endpoint_id, sequence, type, subject, at_ms,
          data, state, due_ms, attempts, updated_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        ON CONFLICT (account_id, endpoint_id, sequence) DO UPDATE SET state = excluded.state,
          due_ms = excluded.due_ms, attempts = excluded.attempts, updated_ms = excluded.updated_ms
    """,
    "end": """
        UPDATE webhook_deliveries SET state = 'endpoint_gone', due_ms = NULL, updated_ms = $3
        WHERE account_id = $1 AND endpoint_id = $2 AND due_ms IS NOT NULL
    """,
    "list": """
        SELECT * FROM webhook_deliveries
        WHERE account_id = $1 AND endpoint_id = $2 AND sequence < $3
          AND state IN ($4, $5, $6, $7)
        ORDER BY sequence DESC LIMIT $8
    """,
    "delete": """
        DELETE FROM webhook_deliveries WHERE (account_id, endpoint_id, sequence) IN (
          SELECT account_id, endpoint_id, sequence FROM webhook_deliveries
          WHERE due_ms IS NULL AND updated_ms < $1 ORDER BY updated_ms LIMIT $2
        ) RETURNING sequence
    """,
}


def due(account_id: int, endpoint_id: bytes, now_ms: int, limit: int) -> Steps[list[EventDelivery]]:
    rows = yield SQL["due"], (account_id, endpoint_id, now_ms, limit)
    return [delivery_of(row) for row in rows]


def save(deliveries: Sequence[EventDelivery]) -> Steps[None]:
    for each in deliveries:
        yield SQL["save"], delivery_row(each)


def end(account_id: int, endpoint_id: bytes, now_ms: int) -> Steps[None]:
    """End the pending deliveries of an endpoint that is gone."""
    yield SQL["end"], (account_id, endpoint_id, now_ms)


def find(account_id: int, which: DeliveryFilter) -> Steps[list[EventDelivery]]:
    states = list(which.states)[:4]
    states += [states[0]] * (4 - len(states))
    before = _BEYOND if which.before is None else which.before
    rows = yield SQL["list"], (account_id, which.endpoint_id, before, *states, which.limit)
    return [delivery_of(row) for row in rows]


def delete(before_ms: int, limit: int) -> Steps[int]:
    """Returns how many were deleted."""
    deleted = yield SQL["delete"], (before_ms, limit)
    return len(deleted)
