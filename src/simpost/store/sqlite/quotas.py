"""Counts quotas in the transaction that commits messages. The only writer locks nothing."""

from __future__ import annotations

from simpost.domain.policy.quotas import QuotaCounts, QuotaKey, QuotaReached, key_of
from simpost.ports.store import NewMessage
from simpost.store.records.quota_events import event_rows
from simpost.store.sqlite.queries import SQL
from simpost.store.sqlite.session import SqliteSession


class QuotaUses:
    """The counts that the messages of a transaction use: each read once, and written once."""

    def __init__(self, session: SqliteSession) -> None:
        self._session = session
        self._used: dict[QuotaKey, int] = {}
        self._counts = QuotaCounts(self._used)
        self._expires_ms: dict[QuotaKey, int] = {}

    def find_reached(self, message: NewMessage) -> QuotaReached | None:
        """The first quota of the message that has not enough left."""
        for quota in message.quotas:
            key = key_of(message.account_id, quota)
            if key not in self._used:
                self._used[key] = self._session.execute(SQL["quota_used"], key).get or 0
        return self._counts.find_reached(message.account_id, message.quotas)

    def count(self, message: NewMessage) -> tuple[int, ...]:
        """Count a message after `find_reached`, add its events, and return its new counts."""
        used = self._counts.add(message.account_id, message.quotas)
        for quota in message.quotas:
            self._expires_ms[key_of(message.account_id, quota)] = quota.expires_ms
        for event in event_rows(message, used):
            self._session.execute(SQL["add_quota_event"], event)
        return used

    def save(self) -> None:
        """Write the counts; call it once, before the transaction ends."""
        if self._expires_ms:
            rows = [(*key, self._used[key], at_ms) for key, at_ms in self._expires_ms.items()]
            self._session.execute_many_rows("set_quota_used", rows)
