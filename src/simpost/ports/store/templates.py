"""Templates of texts, by account and name, in numbered versions."""

from __future__ import annotations

from typing import Final, Protocol

import msgspec

MAX_TEMPLATES: Final = 1_000
"""Most names that an account has at the same time."""
KEPT_VERSIONS: Final = 100
"""Versions of a name that are kept; older ones are deleted."""
KEPT_NUMBERS: Final = 1_000
"""Deleted names of an account of which the version number is kept, the latest ones."""


class TemplateRecord(msgspec.Struct, frozen=True):
    """One version of a template.

    Attributes:
        content: text that the store does not read.
        created_ms: when this version was saved.
    """

    name: str
    version: int
    content: str
    created_ms: int


class SavedTemplate(msgspec.Struct, frozen=True, gc=False):
    """`is_new` is false if the latest version had the same content: nothing was written."""

    record: TemplateRecord
    is_new: bool


class TemplateStore(Protocol):
    """Keeps versions, which never change. No account sees the names of another."""

    async def save_template(
        self, account_id: int, name: str, content: str, *, now_ms: int
    ) -> SavedTemplate | None:
        """Save a new version, and delete the one that is KEPT_VERSIONS older.

        Numbers continue after a name was deleted. `None` for a new name beyond MAX_TEMPLATES.
        """
        ...

    async def find_template(
        self, account_id: int, name: str, version: int | None = None
    ) -> TemplateRecord | None:
        """The version, or the latest one; `None` if the account has none."""
        ...

    async def list_templates(
        self, account_id: int, *, after: str = "", limit: int = 50
    ) -> list[TemplateRecord]:
        """The latest version of each name after `after`, by name (in the order of its octets)."""
        ...

    async def delete_template(self, account_id: int, name: str, *, now_ms: int) -> bool:
        """Delete all versions; `False` if the account has no such name."""
        ...
