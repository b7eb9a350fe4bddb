"""Counts quotas in the transaction that commits messages, on rows that are locked until its end."""

from __future__ import annotations

from collections.abc import Sequence

from simpost.domain.policy.quotas import (
    QuotaCounts,
    QuotaKey,
    QuotaReached,
    key_of,
    quota_keys,
)
from simpost.ports.store import NewMessage
from simpost.store.postgres.connection import PostgresSession
from simpost.store.postgres.queries import columns
from simpost.store.records.quota_events import event_rows


class QuotaLock:
    """The counts that some messages use, locked until the transaction ends.

    Attributes:
        reached: by message id, the quota that keeps the message from being committed.
        used: by message id, the new count of each quota; filled by `save`.
    """

    def __init__(self, used: dict[QuotaKey, int], keys: Sequence[QuotaKey]) -> None:
        self.reached: dict[bytes, QuotaReached] = {}
        self.used: dict[bytes, tuple[int, ...]] = {}
        self._before = used
        self._keys = keys

    def find_reached(self, messages: Sequence[NewMessage]) -> None:
        """Fill `reached`: messages are counted in their order, while their quotas last."""
        counts = QuotaCounts(dict(self._before))
        for message in messages:
            if not message.quotas:
                continue
            reached = counts.find_reached(message.account_id, message.quotas)
            if reached:
                self.reached[message.id] = reached
            else:
                counts.add(message.account_id, message.quotas)

    async def save(self, session: PostgresSession, committed: Sequence[NewMessage]) -> None:
        """Count the messages that are committed in this transaction, and add their events."""
        if not self._keys:
            return
        counts = QuotaCounts(self._before)
        events: list[tuple[int, str, str, int, str]] = []
        for message in committed:
            if message.quotas:
                used = self.used[message.id] = counts.add(message.account_id, message.quotas)
                events += event_rows(message, used)
        rows = [(*key, counts.get(key)) for key in self._keys]
        await session.execute("set_quotas_used", *columns(rows, 4))
        for event in events:
            await session.execute("add_quota_event", *event)


async def lock(session: PostgresSession, messages: Sequence[NewMessage]) -> QuotaLock:
    """Lock the counts that messages use, in one order on all nodes, and find what is reached."""
    expires_ms = {
        key_of(message.account_id, quota): quota.expires_ms
        for message in messages
        for quota in message.quotas
    }
    keys = quota_keys([(message.account_id, message.quotas) for message in messages])
    rows = [(*key, expires_ms[key]) for key in keys]
    found = await session.execute("lock_quotas", *columns(rows, 4)) if rows else []
    used = {
        QuotaKey(row["account_id"], row["counter"], row["period"]): row["used"] for row in found
    }
    locked = QuotaLock(used, keys)
    locked.find_reached(messages)
    return locked
