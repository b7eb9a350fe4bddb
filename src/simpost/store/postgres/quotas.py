"""Counts quotas in the transaction that commits messages.

Usually one statement counts and commits. If a quota may be reached or an alarm raised, the counts
are locked first, so that each message is decided by itself.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping, Sequence
from typing import Any, Final

import asyncpg

from simpost.domain.decision_record import MOST_QUOTAS
from simpost.domain.policy.budgets import ALARM_PERCENTS
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
from simpost.store.postgres.queries import SQL, columns
from simpost.store.shared.quotas import raise_alarms, raise_refusal

_WITH_USED: Final = """CASE WHEN used IS NULL THEN decision
    ELSE left(decision, -1) || ',"used":' || used || '}' END"""
"""See `simpost.domain.decision_record.with_used`."""
_PARAMETER: Final = re.compile(r"\$(\d+)")


def _accept_and_count() -> str:
    body, _, _ = SQL["accept"].removeprefix("WITH ").rpartition("\nSELECT ")
    own = max(int(number) for number in _PARAMETER.findall(body))

    def behind(name: str) -> str:
        return _PARAMETER.sub(lambda found: f"${int(found[1]) + own}", SQL[name])

    count, check = behind("count_quotas"), behind("check_counted")
    before, kept, after = body.partition("text_key, decision\n  FROM fresh")
    assert kept, "the rows of messages have no decision"
    kept = f"text_key, {_WITH_USED}\n  FROM fresh LEFT JOIN used_before USING (id)"
    return f"WITH {count}, {before}{kept}{after}\n{check}"


ACCEPT_AND_COUNT: Final = _accept_and_count()
"""The statement `accept` that counts quotas, too, with the parameters of `total_uses` behind its
own. It fails with COUNT_FAILED if a message has to be decided by itself."""
COUNT_FAILED: Final = asyncpg.DivisionByZeroError


def total_uses(messages: Sequence[NewMessage]) -> list[Any]:
    """The last parameters of `ACCEPT_AND_COUNT`, with the keys in one order on all nodes."""
    totals: dict[QuotaKey, tuple[int, int, bool, int]] = {}
    earlier: list[tuple[bytes, QuotaKey, int]] = []
    for message in messages:
        for place, quota in enumerate(message.quotas):
            key = key_of(message.account_id, quota)
            amount, most, has_alarms, _ = totals.get(key, (0, quota.limit, False, 0))
            if place < MOST_QUOTAS:
                earlier.append((message.id, key, amount))
            totals[key] = (
                amount + quota.amount,
                min(most, quota.limit),
                has_alarms or bool(quota.alarms),
                quota.expires_ms,
            )
    keys = sorted(totals)
    rows = [(*key, *totals[key]) for key in keys]
    places = {key: place for place, key in enumerate(keys, start=1)}
    uses = [
        (message_id, places[key], totals[key][0] - amount) for message_id, key, amount in earlier
    ]
    requests = sum(message.request is not None for message in messages)
    return [*columns(rows, 7), list(ALARM_PERCENTS), requests, *columns(uses, 3)]


class QuotaLock:
    """The counts that some messages use, locked until the transaction ends.

    Attributes:
        reached: by message id, the quota that keeps the message from being committed.
        used: by message id, what was used of each of its quotas before it.
    """

    def __init__(
        self, session: PostgresSession, used: dict[QuotaKey, int], keys: Sequence[QuotaKey]
    ) -> None:
        self.reached: dict[bytes, QuotaReached] = {}
        self.used: dict[bytes, list[int]] = {}
        self._session = session
        self._before = used
        self._keys = keys

    def counts(self) -> QuotaCounts:
        """The counts at the start, for a caller that decides by itself."""
        return QuotaCounts(dict(self._before))

    def find_reached(self, messages: Sequence[NewMessage], replayed: Container[bytes] = ()) -> None:
        """Fill `reached` and `used`: messages are counted in order, while quotas last.

        Not counted are those in `replayed`, and those that repeat a request id of the others: they
        are not committed again.
        """
        used = dict(self._before)
        counts = QuotaCounts(used)
        taken: set[tuple[int, str]] = set()
        for message in messages:
            if not message.quotas or message.id in replayed:
                continue
            request = message.request and (message.account_id, message.request.request_id)
            if request in taken:
                continue
            reached = counts.find_reached(message.account_id, message.quotas)
            if reached:
                self.reached[message.id] = reached
            else:
                if request:
                    taken.add(request)
                keys = [key_of(message.account_id, quota) for quota in message.quotas]
                self.used[message.id] = [used[key] for key in keys]
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
    """Lock the counts that messages use, in one order on all nodes.

    The caller then calls `find_reached`.
    """
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
    return QuotaLock(session, used, keys)
