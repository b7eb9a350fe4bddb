"""How the simulator treats each submit: its response, final state and receipts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final, NamedTuple, Protocol

from simpost.smpp import MessageState, Status
from simpost.smsc.content import Submit
from simpost.smsc.faults import HttpError, MangleReceipt, ReceiptId, ResponseFault, ShapeReceipt


class ReceiptStyle(NamedTuple):
    """How the receipts of one submit differ from plain ones.

    Attributes:
        lost: no receipt is sent, although the final state is reached.
        before_response_s: seconds from the receipt to the response; None: the response is first.
        copies, copy_delay_s: how often it is sent, and the seconds between two copies.
        id, shape, mangle: how it is written; `seed` selects what is mangled.
        notice: an intermediate notice is sent before it, if the submit requested one.
        notice_always: the notice is sent without a request, too.
    """

    lost: bool = False
    before_response_s: float | None = None
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
    """How one submit is treated.

    Attributes:
        status: command_status of the response; anything but ESME_ROK refuses the submit.
        response_delay_s: seconds from the submit to its response.
        state: the final state; ENROUTE: it never has one, and no receipt is sent.
        error: the network's error code, as in the receipt's `err`.
        receipt_delay_s: seconds from the response to the final state and its receipt.
        network_error: network type and code of the TLV; None: GSM and `error`.
        response_fault: what goes wrong with the response on the wire.
        seed: selects what is mangled in the response.
        congestion: congestion_state of the response in percent, for sessions of SMPP 5.0.
        receipt: how its receipts are written and sent.
        handset_off_s: seconds for which its handset is off from now on.
        http_error: the response to a request by HTTP; None: it accepts the text.
        has_empty_body: the response to a request by HTTP has no body.
        most_rows: most rows of the list in a response by HTTP; None: all.
    """

    status: int = Status.ESME_ROK
    response_delay_s: float = 0.0
    state: MessageState = MessageState.DELIVERED
    error: int = 0
    receipt_delay_s: float = 0.0
    network_error: tuple[int, int] | None = None
    response_fault: ResponseFault | None = None
    seed: int = 0
    congestion: int | None = None
    receipt: ReceiptStyle = PLAIN_RECEIPT
    handset_off_s: float = 0.0
    http_error: HttpError | None = None
    has_empty_body: bool = False
    most_rows: int | None = None


class Behaviour(Protocol):
    """Decides the script of each submit."""

    def decide(self, request: Submit) -> SubmitScript:
        """The script of a valid submit; called once for each, in the order they are received."""


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
"""Last digits of a number: state and error of texts to it. The last is SMPP's message_state."""


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
    """Cached: the hot path makes no script for each submit."""
    return SubmitScript(Status.ESME_ROK, response_delay_s, state, error, receipt_delay_s)
