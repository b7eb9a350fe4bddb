"""What a try said, and what a receipt said later."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from simpost.domain.reasons import Reason
from simpost.domain.states import State


class OutcomeKind(StrEnum):
    """The five things a try of a part can say."""

    ACCEPTED = "accepted"
    """The carrier took it."""
    THROTTLED = "throttled"
    """Not now, slower."""
    REFUSED = "refused"
    """Not this part, ever."""
    UNREACHABLE = "unreachable"
    """Nothing left us, or the carrier had a passing fault."""
    IN_DOUBT = "in_doubt"
    """Bytes left and no answer came."""


class Outcome(msgspec.Struct, frozen=True, gc=False):
    """What one try of one part said."""

    kind: OutcomeKind
    carrier_message_id: str | None = None
    reason: Reason | None = None
    carrier_code: str | None = None
    retry_after_s: float | None = None


class Receipt(msgspec.Struct, frozen=True, gc=False):
    """What a carrier reported about a part it took.

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
    """Why a receipt was kept, other than obeyed at once."""

    PARKED = "parked"
    """No part was found for its id; it waits for one."""
    MATCHED = "matched"
    """It came before the answer that told us its id, and was obeyed then."""
    LATE = "late"
    """Its part had ended otherwise."""
    DUPLICATE = "duplicate"
    """It said what was known."""
    AMBIGUOUS = "ambiguous"
    """Several parts may be meant."""


class UnappliedReceipt(msgspec.Struct, frozen=True):
    """A receipt that was kept, as the log shows it; the same again only counts up `times`."""

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


class UnmatchedReceipt(msgspec.Struct, frozen=True):
    """A receipt that was applied to no part, parked or ambiguous, as the administrator sees it.

    One that came again counts up `times`; numbers and times of day are those of the last.
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
