"""Audiences of broadcasts: their eSIMs are noted page by page, as recipients or for a preview."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from simpost.domain.broadcast_rules import slide
from simpost.domain.broadcasts import Audience, Broadcast, BroadcastStatus, RecipientState
from simpost.domain.reasons import Reason
from simpost.ports.store.broadcasts import PREPARE_STEP
from simpost.store.shared.broadcast_rows import broadcast_of, decode_audience, encode_text
from simpost.store.shared.broadcast_sql import SQL
from simpost.store.shared.steps import Steps

_NAMED_STEP: Final = 500
_LAST_PLACE: Final = (2**62, "")


def prepare(key: tuple[int, bytes], now_ms: int) -> Steps[bool]:
    rows = yield SQL["hold"], key
    if not rows or rows[0]["status"] != BroadcastStatus.PREPARING:
        return True
    row = rows[0]
    broadcast = broadcast_of(row)
    [found] = yield SQL["audience"], key
    audience = decode_audience(found["audience"])
    if audience.esims:
        return (yield from _prepare_named(broadcast, audience, row["place_ms"], now_ms))
    if broadcast.file_id is not None:
        file_id = broadcast.file_id
        return (yield from _prepare_file(broadcast, audience, file_id, row["place_ms"], now_ms))
    after = row["place_ms"], row["place"]
    end = yield from _page_end(key[0], after, PREPARE_STEP)
    if end is None:
        yield from _note_place(broadcast, now_ms, 0, 0, after, is_done=True)
        return True
    noted = yield SQL["note_page"], (*key, *after, *_conditions(audience), *end)
    yield from _note_place(broadcast, now_ms, len(noted), 0, end, is_done=False)
    return False


def _prepare_file(
    broadcast: Broadcast, audience: Audience, file_id: bytes, place: int, now_ms: int
) -> Steps[bool]:
    """`place` is the last line that was noted; rows without an eSIM were refused before."""
    found = yield SQL["last_line"], (broadcast.account_id, file_id)
    end = place + PREPARE_STEP
    key = broadcast.account_id, broadcast.id
    noted = yield SQL["note_file_rows"], (*key, place, end, *_conditions(audience))
    is_done = not found or end >= found[0]["last_line"]
    yield from _note_place(broadcast, now_ms, len(noted), 0, (end, ""), is_done=is_done)
    return is_done


def _prepare_named(
    broadcast: Broadcast, audience: Audience, place: int, now_ms: int
) -> Steps[bool]:
    """`place` is how many were looked at; an unknown eSIM is refused at once."""
    key = broadcast.account_id, broadcast.id
    total = refused = 0
    esims = audience.esims
    page = esims[place : place + _NAMED_STEP]
    for esim in page:
        is_known = yield SQL["meets"], (esim, key[0], *_conditions(audience))
        if is_known and not is_known[0]["meets"]:
            continue
        state = RecipientState.WAITING if is_known else RecipientState.REFUSED
        reason = None if is_known else Reason.ESIM_UNKNOWN
        noted = yield SQL["note_one"], (*key, esim, state, reason, None if is_known else now_ms)
        total += len(noted)
        refused += 0 if is_known else len(noted)
    is_done = place + len(page) >= len(esims)
    yield from _note_place(
        broadcast, now_ms, total, refused, (place + len(page), ""), is_done=is_done
    )
    return is_done


def _note_place(
    broadcast: Broadcast,
    now_ms: int,
    total: int,
    refused: int,
    place: tuple[int, str],
    *,
    is_done: bool,
) -> Steps[None]:
    """Count what was noted. Refusals of named eSIMs count for the rule on refusals."""
    recent = broadcast.recent
    decided, bad = slide(recent.decided, recent.refused, refused, refused)
    recent = replace(recent, decided=decided, refused=bad)
    status = BroadcastStatus.SCHEDULED if is_done else BroadcastStatus.PREPARING
    look_ms = broadcast.start_ms if is_done else 0
    key = broadcast.account_id, broadcast.id
    row = (*key, total, refused, *place, status, int(is_done), look_ms)
    yield SQL["note_place"], (*row, encode_text(recent), now_ms)


def _page_end(account_id: int, after: tuple[int, str], limit: int) -> Steps[tuple[int, str] | None]:
    """The last eSIM of the next page; `None` if there are no more eSIMs."""
    rows = yield SQL["page_end"], (account_id, *after, limit - 1)
    if not rows:  # fewer than a page are left: the page ends with the last one
        rows = yield SQL["page_end"], (account_id, *after, 0)
        if not rows:
            return None
        return _LAST_PLACE
    return rows[0]["created_ms"], rows[0]["esim_tran_no"]


def audience_page(
    account_id: int, audience: Audience, after: tuple[int, str], limit: int
) -> Steps[tuple[list[str], tuple[int, str] | None]]:
    end = yield from _page_end(account_id, after, limit)
    if end is None:
        return [], None
    parameters = (account_id, *after, end[0], *_conditions(audience), end[1])
    rows = yield SQL["match_page"], parameters
    return [row["esim_tran_no"] for row in rows], end


def match_named(account_id: int, audience: Audience, esims: Sequence[str]) -> Steps[list[str]]:
    """Those of some named eSIMs that are unknown, or meet the conditions."""
    matching = []
    for esim in esims:
        known = yield SQL["meets"], (esim, account_id, *_conditions(audience))
        if not known or known[0]["meets"]:
            matching.append(esim)
    return matching


def match_file(
    account_id: int, file_id: bytes, audience: Audience, after: int, limit: int
) -> Steps[tuple[list[str], int | None]]:
    found = yield SQL["last_line"], (account_id, file_id)
    last = found[0]["last_line"] if found else 0
    end = after + limit
    key = account_id, file_id, after, end
    rows = yield SQL["match_file_rows"], (*key, *_conditions(audience))
    return [row["esim_tran_no"] for row in rows], end if end < last else None


def _conditions(audience: Audience) -> tuple[str, str, str, str, str]:
    """Each condition as its values between bars; empty for none."""
    return (
        _barred(audience.plans),
        _barred(audience.countries),
        _barred(audience.languages),
        _barred(audience.statuses),
        _barred(audience.tags),
    )


def _barred(values: tuple[str, ...]) -> str:
    return f"|{'|'.join(values)}|" if values else ""
