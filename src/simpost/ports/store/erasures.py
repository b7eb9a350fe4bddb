"""Erasures: an administrator erases the texts and numbers of the traveller behind an eSIM."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

ERASURE_STEP = 200
"""Rows of one transaction."""


class Erasure(msgspec.Struct, frozen=True, kw_only=True):
    """The record of an erasure: never what was erased.

    Attributes:
        actor: who asked for it.
        begun_ms: rows that were stored later stay.
        ended_ms: `None` while there may be something to erase.
        counts: erased rows by kind.
    """

    account_id: int
    id: bytes
    esim_tran_no: str
    actor: str
    begun_ms: int
    ended_ms: int | None = None
    counts: dict[str, int] = {}


class ErasureStore(Protocol):
    """Erases in bounded transactions. Each method can be repeated after an interruption."""

    async def begin(self, erasure: Erasure) -> None:
        """Record that it was asked for."""
        ...

    async def list_unended(self, erasure: Erasure, *, after: bytes) -> list[bytes]:
        """At most ERASURE_STEP messages to the eSIM that have not ended, the oldest first."""
        ...

    async def has_rows(self, account_id: int, esim_tran_no: str) -> bool:
        """Whether there is a message to or from the eSIM, or an erasure of it."""
        ...

    async def erase(self, erasure: Erasure, *, now_ms: int, only_messages: bool = False) -> None:
        """Erase everything but messages that have not ended."""
        ...

    async def end(self, erasure: Erasure, *, now_ms: int) -> None:
        """Record the end, and write the event `esim.forgotten`."""
        ...

    async def find_erasure(self, account_id: int, erasure_id: bytes) -> Erasure | None:
        """The record of an erasure as it is now; `None` if there is none."""
        ...

    async def list_erasures(
        self, account_id: int, esim_tran_no: str, *, before: bytes | None, limit: int
    ) -> list[Erasure]:
        """Of an eSIM, the newest first."""
        ...

    async def find_forgotten(self, account_id: int, esim_tran_nos: Sequence[str]) -> set[str]:
        """Those of the eSIMs of which there is an erasure."""
        ...

    async def list_open(self, *, limit: int) -> list[Erasure]:
        """Those that have not ended, the oldest first."""
        ...
