"""Counts quotas in the transaction that commits messages, on rows that are locked until its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from simpost.domain.policy.quotas import (
    QuotaAlarm,
    QuotaCounts,
    QuotaKey,
    QuotaReached,
    key_of,
    quota_keys,
)
from simpost.ports.store import NewMessage
from simpost.store.postgres import shared_verbs
from simpost.store.postgres.connection import PostgresSession
from simpost.store.postgres.queries import columns
from simpost.store.shared.quotas import raise_alarms, raise_refusal


class QuotaLock:
    """The counts that some messages use, locked until the transaction ends.

    Attributes:
        reached: by message id, the quota that keeps the message from being committed.
    """

    def __init__(
        self, session: PostgresSession, used: dict[QuotaKey, int], keys: Sequence[QuotaKey]
    ) -> None:
        self.reached: dict[bytes, QuotaReached] = {}
        self._session = session
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

    async def save(self, committed: Sequence[NewMessage]) -> Mapping[bytes, tuple[QuotaAlarm, ...]]:
        """Count the messages that are committed, and raise and return their alarms by message."""
        if not self._keys:
            return {}
        used = dict(self._before)
        counts = QuotaCounts(used)
        alarms: dict[bytes, tuple[QuotaAlarm, ...]] = {}
        for message in committed:
            if found := counts.add(message.account_id, message.quotas):
                raising = raise_alarms(message, found)
                alarms[message.id] = await shared_verbs.run(self._session, raising)
        rows = [(*key, used[key]) for key in self._keys]
        await self._session.execute("set_quotas_used", *columns(rows, 4))
        return alarms

    async def refuse(self, messages: Sequence[NewMessage]) -> Mapping[bytes, QuotaReached]:
        """The refusals of messages in `reached`, with the alarms that they raise."""
        return {
            message.id: await shared_verbs.run(
                self._session, raise_refusal(message, self.reached[message.id])
            )
            for message in messages
        }


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
    locked = QuotaLock(session, used, keys)
    locked.find_reached(messages)
    return locked
