"""The identity of a store: in the database and around it."""

from __future__ import annotations

from typing import Final, Protocol

import msgspec

from simpost.domain.instance import Instance, InstanceFile, Surroundings

COPY_STEP: Final = 200
"""Rows that one step of a cancellation ends."""


class StoredInstance(msgspec.Struct, frozen=True):
    """The identity as it was read.

    Attributes:
        version: text that `replace` compares; `None` when there is no identity.
        is_marked: the store was marked as a copy.
        is_empty: it has no message.
    """

    version: str | None
    instance: Instance | None
    is_marked: bool
    is_empty: bool


class WaitingCounts(msgspec.Struct, frozen=True):
    """What waits in a store."""

    held_messages: int
    broadcasts: int
    automation_runs: int


class InstanceStore(Protocol):
    """Keeps the identity, and ends what came with a copy, in steps."""

    async def read(self) -> StoredInstance:
        """The identity in the database."""
        ...

    async def replace(
        self, before: StoredInstance, instance: Instance, *, delete_mark: bool = False
    ) -> bool:
        """Save the identity; `False` if another node changed it since."""
        ...

    async def mark(self) -> None:
        """Mark the store as a copy: the next start holds sending."""
        ...

    async def look_around(self) -> Surroundings:
        """The place of the store and the file beside it. Raises StoreError."""
        ...

    async def write_file(self, file: InstanceFile) -> None:
        """Write the instance file, if the store has one. Raises StoreError."""
        ...

    async def count_waiting(self) -> WaitingCounts:
        """What waits besides queued parts."""
        ...

    async def waiting_messages(self, *, before_id: bytes) -> list[tuple[int, bytes]]:
        """Up to COPY_STEP messages with an older id, none of whose parts was sent."""
        ...

    async def end_repeats(self, *, before_id: bytes) -> int:
        """Let up to COPY_STEP other queued parts of older messages expire; how many."""
        ...

    async def waiting_broadcasts(self, *, before_ms: int) -> list[tuple[int, bytes]]:
        """Up to COPY_STEP older broadcasts that are neither paused nor over."""
        ...

    async def end_runs(self, *, before_ms: int, now_ms: int) -> int:
        """End up to COPY_STEP waiting runs of automations whose transition is older."""
        ...

    async def list_endpoints(self) -> list[tuple[int, bytes]]:
        """Accounts and ids of all webhook endpoints."""
        ...

    async def skip_events(
        self, account_id: int, endpoint_id: bytes, *, before_ms: int, now_ms: int
    ) -> bool:
        """Let an endpoint skip older events, and end its older deliveries.

        `True` when there may be more of them.
        """
        ...
