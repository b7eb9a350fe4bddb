"""Lifecycle events of eSIMs: their history, the facts they leave, and the transitions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Final, Protocol

import msgspec

from simpost.domain.lifecycle import EsimFacts, LifecycleEvent, Transition

MOST_PARKED: Final = 10_000
"""Events of one account that wait for their eSIM; beyond it, the oldest wait no more."""
LIFECYCLE_STEP: Final = 500
"""Most rows that one call of `retry_parked` or of a deletion looks at."""
MOST_OF_ORDER: Final = 200
"""eSIMs of an order to which an event of the order applies."""


class EventOutcome(StrEnum):
    """What became of an event.

    Attributes:
        APPLIED: facts changed.
        UNCHANGED: known already, or nothing that facts tell.
        LATE: something later was known.
        DUPLICATE: the same event came before; nothing was stored.
        PARKED: the eSIM is not known yet; the import that brings it applies the event.
        UNKNOWN_ESIM: no import brought the eSIM in a day.
        CONFLICT: `esimTranNo` and `iccid` name different eSIMs.
    """

    APPLIED = "applied"
    UNCHANGED = "unchanged"
    LATE = "late"
    DUPLICATE = "duplicate"
    PARKED = "parked"
    UNKNOWN_ESIM = "unknown_esim"
    CONFLICT = "conflict"


class NewLifecycleEvent(msgspec.Struct, frozen=True):
    """An event to record.

    Attributes:
        digest: 16 octets, the same for deliveries of the same event.
    """

    event: LifecycleEvent
    digest: bytes


class RecordedEvent(msgspec.Struct, frozen=True):
    """What became of an event, and of which eSIM; empty while it is unknown."""

    esim_tran_no: str
    outcome: EventOutcome
    transitions: tuple[Transition, ...] = ()


class StoredEvent(msgspec.Struct, frozen=True):
    """An event in the history of its eSIM."""

    id: bytes
    esim_tran_no: str
    outcome: EventOutcome
    received_ms: int
    event: LifecycleEvent


class StoredTransition(msgspec.Struct, frozen=True):
    """A change of facts.

    Attributes:
        occurrence: with the eSIM and the transition its key; see `simpost.domain.lifecycle.Change`.
        at_ms: when it happened, as the source says; `noted_ms`: when it was committed.
    """

    account_id: int
    id: bytes
    esim_tran_no: str
    transition: Transition
    occurrence: str
    at_ms: int
    noted_ms: int
    source: str
    country: str
    event_id: bytes


class ImportedEsim(msgspec.Struct, frozen=True):
    """The names under which an event may wait for an eSIM."""

    esim_tran_no: str
    iccid: str
    order_no: str


class LifecycleStore(Protocol):
    """Records events and applies them: history, facts, transitions and the account's events.

    All of a delivery is one transaction. Nothing is applied twice, however often and on how many
    nodes it comes.
    """

    async def record(
        self,
        account_id: int,
        events: Sequence[NewLifecycleEvent],
        *,
        new_id: Callable[[], bytes],
        now_ms: int,
    ) -> list[RecordedEvent]:
        """Record events of one delivery, all or none; at least one result for each event."""
        ...

    async def apply_parked(
        self,
        account_id: int,
        esims: Sequence[ImportedEsim],
        *,
        new_id: Callable[[], bytes],
        now_ms: int,
    ) -> int:
        """Apply events that waited for these eSIMs; their number."""
        ...

    async def retry_parked(
        self,
        after: tuple[int, str, bytes],
        *,
        unknown_before_ms: int,
        new_id: Callable[[], bytes],
        now_ms: int,
    ) -> tuple[int, str, bytes] | None:
        """Apply parked events whose eSIM is known by now, and end those that came before a time.

        Returns the place after which the next call goes on; `None` at the end.
        """
        ...

    async def notice_expiries(self, *, new_id: Callable[[], bytes], now_ms: int) -> int:
        """Record that plans end within a day or have ended, a step at most.

        Returns how many eSIMs it looked at; 0 when none is due.
        """
        ...

    async def count_parked(self, account_id: int) -> int:
        """Events of the account that wait for their eSIM."""
        ...

    async def find_facts(self, account_id: int, esim_tran_no: str) -> EsimFacts | None:
        """The facts of an eSIM; `None` before its first event."""
        ...

    async def list_events(
        self, account_id: int, esim_tran_no: str, *, before: bytes | None, limit: int
    ) -> list[StoredEvent]:
        """The history of an eSIM, the latest arrival first; parked ones for an empty number."""
        ...

    async def transitions_of_kind(
        self, account_id: int, transition: Transition, *, after: bytes, limit: int
    ) -> list[StoredTransition]:
        """Transitions of one kind of an account after an id, the oldest first."""
        ...

    async def delete_old(self, *, before_ms: int) -> int:
        """Delete events and transitions from before a time, a step of each; their number."""
        ...
