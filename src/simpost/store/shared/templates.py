"""Templates: the row of a name has the number of its latest version, the versions have texts."""

from __future__ import annotations

from typing import Final

from simpost.ports.store.templates import (
    KEPT_NUMBERS,
    KEPT_VERSIONS,
    MAX_TEMPLATES,
    SavedTemplate,
    TemplateRecord,
)
from simpost.store.records.row import NamedRow
from simpost.store.shared.steps import SharedDatabase, Steps

SQL: Final = {
    "count_others": """
        SELECT count(*) AS others FROM templates
        WHERE account_id = $1 AND deleted_ms IS NULL AND name <> $2
    """,
    # Holds the name until the commit: of several nodes one at a time adds a version.
    "hold_name": """
        INSERT INTO templates AS t (account_id, name, version, deleted_ms) VALUES ($1, $2, 0, NULL)
        ON CONFLICT (account_id, name) DO UPDATE SET version = t.version
        RETURNING version
    """,
    "version": """
        SELECT name, version, content, created_ms FROM template_versions
        WHERE account_id = $1 AND name = $2 AND version = $3
    """,
    "add_version": """
        INSERT INTO template_versions (account_id, name, version, content, created_ms)
        VALUES ($1, $2, $3, $4, $5)
    """,
    "set_latest": """
        UPDATE templates SET version = $3, deleted_ms = NULL WHERE account_id = $1 AND name = $2
    """,
    "delete_versions": """
        DELETE FROM template_versions WHERE account_id = $1 AND name = $2 AND version <= $3
    """,
    "latest": """
        SELECT v.name, v.version, v.content, v.created_ms FROM templates AS t
        JOIN template_versions AS v
          ON v.account_id = t.account_id AND v.name = t.name AND v.version = t.version
        WHERE t.account_id = $1 AND t.name = $2
    """,
    "list": """
        SELECT v.name, v.version, v.content, v.created_ms FROM templates AS t
        JOIN template_versions AS v
          ON v.account_id = t.account_id AND v.name = t.name AND v.version = t.version
        WHERE t.account_id = $1 AND t.name > $2
        ORDER BY t.name LIMIT $3
    """,
    "delete_name": """
        UPDATE templates SET deleted_ms = $3
        WHERE account_id = $1 AND name = $2 AND deleted_ms IS NULL
        RETURNING version
    """,
    "forget_numbers": """
        DELETE FROM templates WHERE account_id = $1 AND name IN (
          SELECT name FROM templates WHERE account_id = $1 AND deleted_ms IS NOT NULL
          ORDER BY deleted_ms DESC LIMIT 10 OFFSET $2
        )
    """,
}


class StoredTemplates:
    """Implements `simpost.ports.store.TemplateStore`."""

    def __init__(self, database: SharedDatabase) -> None:
        self._database = database

    async def save_template(
        self, account_id: int, name: str, content: str, *, now_ms: int
    ) -> SavedTemplate | None:
        return await self._database.transact(_save, account_id, name, content, now_ms)

    async def find_template(
        self, account_id: int, name: str, version: int | None = None
    ) -> TemplateRecord | None:
        return await self._database.query(_find, account_id, name, version)

    async def list_templates(
        self, account_id: int, *, after: str = "", limit: int = 50
    ) -> list[TemplateRecord]:
        return await self._database.query(_list, account_id, after, limit)

    async def delete_template(self, account_id: int, name: str, *, now_ms: int) -> bool:
        return await self._database.transact(_delete, account_id, name, now_ms)


def _save(account_id: int, name: str, content: str, now_ms: int) -> Steps[SavedTemplate | None]:
    [count] = yield SQL["count_others"], (account_id, name)
    if count["others"] >= MAX_TEMPLATES:
        return None
    [held] = yield SQL["hold_name"], (account_id, name)
    latest: int = held["version"]
    found = yield SQL["version"], (account_id, name, latest)
    if found and found[0]["content"] == content:
        return SavedTemplate(_record(found[0]), is_new=False)
    record = TemplateRecord(name, latest + 1, content, now_ms)
    yield SQL["add_version"], (account_id, name, record.version, content, now_ms)
    yield SQL["set_latest"], (account_id, name, record.version)
    yield SQL["delete_versions"], (account_id, name, record.version - KEPT_VERSIONS)
    return SavedTemplate(record, is_new=True)


def _find(account_id: int, name: str, version: int | None) -> Steps[TemplateRecord | None]:
    if version is None:
        rows = yield SQL["latest"], (account_id, name)
    else:
        rows = yield SQL["version"], (account_id, name, version)
    return _record(rows[0]) if rows else None


def _list(account_id: int, after: str, limit: int) -> Steps[list[TemplateRecord]]:
    rows = yield SQL["list"], (account_id, after, limit)
    return [_record(row) for row in rows]


def _delete(account_id: int, name: str, now_ms: int) -> Steps[bool]:
    deleted = yield SQL["delete_name"], (account_id, name, now_ms)
    if not deleted:
        return False
    yield SQL["delete_versions"], (account_id, name, deleted[0]["version"])
    yield SQL["forget_numbers"], (account_id, KEPT_NUMBERS)
    return True


def _record(row: NamedRow) -> TemplateRecord:
    return TemplateRecord(row["name"], row["version"], row["content"], row["created_ms"])
