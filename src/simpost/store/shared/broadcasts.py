"""Broadcasts: the row of a broadcast is locked before its recipients change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from simpost.domain.broadcasts import (
    MAX_UNFINISHED,
    Audience,
    Broadcast,
    BroadcastStatus,
    PauseReason,
    Recent,
    RecipientResult,
    RecipientState,
)
from simpost.errors import UnknownBroadcastFile
from simpost.ports.store.broadcasts import (
    ACTIVE_STEP,
    DELETE_STEP,
    ActivePlace,
    BroadcastChange,
    TakenRecipient,
)
from simpost.store.records.ids import first_id
from simpost.store.records.row import NamedRow
from simpost.store.shared import (
    broadcast_audiences,
    broadcast_files,
    broadcast_recipients,
    broadcast_reports,
)
from simpost.store.shared.broadcast_rows import broadcast_of, encode_text
from simpost.store.shared.broadcast_sql import SQL
from simpost.store.shared.steps import SharedDatabase, Steps

_BEYOND: Final = b"\xff" * 17
_START: Final = (-1, 0, b"")

_ALLOWED: Final = {
    BroadcastStatus.SENDING: (BroadcastStatus.SCHEDULED,),
    BroadcastStatus.PAUSED: (
        BroadcastStatus.PREPARING,
        BroadcastStatus.SCHEDULED,
        BroadcastStatus.SENDING,
    ),
    BroadcastStatus.SCHEDULED: (),
    BroadcastStatus.PREPARING: (),
    BroadcastStatus.FINISHED: (BroadcastStatus.SENDING,),
}
"""The statuses from which a status may follow; the others follow every one that is not final."""


class StoredBroadcasts:
    """Implements `simpost.ports.store.BroadcastStore`."""

    def __init__(self, database: SharedDatabase) -> None:
        self._database = database

    async def add(self, broadcast: Broadcast) -> bytes | None:
        return await self._database.transact(_add, broadcast)

    async def prepare(self, account_id: int, broadcast_id: bytes, *, now_ms: int) -> bool:
        key = account_id, broadcast_id
        return await self._database.transact(broadcast_audiences.prepare, key, now_ms)

    async def find(self, account_id: int, broadcast_id: bytes) -> Broadcast | None:
        return await self._database.query(_find, account_id, broadcast_id)

    async def list_broadcasts(
        self,
        account_id: int,
        *,
        before: bytes | None,
        limit: int,
        status: BroadcastStatus | None = None,
    ) -> list[Broadcast]:
        return await self._database.query(_list, account_id, before, limit, status)

    async def list_active(
        self, *, now_ms: int, after: ActivePlace | None = None
    ) -> tuple[list[Broadcast], ActivePlace | None]:
        return await self._database.query(_list_active, now_ms, after)

    async def change(
        self, account_id: int, broadcast_id: bytes, change: BroadcastChange, *, now_ms: int
    ) -> Broadcast | None:
        return await self._database.transact(_change, account_id, broadcast_id, change, now_ms)

    async def resume(
        self, account_id: int, broadcast_id: bytes, *, actor: str, now_ms: int
    ) -> Broadcast | None:
        return await self._database.transact(_resume, account_id, broadcast_id, actor, now_ms)

    async def list_waiting(self, account_id: int, broadcast_id: bytes, *, limit: int) -> list[str]:
        key = account_id, broadcast_id
        return await self._database.query(broadcast_recipients.list_waiting, key, limit)

    async def take(
        self,
        account_id: int,
        broadcast_id: bytes,
        *,
        new_id: Callable[[], bytes],
        limit: int,
        now_ms: int,
        held_only: bool = False,
    ) -> list[TakenRecipient] | None:
        key = account_id, broadcast_id
        return await self._database.transact(
            broadcast_recipients.take, key, new_id, limit, now_ms, held_only=held_only
        )

    async def end_recipients(
        self,
        account_id: int,
        broadcast_id: bytes,
        results: Sequence[RecipientResult],
        *,
        now_ms: int,
    ) -> Broadcast | None:
        key = account_id, broadcast_id
        return await self._database.transact(broadcast_recipients.end, key, results, now_ms)

    async def list_recipients(
        self,
        account_id: int,
        broadcast_id: bytes,
        *,
        after: str,
        limit: int,
        state: RecipientState | None = None,
    ) -> list[RecipientResult]:
        key = account_id, broadcast_id
        return await self._database.query(
            broadcast_recipients.list_recipients, key, after, limit, state
        )

    async def audience_page(
        self, account_id: int, audience: Audience, *, after: tuple[int, str], limit: int
    ) -> tuple[list[str], tuple[int, str] | None]:
        return await self._database.query(
            broadcast_audiences.audience_page, account_id, audience, after, limit
        )

    async def match_named(
        self, account_id: int, audience: Audience, esims: Sequence[str]
    ) -> list[str]:
        return await self._database.query(
            broadcast_audiences.match_named, account_id, audience, esims
        )

    async def match_file(
        self, account_id: int, file_id: bytes, audience: Audience, *, after: int, limit: int
    ) -> tuple[list[str], int | None]:
        return await self._database.query(
            broadcast_audiences.match_file, account_id, file_id, audience, after, limit
        )

    async def count_queued(self, account_id: int, broadcast_id: bytes, *, limit: int) -> int:
        key = account_id, broadcast_id
        return await self._database.query(broadcast_reports.count_queued, key, limit)

    async def list_to_report(self, *, now_ms: int) -> list[Broadcast]:
        return await self._database.query(broadcast_reports.list_to_report, now_ms)

    async def report(
        self, account_id: int, broadcast_id: bytes, *, after: bytes
    ) -> tuple[Broadcast | None, bytes | None]:
        key = account_id, broadcast_id
        page = await self._database.query(broadcast_reports.find_finals, key, after)
        if not page.finals:
            return None, page.last
        noted = await self._database.transact(broadcast_reports.note_finals, key, page.finals)
        return noted, page.last

    async def count_opt_outs(
        self, account_id: int, broadcast_id: bytes, *, before_ms: int, report_ms: int | None
    ) -> Broadcast | None:
        key = account_id, broadcast_id
        return await self._database.transact(
            broadcast_reports.count_opt_outs, key, before_ms, report_ms
        )

    async def delete_old(self, *, before_ms: int) -> int:
        found = await self._database.query(_list_old, before_ms)
        if not found:
            return 0
        return await self._database.transact(_delete_old, before_ms)


def _add(broadcast: Broadcast) -> Steps[bytes | None]:
    one = broadcast
    if one.request_id is not None:
        earlier = yield SQL["of_request"], (one.account_id, one.request_id)
        if earlier:
            return bytes(earlier[0]["id"])
    if one.file_id is not None and not (
        yield from broadcast_files.hold_file((one.account_id, one.file_id))
    ):
        raise UnknownBroadcastFile
    [unfinished] = yield SQL["unfinished"], (one.account_id,)
    if unfinished["broadcasts"] >= MAX_UNFINISHED:
        return None
    added = yield (
        SQL["insert"],
        (
            one.account_id,
            one.id,
            one.name,
            one.template,
            one.category,
            encode_text(one.values),
            encode_text(one.audience),
            one.per_s,
            one.start_ms,
            one.not_after_ms,
            one.begun_by,
            one.stop_percent,
            one.most_parts,
            one.created_ms,
            one.template_version,
            one.local_minute,
            len(one.audience.esims),
            one.stop_failed_percent,
            one.stop_opted_out_percent,
            one.request_id,
            one.fingerprint,
            one.file_id,
            one.most_cost,
        ),
    )
    if not added:  # another node has just added it
        added = yield SQL["of_request"], (one.account_id, one.request_id)
    return bytes(added[0]["id"])


def _find(account_id: int, broadcast_id: bytes) -> Steps[Broadcast | None]:
    rows = yield SQL["find"], (account_id, broadcast_id)
    return broadcast_of(rows[0], rows[0]["audience"]) if rows else None


def _list(
    account_id: int, before: bytes | None, limit: int, status: BroadcastStatus | None
) -> Steps[list[Broadcast]]:
    place = (account_id, before or _BEYOND, limit)
    if status is None:
        rows = yield SQL["list"], place
    else:
        rows = yield SQL["list_in"], (*place, status)
    return [broadcast_of(row, row["audience"]) for row in rows]


def _list_active(
    now_ms: int, after: ActivePlace | None
) -> Steps[tuple[list[Broadcast], ActivePlace | None]]:
    rows = yield SQL["active"], (now_ms, *(after or _START), ACTIVE_STEP)
    found = [broadcast_of(row) for row in rows]
    if len(found) < ACTIVE_STEP:
        return found, None
    last = rows[-1]
    return found, (last["look_ms"], last["account_id"], last["id"])


def _change(
    account_id: int, broadcast_id: bytes, change: BroadcastChange, now_ms: int
) -> Steps[Broadcast | None]:
    rows = yield SQL["hold"], (account_id, broadcast_id)
    if not rows:
        return None
    before = broadcast_of(rows[0])
    allowed = _ALLOWED.get(change.status)
    if before.status.is_final or (allowed is not None and before.status not in allowed):
        return before
    if change.status is BroadcastStatus.FINISHED and before.unsent:
        return before
    actor = before.actor if change.actor is None else change.actor
    return (yield from _set_status(rows[0], change.status, actor, change.pause_reason, now_ms))


def _resume(
    account_id: int, broadcast_id: bytes, actor: str, now_ms: int
) -> Steps[Broadcast | None]:
    rows = yield SQL["hold"], (account_id, broadcast_id)
    if not rows:
        return None
    before = broadcast_of(rows[0])
    if before.status is not BroadcastStatus.PAUSED:
        return before
    status = BroadcastStatus.PREPARING
    if before.is_noted:
        is_early = now_ms < before.start_ms
        status = BroadcastStatus.SCHEDULED if is_early else BroadcastStatus.SENDING
    return (yield from _set_status(rows[0], status, actor, None, now_ms, Recent()))


def _set_status(
    row: NamedRow,
    status: BroadcastStatus,
    actor: str,
    pause_reason: PauseReason | None,
    now_ms: int,
    recent: Recent | None = None,
) -> Steps[Broadcast]:
    before = broadcast_of(row)
    report_ms, place = row["report_ms"], row["opt_outs_from"]
    if status is BroadcastStatus.SENDING:
        report_ms, place = now_ms, place or first_id(now_ms)
    changed = (
        before.account_id,
        before.id,
        status,
        actor,
        pause_reason,
        now_ms,
        now_ms if status.is_final else None,
        _look_ms(status, before),
        report_ms,
        place,
        encode_text(recent or before.recent),
        0 if status.is_final else before.held,
        before.cancelled + (before.unsent if status.is_final else 0),
    )
    [after] = yield SQL["set_status"], changed
    return broadcast_of(after)


def _look_ms(status: BroadcastStatus, before: Broadcast) -> int | None:
    """When the leader must look at a broadcast that gets this status."""
    if status is BroadcastStatus.PAUSED:
        return before.not_after_ms
    if status is BroadcastStatus.SCHEDULED:
        return before.start_ms
    return None if status.is_final else 0


def _list_old(before_ms: int) -> Steps[bool]:
    rows = yield SQL["old"], (before_ms,)
    return bool(rows)


def _delete_old(before_ms: int) -> Steps[int]:
    rows = yield SQL["old"], (before_ms,)
    if not rows:
        return 0
    key = rows[0]["account_id"], rows[0]["id"]
    ends = yield SQL["recipients_end"], (*key, DELETE_STEP - 1)
    if ends:
        deleted = yield SQL["delete_recipients"], (*key, ends[0]["esim_tran_no"])
    else:
        deleted = yield SQL["delete_all_recipients"], key
    if len(deleted) < DELETE_STEP:
        yield SQL["delete"], key
    return len(deleted) + 1
