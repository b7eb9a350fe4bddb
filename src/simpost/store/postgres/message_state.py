"""Folds the states of parts into the state of their message."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from simpost.domain.attempt_results import parts_to_cancel
from simpost.domain.states import State, fold
from simpost.store.postgres.connection import PostgresSession
from simpost.store.postgres.queries import columns
from simpost.store.records.columns import CODE, STATE
from simpost.store.records.parts import sibling_part
from simpost.store.records.payloads import MessageKey


async def refold(session: PostgresSession, messages: Iterable[MessageKey], now_ms: int) -> None:
    """Set the states of messages from their parts, in the transaction that changed the parts.

    Parts of a message that failed are cancelled.
    """
    keys = columns(sorted(set(messages)), 2)
    if not keys[0]:
        return
    await session.execute("lock_first_parts", *keys)
    parts = await _siblings(session, keys)
    cancelled = [
        (*message, number)
        for message, rows in parts.items()
        for number in parts_to_cancel([sibling_part(row) for row in rows])
    ]
    if cancelled:
        for row in await session.execute("cancel_parts", *columns(cancelled, 3), now_ms):
            session.pending.end(row["carrier"], State.CANCELLED, row["reason"])
        parts = await _siblings(session, keys)
    changed: list[tuple[int, bytes, int]] = []
    for (account_id, message_id), rows in parts.items():
        folded = CODE[fold(STATE[row["state"]] for row in rows)]
        if folded != rows[0]["message_state"]:
            changed.append((account_id, message_id, folded))
    if changed:
        await session.execute("set_message_states", *columns(changed, 3))


async def _siblings(session: PostgresSession, keys: list[list[Any]]) -> dict[MessageKey, list[Any]]:
    found: dict[MessageKey, list[Any]] = {}
    for row in await session.execute("siblings", *keys):
        found.setdefault((row["account_id"], row["message_id"]), []).append(row)
    return found
