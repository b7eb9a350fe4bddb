"""Samples the delays of receipts: of each account the newest messages that were delivered."""

from __future__ import annotations

from typing import Final

from simpost.domain.states import State
from simpost.ports.store.receipts import MOST_DELAYS, MOST_DELAYS_OF_ACCOUNT
from simpost.store.records.columns import CODE
from simpost.store.records.ids import first_id
from simpost.store.shared.steps import Steps

SQL: Final = {
    "accounts": """
        SELECT a.id FROM accounts AS a
        WHERE EXISTS (
          SELECT 1 FROM parts AS p
          WHERE p.account_id = a.id AND p.message_state = $1 AND p.message_state IS NOT NULL
            AND p.message_id >= $2)
        ORDER BY a.id
    """,
    "delays": """
        SELECT p.carrier, p.final_ms - p.sent_ms AS delay_ms FROM parts AS p
        WHERE p.account_id = $1 AND p.message_state = $2 AND p.message_state IS NOT NULL
          AND p.message_id >= $3 AND p.sent_ms IS NOT NULL AND p.final_ms IS NOT NULL
        ORDER BY p.message_id DESC LIMIT $4
    """,
}


def list_receipt_delays(from_ms: int) -> Steps[dict[str, list[int]]]:
    """By carrier, in ms; of the first part of a message, which has the state of the message."""
    since = (CODE[State.DELIVERED], first_id(from_ms))
    accounts = yield SQL["accounts"], since
    most = min(MOST_DELAYS_OF_ACCOUNT, max(1, MOST_DELAYS // max(1, len(accounts))))
    found: dict[str, list[int]] = {}
    for account in accounts:
        rows = yield SQL["delays"], (account["id"], *since, most)
        for row in rows:
            found.setdefault(row["carrier"], []).append(row["delay_ms"])
    return found
