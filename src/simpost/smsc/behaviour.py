"""What becomes of a submit: the one place where the simulator is kind or not."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final, NamedTuple, Protocol

from simpost.smpp import MessageState, Status
from simpost.smsc.content import Submit
from simpost.smsc.faults import MangleReceipt, ReceiptId, ResponseFault, ShapeReceipt


class ReceiptStyle(NamedTuple):
    """How the receipts of one submit differ from plain ones.

    Attributes:
        lost: none is sent, though the state is reached.
        first_s: the receipt goes out so long before the answer; None sends it after.
        copies, copy_delay_s: how often it comes, and how long after the one before.
        id, shape, mangle: how it is written; `seed` decides what is mangled.
        notice: an intermediate notice comes before; "always" also where none was asked for.
    """

    lost: bool = False
    first_s: float | None = None
    copies: int = 1
    copy_delay_s: float = 0.0
    id: ReceiptId | None = None
    shape: ShapeReceipt | None = None
    mangle: MangleReceipt | None = None
    seed: int = 0
    notice: bool = False
    notice_always: bool = False


PLAIN_RECEIPT: Final = ReceiptStyle()


class SubmitScript(NamedTuple):
    """What becomes of one submit.

    Attributes:
        status: of the answer; what is not ESME_ROK ends here.
        response_delay_s: from the submit to its answer.
        state: the final state; ENROUTE means that it never gets one, so no receipt ever comes.
        error: the network's error code, told in the receipt.
        receipt_delay_s: from the answer to the final state and its receipt.
        network_error: network type and code of the TLV; None tells `error` as a GSM network's.
        answer: what goes wrong with the answer on the wire; `seed` decides what is mangled.
        congestion: told in the answer, in percent, to those who speak SMPP 5.0.
        receipt: how its receipts are written and sent.
        off_s: its handset is off for so long from now on.
    """

    status: int = Status.ESME_ROK
    response_delay_s: float = 0.0
    state: MessageState = MessageState.DELIVERED
    error: int = 0
    receipt_delay_s: float = 0.0
    network_error: tuple[int, int] | None = None
    answer: ResponseFault | None = None
    seed: int = 0
    congestion: int | None = None
    receipt: ReceiptStyle = PLAIN_RECEIPT
    off_s: float = 0.0


class Behaviour(Protocol):
    def decide(self, request: Submit) -> SubmitScript:
        """Called once for each submit that is valid, in the order of the wire."""


SPECIAL_PREFIX: Final = "99900"
SPECIAL_NUMBERS: Final = {
    f"{SPECIAL_PREFIX}{state.value}": (state, error)
    for state, error in (
        (MessageState.ENROUTE, 0),
        (MessageState.EXPIRED, 27),  # absent subscriber (TS 29.002 17.6.6)
        (MessageState.DELETED, 0),
        (MessageState.UNDELIVERABLE, 1),  # unknown subscriber
        (MessageState.UNKNOWN, 0),
        (MessageState.REJECTED, 13),  # call barred
    )
}
"""Ending of a number: what becomes of every text to it. The last digit is SMPP's message_state."""


@dataclass(frozen=True, slots=True)
class ByNumber:
    """Delivers everything, except to numbers that end like `SPECIAL_NUMBERS`."""

    response_delay_s: float = 0.0
    receipt_delay_s: float = 0.0

    def decide(self, request: Submit) -> SubmitScript:
        state, error = SPECIAL_NUMBERS.get(request.destination_addr[-6:], _DELIVERED)
        return _script_of(self.response_delay_s, state, error, self.receipt_delay_s)


_DELIVERED: Final = (MessageState.DELIVERED, 0)


@cache
def _script_of(
    response_delay_s: float, state: MessageState, error: int, receipt_delay_s: float
) -> SubmitScript:
    """One for each kind of number, not one for each submit."""
    return SubmitScript(Status.ESME_ROK, response_delay_s, state, error, receipt_delay_s)
