"""Counts of messages by hour: the states and delays of an account and hour are JSON."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

import msgspec

from simpost.domain.message_counts import ALL_ACCOUNTS, HourTally, Tally, add_up, delay_bucket
from simpost.domain.states import State
from simpost.ports.store.message_counts import MOST_COUNTED, SAMPLE
from simpost.store.records.columns import CODE
from simpost.store.records.ids import first_id
from simpost.store.records.messages import may_be_without_parts, may_have_parts
from simpost.store.shared.steps import SharedDatabase, Steps

SQL: Final = {
    "with_parts": """
        SELECT a.id AS account_id, (
          SELECT count(*) FROM (
            SELECT 1 AS one FROM parts AS p
            WHERE p.account_id = a.id AND p.message_state = $1 AND p.message_state IS NOT NULL
              AND p.message_id >= $2 AND p.message_id < $3
            LIMIT $4) AS few) AS messages
        FROM accounts AS a
        WHERE CAST($5 AS integer) IS NULL OR a.id = $5
    """,
    "without_parts": """
        SELECT a.id AS account_id, (
          SELECT count(*) FROM (
            SELECT 1 AS one FROM held_messages AS h
            WHERE h.account_id = a.id AND h.state = $1 AND h.state IS NOT NULL
              AND h.message_id >= $2 AND h.message_id < $3
            LIMIT $4) AS few) AS messages
        FROM accounts AS a
        WHERE CAST($5 AS integer) IS NULL OR a.id = $5
    """,
    "delays": """
        SELECT m.created_ms, (
          SELECT max(s.final_ms) FROM parts AS s
          WHERE s.account_id = p.account_id AND s.message_id = p.message_id) AS final_ms
        FROM parts AS p
        JOIN messages AS m ON m.account_id = p.account_id AND m.id = p.message_id
        WHERE p.account_id = $1 AND p.message_state = $2 AND p.message_state IS NOT NULL
          AND p.message_id >= $3 AND p.message_id < $4
          AND NOT EXISTS (
            SELECT 1 FROM held_messages AS h
            WHERE h.account_id = p.account_id AND h.message_id = p.message_id)
        ORDER BY p.message_id DESC LIMIT $5
    """,
    "save": """
        INSERT INTO message_hours (account_id, hour, counted_ms, states, delays)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (account_id, hour) DO UPDATE SET counted_ms = excluded.counted_ms,
          states = excluded.states, delays = excluded.delays
    """,
    "list": """
        SELECT hour, counted_ms, states, delays FROM message_hours
        WHERE account_id = $1 AND hour >= $2 ORDER BY hour
    """,
    "list_all": """
        SELECT account_id, states FROM message_hours WHERE hour >= $1 AND account_id <> $2
    """,
    "delete": "DELETE FROM message_hours WHERE hour < $1",
}
_SAVED: Final = 100
"""Accounts that are saved in one transaction: on the embedded store it runs on the event loop."""
_decode_states = msgspec.json.Decoder(dict[State, int]).decode
_decode_delays = msgspec.json.Decoder(dict[int, float]).decode


class StoredMessageCounts:
    """Implements `simpost.ports.store.MessageCountStore`."""

    def __init__(self, database: SharedDatabase) -> None:
        self._database = database

    async def count_messages(
        self, from_ms: int, to_ms: int, *, account_id: int | None, most: int = MOST_COUNTED
    ) -> Mapping[int, Tally]:
        ids = first_id(from_ms), first_id(to_ms)
        return await self._database.query(_count, ids, account_id, most)

    async def save_hour(self, hour: int, tallies: Mapping[int, Tally], *, counted_ms: int) -> None:
        accounts = sorted(tallies)
        for start in range(0, len(accounts), _SAVED):
            some = {each: tallies[each] for each in accounts[start : start + _SAVED]}
            await self._database.transact(_save, hour, some, counted_ms)
        # The sum is the last: while it is missing, the hour is counted again.
        total = await asyncio.to_thread(add_up, tallies.values())
        await self._database.transact(_save, hour, {ALL_ACCOUNTS: total}, counted_ms)

    async def list_hours(self, account_id: int, *, from_hour: int) -> list[HourTally]:
        return await self._database.query(_list, account_id, from_hour)

    async def list_accounts_of_hours(self, *, from_hour: int) -> Mapping[int, Tally]:
        return await self._database.query(_list_all, from_hour)

    async def delete_hours(self, *, before_hour: int) -> None:
        await self._database.transact(_delete, before_hour)


def _count(ids: tuple[bytes, bytes], account_id: int | None, most: int) -> Steps[dict[int, Tally]]:
    counts: dict[int, dict[State, int]] = {}
    for state in State:
        names = ["with_parts"] * may_have_parts(state)
        names += ["without_parts"] * may_be_without_parts(state)
        for name in names:
            rows = yield SQL[name], (CODE[state], *ids, most, account_id)
            for row in rows:
                if row["messages"]:
                    states = counts.setdefault(row["account_id"], {})
                    states[state] = states.get(state, 0) + row["messages"]
    tallies = {}
    for each, states in counts.items():
        delays = yield from _delays(each, ids, states.get(State.DELIVERED, 0))
        tallies[each] = Tally(states, delays)
    return tallies


def _delays(account_id: int, ids: tuple[bytes, bytes], delivered: int) -> Steps[dict[int, float]]:
    if not delivered:
        return {}
    rows = yield SQL["delays"], (account_id, CODE[State.DELIVERED], *ids, SAMPLE)
    found = [delay_bucket(row["final_ms"] - row["created_ms"]) for row in rows if row["final_ms"]]
    scale = delivered / len(found) if len(found) == SAMPLE else 1.0
    delays: dict[int, float] = {}
    for bucket in found:
        delays[bucket] = delays.get(bucket, 0.0) + scale
    return delays


def _save(hour: int, tallies: Mapping[int, Tally], counted_ms: int) -> Steps[None]:
    for account_id, tally in tallies.items():
        states, delays = (
            msgspec.json.encode(each).decode() for each in (tally.states, tally.delays)
        )
        yield SQL["save"], (account_id, hour, counted_ms, states, delays)


def _list(account_id: int, from_hour: int) -> Steps[list[HourTally]]:
    rows = yield SQL["list"], (account_id, from_hour)
    return [
        HourTally(
            row["hour"],
            row["counted_ms"],
            Tally(_decode_states(row["states"]), _decode_delays(row["delays"])),
        )
        for row in rows
    ]


def _list_all(from_hour: int) -> Steps[dict[int, Tally]]:
    rows = yield SQL["list_all"], (from_hour, ALL_ACCOUNTS)
    found: dict[int, list[Tally]] = {}
    for row in rows:
        found.setdefault(row["account_id"], []).append(Tally(_decode_states(row["states"])))
    return {account_id: add_up(tallies) for account_id, tallies in found.items()}


def _delete(before_hour: int) -> Steps[None]:
    yield SQL["delete"], (before_hour,)
