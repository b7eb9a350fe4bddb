"""The identity of a store: two rows of `meta`, and the end of what came with a copy."""

from __future__ import annotations

from typing import Any, Final, Protocol

import msgspec

from simpost.domain.instance import Instance, InstanceFile, Surroundings
from simpost.ports.store.instance import COPY_STEP, StoredInstance, WaitingCounts
from simpost.store.shared.steps import SharedDatabase, Steps

INSTANCE: Final = "instance"
COPY_MARK: Final = "copy_mark"
"""The name of the row that marks a copy."""
MARK: Final = """
    INSERT INTO meta (name, value) VALUES ('copy_mark', '1') ON CONFLICT (name) DO NOTHING
"""
_EVENTS: Final = 1_000
"""Events of an endpoint that one step skips."""
_CANCELLED: Final = "cancelled"

SQL: Final = {
    "read": "SELECT value FROM meta WHERE name = $1",
    "add": """
        INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING
        RETURNING name
    """,
    "replace": "UPDATE meta SET value = $2 WHERE name = $1 AND value = $3 RETURNING name",
    "delete": "DELETE FROM meta WHERE name = $1",
    "any_message": "SELECT account_id FROM messages WHERE account_id > $1 LIMIT 1",
    # A message of which nothing was sent is cancelled as a whole.
    "unsent": """
        SELECT account_id, message_id FROM parts
        WHERE owner IS NULL AND due_ms IS NOT NULL AND due_ms < expires_ms AND number = 1
          AND state < 40 AND message_id < $1
        LIMIT $2
    """,
    "held": """
        SELECT account_id, message_id FROM held_messages
        WHERE due_ms IS NOT NULL AND message_id < $1 ORDER BY due_ms LIMIT $2
    """,
    # Of other messages a part was sent or is in doubt: nothing more of them is sent.
    "end_repeats": """
        UPDATE parts SET due_ms = expires_ms
        WHERE owner IS NULL AND due_ms IS NOT NULL AND (account_id, message_id, number) IN (
          SELECT account_id, message_id, number FROM parts
          WHERE owner IS NULL AND due_ms IS NOT NULL AND due_ms < expires_ms AND message_id < $1
          LIMIT $2
        )
        RETURNING number
    """,
    "broadcasts": """
        SELECT account_id, id FROM broadcasts
        WHERE ended_ms IS NULL AND status <> 'paused' AND account_id > 0 AND created_ms < $1
        ORDER BY account_id LIMIT $2
    """,
    "end_runs": """
        UPDATE automation_runs SET state = $4, ended_ms = $2
        WHERE (account_id, id) IN (
          SELECT account_id, id FROM automation_runs
          WHERE state = 'waiting' AND due_ms > 0 AND at_ms < $1 ORDER BY due_ms LIMIT $3
        )
        RETURNING id
    """,
    "endpoints": """
        SELECT account_id, id FROM webhook_endpoints WHERE account_id > $1 ORDER BY account_id, id
    """,
    "cursor": "SELECT cursor FROM webhook_endpoints WHERE account_id = $1 AND id = $2",
    "events": """
        SELECT sequence, at_ms FROM events WHERE account_id = $1 AND sequence > $2
        ORDER BY sequence LIMIT $3
    """,
    "skip": """
        UPDATE webhook_endpoints SET cursor = $3, skipped = skipped + $4
        WHERE account_id = $1 AND id = $2
    """,
    "end_deliveries": """
        UPDATE webhook_deliveries SET state = 'exhausted', due_ms = NULL, updated_ms = $4
        WHERE account_id = $1 AND endpoint_id = $2 AND due_ms IS NOT NULL AND at_ms < $3
    """,
    "count_held": "SELECT count(*) AS total FROM held_messages WHERE due_ms IS NOT NULL",
    "count_broadcasts": """
        SELECT count(*) AS total FROM broadcasts
        WHERE ended_ms IS NULL AND status <> 'paused' AND account_id > 0
    """,
    "count_runs": """
        SELECT count(*) AS total FROM automation_runs WHERE state = 'waiting' AND due_ms > 0
    """,
}

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Instance).decode


class InstanceSurroundings(Protocol):
    """What only the kind of store knows: where it is, and the file beside it."""

    async def look(self) -> Surroundings:
        """The place and the content of the instance file. Raises StoreError."""
        ...

    async def write(self, file: InstanceFile) -> None:
        """Write the instance file, if there is one. Raises StoreError."""
        ...


class StoredInstances:
    """Implements `simpost.ports.store.InstanceStore`."""

    def __init__(self, database: SharedDatabase, around: InstanceSurroundings) -> None:
        self._database = database
        self._around = around

    async def read(self) -> StoredInstance:
        return await self._database.query(_read)

    async def replace(
        self, before: StoredInstance, instance: Instance, *, delete_mark: bool = False
    ) -> bool:
        return await self._database.transact(_replace, before, instance, delete_mark)

    async def mark(self) -> None:
        await self._database.transact(_mark)

    async def look_around(self) -> Surroundings:
        return await self._around.look()

    async def write_file(self, file: InstanceFile) -> None:
        await self._around.write(file)

    async def count_waiting(self) -> WaitingCounts:
        return await self._database.query(_count_waiting)

    async def waiting_messages(self, *, before_id: bytes) -> list[tuple[int, bytes]]:
        return await self._database.query(_waiting_messages, before_id)

    async def end_repeats(self, *, before_id: bytes) -> int:
        return await self._database.transact(_end_repeats, before_id)

    async def waiting_broadcasts(self, *, before_ms: int) -> list[tuple[int, bytes]]:
        return await self._database.query(_waiting_broadcasts, before_ms)

    async def end_runs(self, *, before_ms: int, now_ms: int) -> int:
        return await self._database.transact(_end_runs, before_ms, now_ms)

    async def list_endpoints(self) -> list[tuple[int, bytes]]:
        return await self._database.query(_list_endpoints)

    async def skip_events(
        self, account_id: int, endpoint_id: bytes, *, before_ms: int, now_ms: int
    ) -> bool:
        return await self._database.transact(
            _skip_events, account_id, endpoint_id, before_ms, now_ms
        )


def _read() -> Steps[StoredInstance]:
    found = yield SQL["read"], (INSTANCE,)
    marks = yield SQL["read"], (COPY_MARK,)
    messages = yield SQL["any_message"], (0,)
    version: str | None = found[0]["value"] if found else None
    return StoredInstance(
        version, None if version is None else _decode(version), bool(marks), not messages
    )


def _replace(before: StoredInstance, instance: Instance, delete_mark: bool) -> Steps[bool]:  # noqa: FBT001  of a verb
    text = _encode(instance).decode()
    if before.version is None:
        done = yield SQL["add"], (INSTANCE, text)
    else:
        done = yield SQL["replace"], (INSTANCE, text, before.version)
    if done and delete_mark:
        yield SQL["delete"], (COPY_MARK,)
    return bool(done)


def _mark() -> Steps[None]:
    yield MARK, ()


def _count_waiting() -> Steps[WaitingCounts]:
    counts: list[int] = []
    for name in ("count_held", "count_broadcasts", "count_runs"):
        [row] = yield SQL[name], ()
        counts.append(row["total"])
    return WaitingCounts(*counts)


def _waiting_messages(before_id: bytes) -> Steps[list[tuple[int, bytes]]]:
    found: list[Any] = []
    for name in ("unsent", "held"):
        if len(found) < COPY_STEP:
            rows = yield SQL[name], (before_id, COPY_STEP - len(found))
            found += [(row["account_id"], row["message_id"]) for row in rows]
    return found


def _end_repeats(before_id: bytes) -> Steps[int]:
    rows = yield SQL["end_repeats"], (before_id, COPY_STEP)
    return len(rows)


def _waiting_broadcasts(before_ms: int) -> Steps[list[tuple[int, bytes]]]:
    rows = yield SQL["broadcasts"], (before_ms, COPY_STEP)
    return [(row["account_id"], row["id"]) for row in rows]


def _end_runs(before_ms: int, now_ms: int) -> Steps[int]:
    rows = yield SQL["end_runs"], (before_ms, now_ms, COPY_STEP, _CANCELLED)
    return len(rows)


def _list_endpoints() -> Steps[list[tuple[int, bytes]]]:
    rows = yield SQL["endpoints"], (0,)
    return [(row["account_id"], row["id"]) for row in rows]


def _skip_events(account_id: int, endpoint_id: bytes, before_ms: int, now_ms: int) -> Steps[bool]:
    key = account_id, endpoint_id
    yield SQL["end_deliveries"], (*key, before_ms, now_ms)
    for endpoint in (yield SQL["cursor"], key):
        events = yield SQL["events"], (account_id, endpoint["cursor"], _EVENTS)
        older = [event["sequence"] for event in events if event["at_ms"] < before_ms]
        if older:
            yield SQL["skip"], (*key, older[-1], len(older))
        return len(older) == _EVENTS
    return False
