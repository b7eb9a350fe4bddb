"""Tags of eSIMs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec


class TagChange(msgspec.Struct, frozen=True):
    """Tags to add to eSIMs and to remove from them."""

    esim_tran_nos: tuple[str, ...]
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


class TagResult(msgspec.Struct, frozen=True):
    """What became of a change.

    Attributes:
        changed: eSIMs that have other tags than before.
        unknown: eSIMs that the account does not have.
        full: eSIMs that would have more than MAX_TAGS tags; they stay as they are.
    """

    changed: int
    unknown: tuple[str, ...] = ()
    full: tuple[str, ...] = ()


class EsimTagStore(Protocol):
    """Keeps the tags of eSIMs. They go with their eSIM."""

    async def set_tags(self, account_id: int, tags: Mapping[str, Sequence[str]]) -> int:
        """Replace the tags of the account's eSIMs, by esimTranNo; how many eSIMs changed."""
        ...

    async def change_tags(self, account_id: int, change: TagChange) -> TagResult:
        """Add and remove tags of several eSIMs."""
        ...

    async def find_tags(
        self, account_id: int, esim_tran_nos: Sequence[str]
    ) -> dict[str, tuple[str, ...]]:
        """The tags of eSIMs in their order; eSIMs without one are absent."""
        ...

    async def list_tagged(self, account_id: int, tag: str, *, after: str, limit: int) -> list[str]:
        """ESIMs with a tag, in the order of their esimTranNo."""
        ...
