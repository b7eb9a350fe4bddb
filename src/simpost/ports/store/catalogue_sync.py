"""Copies of suppliers' catalogues: their state, and who pulls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from simpost.domain.catalogue_sync import ListedEsim, SyncState


class CatalogueSyncStore(Protocol):
    """Keeps one state per source, by name."""

    async def begin_sync(self, name: str, *, now_ms: int, lease_ms: int, is_dry: bool) -> bool:
        """Begin a pull; `False` if one is running on any node."""
        ...

    async def extend_sync(self, name: str, *, started_ms: int, lease_ms: int) -> bool:
        """Keep the lease of the pull that began then; `False` if another one has begun since."""
        ...

    async def end_sync(self, state: SyncState) -> bool:
        """Save the end of the pull that began at `started_ms`; `False` if another has begun."""
        ...

    async def list_syncs(self) -> list[SyncState]:
        """The states of all sources, by name."""
        ...

    async def note_listed(self, name: str, esim_tran_nos: Sequence[str]) -> None:
        """Remember that the source lists these eSIMs; they are missing no more."""
        ...

    async def mark_missing(self, name: str, esim_tran_nos: Sequence[str], *, now_ms: int) -> int:
        """Mark eSIMs that the source lists no more; how many were not marked before."""
        ...

    async def list_listed(self, name: str, *, after: str, limit: int) -> list[ListedEsim]:
        """ESIMs that the source listed at any time, by transaction number."""
        ...

    async def stored_profiles(
        self, account_id: int, esim_tran_nos: Sequence[str]
    ) -> Mapping[str, str]:
        """The smdpStatus of those eSIMs that the account has, by transaction number."""
        ...
