"""Sealing again: rows get the first key of `store.text_key`, so that old keys can be removed."""

from __future__ import annotations

from typing import Final, Protocol

import msgspec

SEALED_TABLES: Final = (
    "messages",
    "inbound",
    "preference_changes",
    "preference_flags",
    "conversation_notes",
    "verifications",
)
"""In the order in which they are sealed again. Codes of verifications are only counted."""


class SealStep(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of one table that were looked at.

    Attributes:
        after: where the next step begins; `None` when the table is done.
        sealed: rows that were sealed with the first key now.
        unreadable: rows whose key is missing, or that are damaged.
        in_clear: rows with a text that is not sealed.
        rows: sealed rows by the id of their key, as they are now.
        missing_keys: those of these keys that are not in the settings.
    """

    after: bytes | None
    sealed: int
    unreadable: int
    in_clear: int
    rows: dict[str, int]
    missing_keys: tuple[str, ...]


class SealingStore(Protocol):
    """Counts rows by key, and seals them again."""

    async def seal_again(
        self, account_id: int, table: str, after: bytes, *, limit: int, again: bool, clear: bool
    ) -> SealStep:
        """Look at the next rows of a table in one transaction.

        With `again`, rows with another key than the first get that; with `clear`, rows in clear do.
        Without a key in the settings nothing is sealed.
        """
        ...
