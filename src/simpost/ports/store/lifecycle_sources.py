"""Where suppliers report to, and deliveries that were not understood."""

from __future__ import annotations

from typing import Final, Protocol

import msgspec

MOST_SOURCES: Final = 50
"""Most sources of an account."""
MOST_ERRORS: Final = 1_000
"""Deliveries of one account that were not understood; the oldest are deleted."""
ERROR_STEP: Final = 500
"""Most rows that one call of `delete_errors` deletes."""


class LifecycleSource(msgspec.Struct, frozen=True):
    """A URL to which a supplier reports.

    Attributes:
        kind: the adapter, such as `esimgo`.
        digest: SHA-256 of the token in the URL.
        secret: of signatures; `None` if deliveries are not signed.
        ip_allow: networks of the sender; empty: any.
        mapping: the fields of the kind `mapping`, as JSON.
    """

    account_id: int
    id: str
    kind: str
    name: str
    digest: bytes
    created_ms: int
    secret: str | None = None
    ip_allow: tuple[str, ...] = ()
    mapping: str | None = None
    last_event_ms: int | None = None
    last_test_ms: int | None = None

    def __repr__(self) -> str:
        return f"LifecycleSource({self.account_id}, {self.id!r}, {self.kind!r})"


class LifecycleError(msgspec.Struct, frozen=True):
    """A delivery that was not understood, with the beginning of its body."""

    account_id: int
    id: bytes
    source_id: str
    digest: bytes
    reason: str
    body: bytes
    received_ms: int


class LifecycleSourceStore(Protocol):
    """Keeps sources without their tokens. Nodes reload them as they reload accounts."""

    async def add_source(self, source: LifecycleSource) -> bool:
        """Save a source; `False` if its account has too many."""
        ...

    async def list_sources(self) -> list[LifecycleSource]:
        """The sources of all accounts, the oldest of an account first."""
        ...

    async def delete_source(self, account_id: int, source_id: str) -> bool:
        """Delete a source; `False` if the account has no such source."""
        ...

    async def note_source_use(
        self, account_id: int, source_id: str, *, event_ms: int | None, test_ms: int | None
    ) -> None:
        """Save when a source last reported; `None` keeps the time. A time never goes back."""
        ...

    async def add_error(self, error: LifecycleError) -> bool:
        """Keep a delivery that was not understood; `False` if the same one is kept already."""
        ...

    async def list_errors(
        self, account_id: int, *, before: bytes | None, limit: int
    ) -> list[LifecycleError]:
        """Deliveries that were not understood, the newest first."""
        ...

    async def delete_errors(self, *, before_ms: int) -> int:
        """Delete errors from before a time, a step at most; their number."""
        ...
