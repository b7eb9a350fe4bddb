"""Parts of messages that clients of the SMPP port cut themselves.

They wait for minutes, so they are sealed with the own key, which is never missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from simpost.config.text_keys import OWN_KEY
from simpost.domain.messages import format_id
from simpost.domain.states import State
from simpost.domain.texts import TextAbsence
from simpost.errors import StoreError
from simpost.ports.store.smpp_parts import MOST_INCOMPLETE, SmppPart, SmppParts
from simpost.store.records.row import NamedRow
from simpost.store.shared.steps import SharedDatabase, Steps
from simpost.store.text_seal import TextSeal, place_of

SQL: Final = {
    "count": "SELECT count(*) AS messages FROM smpp_assemblies WHERE account_id = $1",
    "begin": """
        INSERT INTO smpp_assemblies (account_id, message_id, digest, total, created_ms)
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING
    """,
    # Holds the message until the commit: of several nodes one at a time adds a part.
    "lock": """
        UPDATE smpp_assemblies SET total = total WHERE account_id = $1 AND digest = $2
        RETURNING message_id
    """,
    "add": """
        INSERT INTO smpp_parts (account_id, message_id, number, octets, encoding, reference)
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING
    """,
    "parts": """
        SELECT p.number, p.octets, p.encoding, p.reference, a.digest, a.total, a.created_ms
        FROM smpp_parts AS p JOIN smpp_assemblies AS a
          ON a.account_id = p.account_id AND a.message_id = p.message_id
        WHERE p.account_id = $1 AND p.message_id = $2 ORDER BY p.number
    """,
    "references": """
        SELECT number, reference FROM smpp_parts WHERE account_id = $1 AND message_id = $2
        ORDER BY number
    """,
    "delete_parts": "DELETE FROM smpp_parts WHERE account_id = $1 AND message_id = $2",
    "delete": """
        DELETE FROM smpp_assemblies WHERE account_id = $1 AND message_id = $2
        RETURNING message_id
    """,
    "old": """
        SELECT account_id, message_id FROM smpp_assemblies WHERE created_ms < $1
        ORDER BY created_ms LIMIT $2
    """,
    "is_sent": "SELECT id FROM messages WHERE account_id = $1 AND id = $2",
    "event": """
        INSERT INTO added_events (account_id, type, subject, at_ms, data)
        VALUES ($1, 'smpp.parts_dropped', $2, $3, $4)
    """,
}


class StoredSmppParts:
    """Implements `simpost.ports.store.SmppPartStore`."""

    def __init__(self, database: SharedDatabase, texts: TextSeal) -> None:
        self._database = database
        self._texts = texts

    async def add_smpp_part(self, part: SmppPart) -> SmppParts | None:
        return await self._database.transact(_add, part, self._texts)

    async def take_smpp_parts(self, account_id: int, message_id: bytes) -> None:
        await self._database.transact(_take, account_id, message_id)

    async def drop_smpp_parts(
        self, account_id: int, message_id: bytes, *, reason: str, but: int, now_ms: int
    ) -> None:
        facts = (State.REJECTED, reason, but, now_ms)
        await self._database.transact(_drop, account_id, message_id, facts)

    async def expire_smpp_parts(self, *, before_ms: int, now_ms: int, limit: int) -> int:
        return await self._database.transact(_expire, before_ms, now_ms, limit)


_Facts = tuple[State, str, int, int]
"""State, reason, the number of the part that was told, and the time."""


def _add(part: SmppPart, texts: TextSeal) -> Steps[SmppParts | None]:
    account_id = part.account_id
    message_id = yield from _locked(part)
    if message_id is not None:
        parts = yield from _parts(account_id, message_id, texts)
        known = next((each for each in parts if each.number == part.number), None)
        if known and (known.octets, known.encoding) != (part.octets, part.encoding):
            reused = (State.EXPIRED, "parts_missing", 0, part.created_ms)
            yield from _drop(account_id, message_id, reused)
            message_id = None
    if message_id is None:
        [count] = yield SQL["count"], (account_id,)
        if count["messages"] >= MOST_INCOMPLETE:
            return None
        begun = (account_id, part.message_id, part.key, part.total, part.created_ms)
        yield SQL["begin"], begun
        message_id = yield from _locked(part)
        if message_id is None:  # another node has just completed it: the client repeats
            raise StoreError("the message of a part was completed at the same time")
    place = place_of(b"smpp_parts", account_id, message_id, part.number)
    sealed = texts.seal_octets(OWN_KEY, place, part.octets)
    facts = (account_id, message_id, part.number, sealed, part.encoding, part.reference)
    yield SQL["add"], facts
    return SmppParts(message_id, tuple((yield from _parts(account_id, message_id, texts))))


def _locked(part: SmppPart) -> Steps[bytes | None]:
    rows = yield SQL["lock"], (part.account_id, part.key)
    return rows[0]["message_id"] if rows else None


def _parts(account_id: int, message_id: bytes, texts: TextSeal) -> Steps[list[SmppPart]]:
    rows = yield SQL["parts"], (account_id, message_id)
    return [_part(account_id, message_id, row, texts) for row in rows]


def _part(account_id: int, message_id: bytes, row: NamedRow, texts: TextSeal) -> SmppPart:
    place = place_of(b"smpp_parts", account_id, message_id, row["number"])
    octets = texts.open_octets(OWN_KEY, place, row["octets"])
    if isinstance(octets, TextAbsence):
        raise StoreError("a part cannot be opened")
    return SmppPart(
        account_id=account_id,
        key=row["digest"],
        message_id=message_id,
        number=row["number"],
        total=row["total"],
        octets=octets,
        encoding=row["encoding"],
        reference=row["reference"],
        created_ms=row["created_ms"],
    )


def _take(account_id: int, message_id: bytes) -> Steps[bool]:
    """Returns whether the message was there."""
    yield SQL["delete_parts"], (account_id, message_id)
    return bool((yield SQL["delete"], (account_id, message_id)))


def _drop(account_id: int, message_id: bytes, facts: _Facts) -> Steps[None]:
    state, reason, but, now_ms = facts
    rows = yield SQL["references"], (account_id, message_id)
    was_there = yield from _take(account_id, message_id)
    numbers = {row["number"]: row["reference"] for row in rows if row["number"] != but}
    if was_there and numbers:
        data: dict[str, Any] = {
            "state": state,
            "reason": reason,
            "parts": list(numbers),
            "references": list(numbers.values()),
        }
        encoded = msgspec.json.encode(data).decode()
        yield SQL["event"], (account_id, format_id(message_id), now_ms, encoded)


def _expire(before_ms: int, now_ms: int, limit: int) -> Steps[int]:
    old: Sequence[NamedRow] = yield SQL["old"], (before_ms, limit)
    for row in old:
        key = row["account_id"], row["message_id"]
        if (yield SQL["is_sent"], key):
            yield from _take(*key)
        else:
            yield from _drop(*key, (State.EXPIRED, "parts_missing", 0, now_ms))
    return len(old)
