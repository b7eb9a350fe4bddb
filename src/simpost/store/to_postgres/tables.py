"""What a move takes along. A table that is new in either schema belongs in one of these lists."""

from __future__ import annotations

from typing import Final

TABLES: Final = (
    "accounts",
    "plans",
    "prices",
    "esims",
    "concatenations",
    "messages",
    "parts",
    "attempts",
    "requests",
    "receipts",
    "receipt_forms",
    "assemblies",
    "incoming_parts",
    "inbound",
    "refusals",
    "refusal_days",
    "events",
    "event_logs",
)
"""In this order; `event_logs` is last, so that copied messages write no events. They have the same
columns on both sides, but for those named below, and what is octets or a yes on one side only is
made so on the way."""

DERIVED: Final = {
    "parts": {
        "esim_tran_no": "CASE number WHEN 1 THEN (SELECT m.esim_tran_no FROM messages AS m "
        "WHERE m.account_id = parts.account_id AND m.id = parts.message_id) END",
    },
}
"""Columns that only the database has, by table, and how the file tells what is in them."""

EMBEDDED_ONLY: Final = {
    "schema_version": "the version of this schema",
    "meta": "what the file is bound to; the database is bound to the same key by itself",
}
POSTGRES_ONLY: Final = {
    "schema_version": "the version of that schema",
    "meta": "what the database is bound to",
    "nodes": "processes that serve the database",
    "leases": "what each of them has",
    "orders": "what administrators told all of them",
    "changes": "versions of what they keep a copy of",
    "paces": "what accounts may send at this moment",
    "unsequenced_events": "events that are not visible yet",
    "moves": "the move itself",
    "move_steps": "how far it came",
}
