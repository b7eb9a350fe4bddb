"""Tags of eSIMs: one row for each tag of an eSIM."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from simpost.domain.tags import MAX_TAGS
from simpost.ports.store.esim_tags import TagChange, TagResult
from simpost.store.shared.steps import SharedDatabase, Steps

SQL: Final = {
    # Holds the eSIM until the commit: of several nodes one at a time changes its tags.
    "hold": """
        UPDATE esims SET account_id = account_id WHERE esim_tran_no = $1 AND account_id = $2
        RETURNING esim_tran_no
    """,
    "of_esim": """
        SELECT tag FROM esim_tags WHERE account_id = $1 AND esim_tran_no = $2 ORDER BY tag
    """,
    "add": """
        INSERT INTO esim_tags (account_id, tag, esim_tran_no) VALUES ($1, $2, $3)
        ON CONFLICT (account_id, tag, esim_tran_no) DO NOTHING
    """,
    "remove": "DELETE FROM esim_tags WHERE account_id = $1 AND tag = $2 AND esim_tran_no = $3",
    "tagged": """
        SELECT esim_tran_no FROM esim_tags
        WHERE account_id = $1 AND tag = $2 AND esim_tran_no > $3
        ORDER BY esim_tran_no LIMIT $4
    """,
}


class StoredEsimTags:
    """Implements `simpost.ports.store.EsimTagStore`."""

    def __init__(self, database: SharedDatabase) -> None:
        self._database = database

    async def set_tags(self, account_id: int, tags: Mapping[str, Sequence[str]]) -> int:
        return await self._database.transact(_set_tags, account_id, tags)

    async def change_tags(self, account_id: int, change: TagChange) -> TagResult:
        return await self._database.transact(_change_tags, account_id, change)

    async def find_tags(
        self, account_id: int, esim_tran_nos: Sequence[str]
    ) -> dict[str, tuple[str, ...]]:
        return await self._database.query(_find_tags, account_id, esim_tran_nos)

    async def list_tagged(self, account_id: int, tag: str, *, after: str, limit: int) -> list[str]:
        return await self._database.query(_list_tagged, account_id, tag, after, limit)


def _set_tags(account_id: int, tags: Mapping[str, Sequence[str]]) -> Steps[int]:
    changed = 0
    for esim in sorted(tags):  # in one order, so that no node waits for another that waits for it
        if (yield SQL["hold"], (esim, account_id)):
            before = yield from _tags_of(account_id, esim)
            changed += yield from _replace(account_id, esim, before, set(tags[esim]))
    return changed


def _change_tags(account_id: int, change: TagChange) -> Steps[TagResult]:
    changed = 0
    unknown: list[str] = []
    full: list[str] = []
    for esim in sorted(set(change.esim_tran_nos)):
        if not (yield SQL["hold"], (esim, account_id)):
            unknown.append(esim)
            continue
        before = yield from _tags_of(account_id, esim)
        after = (before - set(change.remove)) | set(change.add)
        if len(after) > max(MAX_TAGS, len(before)):
            full.append(esim)
            continue
        changed += yield from _replace(account_id, esim, before, after)
    return TagResult(changed, tuple(unknown), tuple(full))


def _tags_of(account_id: int, esim: str) -> Steps[set[str]]:
    rows = yield SQL["of_esim"], (account_id, esim)
    return {row["tag"] for row in rows}


def _replace(account_id: int, esim: str, before: set[str], after: set[str]) -> Steps[bool]:
    yield from _each("remove", account_id, esim, before - after)
    yield from _each("add", account_id, esim, after - before)
    return before != after


def _each(statement: str, account_id: int, esim: str, tags: Iterable[str]) -> Steps[None]:
    for tag in sorted(tags):
        yield SQL[statement], (account_id, tag, esim)


def _find_tags(account_id: int, esim_tran_nos: Sequence[str]) -> Steps[dict[str, tuple[str, ...]]]:
    found: dict[str, tuple[str, ...]] = {}
    for esim in esim_tran_nos:
        rows = yield SQL["of_esim"], (account_id, esim)
        if rows:
            found[esim] = tuple(row["tag"] for row in rows)
    return found


def _list_tagged(account_id: int, tag: str, after: str, limit: int) -> Steps[list[str]]:
    rows = yield SQL["tagged"], (account_id, tag, after, limit)
    return [row["esim_tran_no"] for row in rows]
