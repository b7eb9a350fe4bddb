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


class QuotaLock:
    """The counts of some messages, locked until the transaction ends.

    Attributes:
        reached: by message id, the quota that keeps the message from being committed.
        used: by message id, the new count of each quota of the other messages.
    """

    def __init__(self, counts: QuotaCounts, keys: Sequence[QuotaKey]) -> None:
        self.reached: dict[bytes, QuotaReached] = {}
        self.used: dict[bytes, tuple[int, ...]] = {}
        self._counts = counts
        self._keys = keys

    def count(self, messages: Sequence[NewMessage]) -> None:
        """Count messages in their order, as far as their quotas have enough left."""
        for message in messages:
            if not message.quotas:
                continue
            reached = self._counts.find_reached(message.account_id, message.quotas)
            if reached:
                self.reached[message.id] = reached
            else:
                self.used[message.id] = self._counts.add(message.account_id, message.quotas)

    def remove(self, message: NewMessage) -> None:
        """Undo the count of a message that is not committed."""
        self._counts.remove(message.account_id, message.quotas)

    async def save(self, session: PostgresSession) -> None:
        """Write the counts; they are committed with the messages."""
        if not self._keys:
            return
        rows = [(*key, self._counts.get(key)) for key in self._keys]
        await session.ask("set_quotas_used", *columns(rows, 4))


async def lock(session: PostgresSession, messages: Sequence[NewMessage]) -> QuotaLock:
    """Lock the counts that the messages use, in one order on all nodes, and count the messages."""
    expires_ms = {
        key_of(message.account_id, quota): quota.expires_ms
        for message in messages
        for quota in message.quotas
    }
    keys = quota_keys([(message.account_id, message.quotas) for message in messages])
    rows = [(*key, expires_ms[key]) for key in keys]
    found = await session.ask("lock_quotas", *columns(rows, 4)) if rows else []
    used = {
        QuotaKey(row["account_id"], row["counter"], row["period"]): row["used"] for row in found
    }
    locked = QuotaLock(QuotaCounts(used), keys)
    locked.count(messages)
    return locked
