"""Broadcasts: the row of a broadcast is locked before its recipients change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from simpost.domain.broadcasts import (
    Audience,
    Broadcast,
    BroadcastStatus,
    PauseReason,
    RecipientResult,
    RecipientState,
)
from simpost.domain.messages import Category
from simpost.domain.reasons import Reason
from simpost.ports.store.broadcasts import CANCEL_STEP, PREPARE_STEP, BroadcastChange
from simpost.store.records.row import NamedRow
from simpost.store.shared.broadcast_sql import SQL
from simpost.store.shared.steps import SharedDatabase, Steps

_BEYOND: Final = b"\xff" * 17
_NAMED_STEP: Final = 500
_MOST_ACTIVE: Final = 200

_encode = msgspec.json.Encoder().encode
_decode_audience = msgspec.json.Decoder(Audience).decode
_decode_values = msgspec.json.Decoder(dict[str, str]).decode
_ALLOWED: Final = {
    BroadcastStatus.SENDING: (BroadcastStatus.SCHEDULED, BroadcastStatus.PAUSED),
    BroadcastStatus.PAUSED: (BroadcastStatus.SCHEDULED, BroadcastStatus.SENDING),
    BroadcastStatus.SCHEDULED: (),
    BroadcastStatus.PREPARING: (),
    BroadcastStatus.FINISHED: (BroadcastStatus.SENDING,),
}
"""The statuses from which a status may follow; the others follow every one that is not final."""


class StoredBroadcasts:
    """Implements `simpost.ports.store.BroadcastStore`."""

    def __init__(self, database: SharedDatabase) -> None:
        self._database = database

    async def add(self, broadcast: Broadcast) -> None:
        await self._database.transact(_add, broadcast)

    async def prepare(self, account_id: int, broadcast_id: bytes, *, now_ms: int) -> bool:
        return await self._database.transact(_prepare, account_id, broadcast_id, now_ms)

    async def find(self, account_id: int, broadcast_id: bytes) -> Broadcast | None:
        return await self._database.query(_find, account_id, broadcast_id)

    async def list_broadcasts(
        self, account_id: int, *, before: bytes | None, limit: int
    ) -> list[Broadcast]:
        return await self._database.query(_list, account_id, before, limit)

    async def list_active(self) -> list[Broadcast]:
        return await self._database.query(_list_active)

    async def change(
        self, account_id: int, broadcast_id: bytes, change: BroadcastChange, *, now_ms: int
    ) -> Broadcast | None:
        return await self._database.transact(_change, account_id, broadcast_id, change, now_ms)

    async def list_waiting(self, account_id: int, broadcast_id: bytes, *, limit: int) -> list[str]:
        return await self._database.query(_list_waiting, account_id, broadcast_id, limit)

    async def end_recipients(
        self,
        account_id: int,
        broadcast_id: bytes,
        results: Sequence[RecipientResult],
        *,
        now_ms: int,
    ) -> Broadcast | None:
        key = account_id, broadcast_id
        return await self._database.transact(_end_recipients, key, results, now_ms)

    async def cancel_rest(self, account_id: int, broadcast_id: bytes, *, now_ms: int) -> int:
        return await self._database.transact(_cancel_rest, account_id, broadcast_id, now_ms)

    async def list_recipients(
        self, account_id: int, broadcast_id: bytes, *, after: str, limit: int
    ) -> list[RecipientResult]:
        key = account_id, broadcast_id
        return await self._database.query(_list_recipients, key, after, limit)

    async def audience_page(
        self, account_id: int, audience: Audience, *, after: tuple[int, str], limit: int
    ) -> tuple[list[str], tuple[int, str] | None]:
        return await self._database.query(_audience_page, account_id, audience, after, limit)

    async def delete_old(self, *, before_ms: int) -> int:
        return await self._database.transact(_delete_old, before_ms)


def _add(broadcast: Broadcast) -> Steps[None]:
    one = broadcast
    yield (
        SQL["insert"],
        (
            one.account_id,
            one.id,
            one.name,
            one.template,
            one.category,
            _encode(one.values).decode(),
            _encode(one.audience).decode(),
            one.per_s,
            one.start_ms,
            one.not_after_ms,
            one.actor,
            one.stop_percent,
            one.most_parts,
            one.created_ms,
        ),
    )


def _prepare(account_id: int, broadcast_id: bytes, now_ms: int) -> Steps[bool]:
    key = account_id, broadcast_id
    rows = yield SQL["hold"], key
    if not rows or rows[0]["status"] != BroadcastStatus.PREPARING:
        return True
    row = rows[0]
    audience = _decode_audience(row["audience"])
    if audience.esims:
        return (yield from _prepare_named(key, row["place_ms"], audience.esims, now_ms))
    after = row["place_ms"], row["place"]
    end = yield from _page_end(account_id, after, PREPARE_STEP)
    if end is None:
        yield SQL["note_place"], (*key, 0, 0, *after, BroadcastStatus.SCHEDULED)
        return True
    noted = yield SQL["note_page"], (*key, *after, *_conditions(audience), *end)
    yield SQL["note_place"], (*key, len(noted), 0, *end, BroadcastStatus.PREPARING)
    return False


def _page_end(account_id: int, after: tuple[int, str], limit: int) -> Steps[tuple[int, str] | None]:
    """The last eSIM of the next page; `None` if there are no more eSIMs."""
    rows = yield SQL["page_end"], (account_id, *after, limit - 1)
    if not rows:  # fewer than a page are left: the page ends with the last one
        rows = yield SQL["page_end"], (account_id, *after, 0)
        if not rows:
            return None
        return _LAST_PLACE
    return rows[0]["created_ms"], rows[0]["esim_tran_no"]


_LAST_PLACE: Final = (2**62, "")


def _prepare_named(
    key: tuple[int, bytes], place: int, esims: tuple[str, ...], now_ms: int
) -> Steps[bool]:
    """`place` is how many were noted; an unknown eSIM is refused at once."""
    total = refused = 0
    page = esims[place : place + _NAMED_STEP]
    for esim in page:
        is_known = yield SQL["is_esim"], (esim, key[0])
        state = RecipientState.WAITING if is_known else RecipientState.REFUSED
        reason = None if is_known else Reason.ESIM_UNKNOWN
        noted = yield SQL["note_one"], (*key, esim, state, reason, None if is_known else now_ms)
        total += len(noted)
        refused += 0 if is_known else len(noted)
    is_done = place + len(page) >= len(esims)
    status = BroadcastStatus.SCHEDULED if is_done else BroadcastStatus.PREPARING
    yield SQL["note_place"], (*key, total, refused, place + len(page), "", status)
    return is_done


def _audience_page(
    account_id: int, audience: Audience, after: tuple[int, str], limit: int
) -> Steps[tuple[list[str], tuple[int, str] | None]]:
    end = yield from _page_end(account_id, after, limit)
    if end is None:
        return [], None
    parameters = (account_id, *after, end[0], *_conditions(audience), end[1])
    rows = yield SQL["match_page"], parameters
    return [row["esim_tran_no"] for row in rows], end


def _conditions(audience: Audience) -> tuple[str, str, str, str]:
    """Each condition as its values between bars; empty for none."""
    return (
        _barred(audience.plans),
        _barred(audience.countries),
        _barred(audience.languages),
        _barred(audience.statuses),
    )


def _barred(values: tuple[str, ...]) -> str:
    return f"|{'|'.join(values)}|" if values else ""


def _find(account_id: int, broadcast_id: bytes) -> Steps[Broadcast | None]:
    rows = yield SQL["find"], (account_id, broadcast_id)
    return _broadcast(rows[0]) if rows else None


def _list(account_id: int, before: bytes | None, limit: int) -> Steps[list[Broadcast]]:
    rows = yield SQL["list"], (account_id, before or _BEYOND, limit)
    return [_broadcast(row) for row in rows]


def _list_active() -> Steps[list[Broadcast]]:
    rows = yield SQL["active"], (0, _MOST_ACTIVE)
    return [_broadcast(row) for row in rows]


def _change(
    account_id: int, broadcast_id: bytes, change: BroadcastChange, now_ms: int
) -> Steps[Broadcast | None]:
    rows = yield SQL["hold"], (account_id, broadcast_id)
    if not rows:
        return None
    before = _broadcast(rows[0])
    allowed = _ALLOWED.get(change.status)
    if before.status.is_final or (allowed is not None and before.status not in allowed):
        return before
    ended_ms = now_ms if change.status.is_final else None
    row = (
        account_id,
        broadcast_id,
        change.status,
        change.actor,
        change.pause_reason,
        now_ms,
        ended_ms,
    )
    [changed] = yield SQL["set_status"], row
    return _broadcast(changed)


def _list_waiting(account_id: int, broadcast_id: bytes, limit: int) -> Steps[list[str]]:
    rows = yield SQL["waiting"], (account_id, broadcast_id, limit)
    return [row["esim_tran_no"] for row in rows]


def _end_recipients(
    key: tuple[int, bytes], results: Sequence[RecipientResult], now_ms: int
) -> Steps[Broadcast | None]:
    held = yield SQL["hold"], key
    if not held:
        return None
    counts = dict.fromkeys(RecipientState, 0)
    parts = 0
    for each in results:
        row = (*key, each.esim_tran_no, each.state, each.message_id, each.reason, each.parts)
        ended = yield SQL["end_recipient"], (*row, now_ms)
        if not ended and each.message_id is not None:
            ended = yield SQL["end_cancelled"], (*row, now_ms)
            counts[RecipientState.CANCELLED] -= len(ended)
        if ended:
            counts[each.state] += 1
            parts += each.parts
    [counted] = yield SQL["count"], (*key, *_counted(counts), parts)
    return _broadcast(counted)


def _cancel_rest(account_id: int, broadcast_id: bytes, now_ms: int) -> Steps[int]:
    key = account_id, broadcast_id
    held = yield SQL["hold"], key
    if not held or not _broadcast(held[0]).status.is_final:
        return 0
    rows = yield SQL["cancel_rest"], (*key, now_ms, CANCEL_STEP)
    yield SQL["count"], (*key, 0, 0, 0, len(rows), 0)
    return len(rows)


def _counted(counts: dict[RecipientState, int]) -> tuple[int, int, int, int]:
    return (
        counts[RecipientState.ACCEPTED],
        counts[RecipientState.HELD],
        counts[RecipientState.REFUSED],
        counts[RecipientState.CANCELLED],
    )


def _list_recipients(
    key: tuple[int, bytes], after: str, limit: int
) -> Steps[list[RecipientResult]]:
    rows = yield SQL["recipients"], (*key, after, limit)
    return [
        RecipientResult(
            esim_tran_no=row["esim_tran_no"],
            state=RecipientState(row["state"]),
            message_id=row["message_id"],
            reason=row["reason"],
            parts=row["parts"] or 0,
        )
        for row in rows
    ]


def _delete_old(before_ms: int) -> Steps[int]:
    rows = yield SQL["old"], (before_ms,)
    if not rows:
        return 0
    key = rows[0]["account_id"], rows[0]["id"]
    deleted = yield SQL["delete_recipients"], (*key, CANCEL_STEP)
    if len(deleted) < CANCEL_STEP:
        yield SQL["delete"], key
    return len(deleted) + 1


def _broadcast(row: NamedRow) -> Broadcast:
    reason: Any = row["pause_reason"]
    return Broadcast(
        account_id=row["account_id"],
        id=row["id"],
        name=row["name"],
        template=row["template"],
        category=Category(row["category"]),
        values=_decode_values(row["template_values"]),
        audience=_decode_audience(row["audience"]),
        per_s=row["per_s"],
        start_ms=row["start_ms"],
        not_after_ms=row["not_after_ms"],
        created_ms=row["created_ms"],
        status=BroadcastStatus(row["status"]),
        pause_reason=PauseReason(reason) if reason else None,
        actor=row["actor"],
        stop_percent=row["stop_percent"],
        most_parts=row["most_parts"],
        total=row["total"],
        accepted=row["accepted"],
        held=row["held"],
        refused=row["refused"],
        cancelled=row["cancelled"],
        parts=row["parts"],
        changed_ms=row["changed_ms"],
        ended_ms=row["ended_ms"],
    )
