"""What is known of the travellers behind eSIMs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from msgspec.structs import astuple

from simpost.ports.store.recipients import Recipient
from simpost.store.records.row import NamedRow
from simpost.store.shared.steps import SharedDatabase, Steps

SQL: Final = {
    "find": """
        SELECT account_id, esim_tran_no, country, language, choices, open_hours FROM recipients
        WHERE account_id = $1 AND esim_tran_no = $2
    """,
    "save": """
        INSERT INTO recipients (account_id, esim_tran_no, country, language, choices, open_hours)
        VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (account_id, esim_tran_no) DO UPDATE SET country = excluded.country,
          language = excluded.language, choices = excluded.choices,
          open_hours = excluded.open_hours
    """,
}


class StoredRecipients:
    """Implements `simpost.ports.store.RecipientStore`. Calls `on_change` after each change."""

    def __init__(
        self, database: SharedDatabase, on_change: Callable[[], None] = lambda: None
    ) -> None:
        self._database = database
        self._on_change = on_change

    async def find_recipient(self, account_id: int, esim_tran_no: str) -> Recipient | None:
        return await self._database.query(_find, account_id, esim_tran_no)

    async def save_recipient(self, recipient: Recipient) -> None:
        saving = asyncio.ensure_future(self._database.transact(_save, recipient))
        saving.add_done_callback(lambda _: self._on_change())
        await asyncio.shield(saving)  # a cancelled caller must not leave outdated facts in a cache


def _find(account_id: int, esim_tran_no: str) -> Steps[Recipient | None]:
    if "\0" in esim_tran_no:
        return None
    rows = yield SQL["find"], (account_id, esim_tran_no)
    return _recipient(rows[0]) if rows else None


def _save(recipient: Recipient) -> Steps[None]:
    yield SQL["save"], astuple(recipient)


def _recipient(row: NamedRow) -> Recipient:
    return Recipient(
        account_id=row["account_id"],
        esim_tran_no=row["esim_tran_no"],
        country=row["country"],
        language=row["language"],
        choices=row["choices"],
        open_hours=row["open_hours"],
    )
