"""Counts quotas in the transaction that commits a message. The only writer locks nothing."""

from __future__ import annotations

from simpost.domain.policy.quotas import QuotaCounts, QuotaReached, key_of, quota_keys
from simpost.ports.store import NewMessage
from simpost.store.records.quota_events import event_rows
from simpost.store.sqlite.queries import SQL
from simpost.store.sqlite.session import SqliteSession


def find_reached(session: SqliteSession, message: NewMessage) -> QuotaReached | None:
    """The first quota of the message that has not enough left."""
    return _counts(session, message).find_reached(message.account_id, message.quotas)


def count(session: SqliteSession, message: NewMessage) -> tuple[int, ...]:
    """Count the message, add its events, and return the new count of each of its quotas."""
    used = _counts(session, message).add(message.account_id, message.quotas)
    for quota, total in zip(message.quotas, used, strict=True):
        row = (*key_of(message.account_id, quota), total, quota.expires_ms)
        session.execute(SQL["set_quota_used"], row)
    for event in event_rows(message, used):
        session.execute(SQL["add_quota_event"], event)
    return used


def _counts(session: SqliteSession, message: NewMessage) -> QuotaCounts:
    keys = quota_keys([(message.account_id, message.quotas)])
    return QuotaCounts({key: session.execute(SQL["quota_used"], key).get or 0 for key in keys})
