"""Counts quotas in the transaction that commits messages. The only writer locks nothing."""

from __future__ import annotations

from simpost.domain.policy.quotas import (
    QuotaAlarm,
    QuotaCounts,
    QuotaKey,
    QuotaReached,
    alarms_of,
    key_of,
)
from simpost.ports.store import NewMessage
from simpost.store.shared.quotas import raise_alarms, raise_refusal
from simpost.store.sqlite import shared_verbs
from simpost.store.sqlite.queries import SQL
from simpost.store.sqlite.session import SqliteSession


class QuotaUses:
    """The counts that the messages of a transaction use: each read once, and written once."""

    def __init__(self, session: SqliteSession) -> None:
        self._session = session
        self._used = _Counts(session)
        self._counts = QuotaCounts(self._used)
        self._expires_ms: dict[QuotaKey, int] = {}

    def find_reached(self, message: NewMessage) -> QuotaReached | None:
        """The first quota of the message that has not enough left."""
        return self._counts.find_reached(message.account_id, message.quotas)

    def used_before(self, message: NewMessage) -> list[int]:
        """What was used of each quota of a message that is not counted yet."""
        return [self._used[key_of(message.account_id, quota)] for quota in message.quotas]

    def refuse(self, message: NewMessage, reached: QuotaReached) -> QuotaReached:
        """Raise the alarm of a refusal, and return the refusal with it."""
        return shared_verbs.run(self._session.connection, raise_refusal(message, reached))

    def count(self, message: NewMessage) -> tuple[list[int], tuple[QuotaAlarm, ...]]:
        """Count a message after `find_reached`: what was used before, and the alarms it raises."""
        before: list[int] = []
        alarms: list[QuotaAlarm] = []
        for quota in message.quotas:
            key = key_of(message.account_id, quota)
            used = self._used[key]
            before.append(used)
            self._used[key] = used = used + quota.amount
            self._expires_ms[key] = quota.expires_ms
            if quota.alarms:
                alarms += alarms_of(quota, used)
        if not alarms:
            return before, ()
        return before, shared_verbs.run(self._session.connection, raise_alarms(message, alarms))

    def save(self) -> None:
        """Write the counts; call it once, before the transaction ends."""
        if self._expires_ms:
            rows = [(*key, self._used[key], at_ms) for key, at_ms in self._expires_ms.items()]
            self._session.execute_many_rows("set_quota_used", rows)


class _Counts(dict[QuotaKey, int]):
    """Counts by key, read when they are needed first."""

    def __init__(self, session: SqliteSession) -> None:
        super().__init__()
        self._session = session

    def __missing__(self, key: QuotaKey) -> int:
        used: int = self._session.execute(SQL["quota_used"], key).get or 0
        self[key] = used
        return used
