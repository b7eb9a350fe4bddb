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
    Quota,
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
from simpost.store.postgres.queries import SQL, columns, short_columns
from simpost.store.shared.quotas import raise_alarms, raise_refusal

_WITH_USED: Final = """CASE WHEN decision IS NULL OR first_use IS NULL THEN decision
    ELSE left(decision, -1) || ',"used":'
      || array_to_json(before.used[first_use:first_use + more_uses]) || '}'
    END"""
"""See `simpost.domain.decision_record.with_used`."""
_OFTEN_THE_SAME: Final = (0, 2, 3, 4, 5, 6)
"""Places of columns that `count_quotas` repeats: all but the counter."""
_PARAMETER: Final = re.compile(r"\$(\d+)")


def _accept_and_count() -> str:
    body, _, _ = SQL["accept"].removeprefix("WITH ").rpartition("\nSELECT ")
    own = _most_parameters(body)

    def behind(name: str) -> str:
        return _PARAMETER.sub(lambda found: f"${int(found[1]) + own}", SQL[name])

    count, check = behind("count_quotas"), behind("check_counted")
    first, last = (_most_parameters(count + check) + number for number in (1, 2))
    more = f"coalesce(more_uses, (${last}::integer[])[1])"
    for plain, counting in (
        ("::bytea[]\n  ) AS n", f"::bytea[], ${first}::integer[], ${last}::integer[]\n  ) AS n"),
        ("part_text\n  )\n", "part_text, first_use, more_uses\n  )\n"),
        ("part_text\n  FROM", f"part_text, first_use, {more} AS more_uses\n  FROM"),
        ("text_key, decision\n  FROM fresh", f"text_key, {_WITH_USED}\n  FROM fresh, before"),
    ):
        assert body.count(plain) == 1, plain
        body = body.replace(plain, counting)
    return f"WITH {count}, {body}\n{check}"


def _most_parameters(statement: str) -> int:
    return max(int(number) for number in _PARAMETER.findall(statement))


ACCEPT_AND_COUNT: Final = _accept_and_count()
"""The statement `accept` that counts quotas, too. Behind its own parameters it has those of
`TotalUses`, then the slice of each of its rows. It fails with COUNT_FAILED if a message has to be
decided by itself."""
COUNT_FAILED: Final = asyncpg.DivisionByZeroError


class TotalUses:
    """What messages use of their quotas.

    Attributes:
        parameters: with the keys in one order on all nodes.
        slices: of each message, the first place in `before` of what it uses, and how many more
            it has there; without quotas `None` and 0.
    """

    def __init__(self, messages: Sequence[NewMessage]) -> None:
        self.slices: list[tuple[int | None, int]] = []
        self._places: dict[tuple[int, str, str], int] = {}
        self._amounts: list[int] = []
        self._most: list[int] = []
        self._have_alarms: list[bool] = []
        self._expires_ms: list[int] = []
        self._uses: list[int] = []
        self._earlier: list[int] = []
        for message in messages:
            if quotas := message.quotas:
                first = len(self._uses) + 1
                self._add(message.account_id, quotas)
                self.slices.append((first, min(len(quotas), MOST_QUOTAS) - 1))
            else:
                self.slices.append((None, 0))
        self.parameters = self._parameters(messages)

    def _add(self, account_id: int, quotas: Sequence[Quota]) -> None:
        places, amounts = self._places, self._amounts
        for quota in quotas:
            # A `QuotaKey` costs ten times as much, and each message needs one.
            key = (0 if quota.is_shared else account_id, quota.counter, quota.period)
            place = places.get(key)
            if place is None:
                place = places[key] = len(amounts)
                amounts.append(0)
                self._most.append(quota.limit)
                self._have_alarms.append(False)
                self._expires_ms.append(quota.expires_ms)
            elif quota.limit < self._most[place]:
                self._most[place] = quota.limit
            if quota.alarms:
                self._have_alarms[place] = True
            self._uses.append(place)
            self._earlier.append(amounts[place])
            amounts[place] += quota.amount

    def _parameters(self, messages: Sequence[NewMessage]) -> list[Any]:
        places, amounts = self._places, self._amounts
        keys = sorted(places)
        in_order = [places[key] for key in keys]
        ranks = dict(zip(in_order, range(1, len(keys) + 1), strict=True))
        given = [
            *columns(keys, 3),
            [amounts[place] for place in in_order],
            [self._most[place] for place in in_order],
            [self._have_alarms[place] for place in in_order],
            [self._expires_ms[place] for place in in_order],
        ]
        uses = [
            [ranks[place] for place in self._uses],
            [
                amounts[use] - earlier
                for use, earlier in zip(self._uses, self._earlier, strict=True)
            ],
        ]
        requests = sum(message.request is not None for message in messages)
        return [
            *short_columns(given, _OFTEN_THE_SAME),
            list(ALARM_PERCENTS),
            requests,
            *short_columns(uses, (1,)),
        ]


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
