"""Outcomes of attempts, and delivery receipts."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

import msgspec

from simpost.domain.reasons import Reason
from simpost.domain.states import State


class OutcomeKind(StrEnum):
    """The five outcomes of an attempt."""

    ACCEPTED = "accepted"
    """The carrier accepted the part."""
    THROTTLED = "throttled"
    """The carrier asks for a lower rate."""
    REFUSED = "refused"
    """The carrier refused the part for good."""
    UNREACHABLE = "unreachable"
    """Nothing was sent, or the carrier reported a temporary error."""
    IN_DOUBT = "in_doubt"
    """Bytes were sent and no response came."""


class Outcome(msgspec.Struct, frozen=True, gc=False):
    """The outcome of one attempt of one part."""

    kind: OutcomeKind
    carrier_message_id: str | None = None
    reason: Reason | None = None
    carrier_code: str | None = None
    retry_after_s: float | None = None


class Receipt(msgspec.Struct, frozen=True, gc=False):
    """A delivery receipt of a carrier about a part that it accepted.

    `carrier_message_id` is exactly as received. A state below `sent` never comes from a
    receipt: an intermediate notice is `sent` with a reason. `numbers` are those it names, in its
    own writing: one of them should be the part's destination. `text_id` is a second id, of the
    receipt's text; it counts where the first fits nothing.
    """

    carrier: str
    carrier_message_id: str
    state: State
    reason: Reason | None
    carrier_code: str | None
    received_ms: int
    numbers: tuple[str, ...] = ()
    text_id: str = ""


class ReceiptDisposition(StrEnum):
    """Why a receipt was stored and not applied at once."""

    PARKED = "parked"
    """No part has its id yet."""
    MATCHED = "matched"
    """It arrived before the response with its id, and was applied after it."""
    LATE = "late"
    """Its part had another final state."""
    DUPLICATE = "duplicate"
    """It repeated a known state."""
    AMBIGUOUS = "ambiguous"
    """It may belong to several parts."""


class UnappliedReceipt(msgspec.Struct, frozen=True):
    """A stored receipt, as the log shows it; an identical one only increases `times`."""

    part: int
    carrier: str
    carrier_message_id: str
    state: State
    disposition: ReceiptDisposition
    reason: Reason | None
    carrier_code: str | None
    times: int
    first_ms: int
    last_ms: int


class ReceiptKey(NamedTuple):
    """What names a stored receipt: identical ones are one row."""

    carrier: str
    carrier_message_id: str
    state: State


class UnmatchedReceipt(msgspec.Struct, frozen=True):
    """A parked or ambiguous receipt, applied to no part, as the administrator sees it.

    One that came again counts up `times`; numbers and times of day are those of the last.
    `dismissed_ms`: when a person dismissed it; one that comes again is no longer dismissed.
    """

    carrier: str
    carrier_message_id: str
    text_id: str
    state: State
    disposition: ReceiptDisposition
    reason: Reason | None
    carrier_code: str | None
    numbers: tuple[str, ...]
    times: int
    first_ms: int
    last_ms: int
    dismissed_ms: int | None = None
