"""The carrier port: what dispatch requires of a driver, and what a driver reports back.

A driver takes one part at a time and reports the outcome of the attempt. It never meets the store,
and nothing here is specific to a protocol: `carriers/smpp` and `carriers/http` are drivers.
`tests/contract/test_carrier_*.py` state what each of them must do.
"""

from __future__ import annotations

from asyncio import Future
from collections.abc import Callable
from enum import StrEnum
from typing import Protocol

import msgspec

from simpost.config import CarrierSettings
from simpost.domain.inbound import InboundPart
from simpost.domain.options import DEFAULT_OPTIONS, Concatenation, Options
from simpost.domain.outcomes import Outcome, Receipt
from simpost.domain.reasons import Reason
from simpost.ports.connection_ownership import ConnectionOwnership


class AddressType(StrEnum):
    """The identifier of an eSIM that a carrier delivers to."""

    MSISDN = "msisdn"
    IMSI = "imsi"
    ICCID = "iccid"
    ESIM_TRAN_NO = "esim_tran_no"


class CarrierCapabilities(msgspec.Struct, frozen=True):
    """What a decision must know of a carrier before it cuts a text for it.

    Attributes:
        alphabet: what texts go in when they fit it: gsm7, latin1 or ascii; the others go in ucs2.
        concatenation: how long messages go: in parts with "udh" or "sar", or whole as "payload".
        reference_bits: width of the concatenation reference, 8 or 16 (TS 23.040 9.2.3.24.1, .8).
        languages: national language identifiers it takes (TS 23.038 6.2.1.2.4).
        max_parts: most parts one message may have.
        sender: source address put on what we send: digits, or up to 11 letters.
        senders: others that a message may ask for; "*" among them means any.
        class_alphabets: alphabets in which it takes a message class (flash); none: it does not.
        binary: whether it takes binary and port-addressed messages.
        receipts: whether it is asked for delivery receipts.
    """

    name: str
    address: AddressType = AddressType.MSISDN
    alphabet: str = "gsm7"
    concatenation: str = "udh"
    reference_bits: int = 8
    languages: frozenset[int] = frozenset()
    max_parts: int = 10
    sender: str = ""
    senders: frozenset[str] = frozenset()
    class_alphabets: frozenset[str] = frozenset()
    binary: bool = False
    receipts: bool = True

    @property
    def concatenation_method(self) -> Concatenation:
        """How the parts of a message of several are marked."""
        if self.concatenation == "udh":
            return Concatenation.UDH8 if self.reference_bits == 8 else Concatenation.UDH16
        return Concatenation(self.concatenation)

    def allows_sender(self, sender: str) -> bool:
        """Whether a message may have this sender."""
        return sender == self.sender or sender in self.senders or "*" in self.senders


class OutboundPart(msgspec.Struct, frozen=True, gc=False):
    """One part on its way out: all a carrier needs, and the key to settle it by.

    Attributes:
        text: the slice of the message's text that this part carries; hex digits when binary.
        encoding: label of `simpost.text.Encoding`.
        reference: concatenation reference shared by the parts; unused when total is 1.
        attempt: 1 for the first try.
        repeat: the part was in doubt: the carrier may already have it.
        options: of the message; with them every try of a part sends the same octets.
        unclear: how many earlier tries left open whether the carrier took it.
    """

    account_id: int
    message_id: bytes
    number: int
    total: int
    text: str
    encoding: str
    reference: int
    destination: str
    sender: str
    category: str
    priority: int
    created_ms: int
    expires_ms: int
    attempt: int
    repeat: bool
    options: Options = DEFAULT_OPTIONS
    unclear: int = 0


class ConnectionState(StrEnum):
    """The state of a connection to a carrier."""

    STARTING = "starting"
    CONNECTING = "connecting"
    READY = "ready"
    THROTTLED = "throttled"
    CLOSING = "closing"
    LOST = "lost"


CONNECTION_STATE_PRECEDENCE = (
    ConnectionState.READY,
    ConnectionState.THROTTLED,
    ConnectionState.CONNECTING,
    ConnectionState.STARTING,
    ConnectionState.CLOSING,
    ConnectionState.LOST,
)
"""The state of a carrier is the first of these that one of its connections has."""


class ConnectionStatus(msgspec.Struct, frozen=True):
    """One connection to a carrier, as an administrator sees it.

    An SMPP bind is one. So is each share of an HTTP carrier's rate, though its sockets come and go.

    Attributes:
        number: its place among the carrier's connections, from 1.
        kind: what goes over it, in the words of the driver: "transceiver", "http".
        peer: address and port of the other end; empty without a connection.
        problem: why it is not ready, or why it is throttled, in a sentence; empty otherwise.
        max_unanswered: most parts that may be unanswered at a time; 0 where nothing is sent.
        unanswered: parts sent and not answered yet.
        allowed_per_s: parts a second it may send now; 0 is no limit.
        rate_per_s: parts a second that were answered recently.
        last_heard_ms: when the carrier was last heard, since the epoch; `None` before that.
    """

    number: int
    kind: str
    state: ConnectionState
    peer: str
    problem: str
    max_unanswered: int
    unanswered: int
    allowed_per_s: float
    rate_per_s: float
    last_heard_ms: int | None


class CarrierEvents(Protocol):
    """What a carrier reports; passed to it by `start`. All are called on the event loop."""

    def on_capacity(self) -> None:
        """Capacity, state or `is_open` may have changed."""
        ...

    def on_outcome(self, part: OutboundPart, started_ms: int, outcome: Outcome) -> None:
        """The outcome of a part that `send` took, once for each; `started_ms` as given there."""
        ...

    def on_receipt(self, receipt: Receipt, committed: Callable[[], None]) -> None:
        """A delivery receipt. `committed` is called once it is: acknowledge it only then."""
        ...

    def on_inbound(self, part: InboundPart) -> Future[Reason | None]:
        """An inbound part. The future is done once it is committed, with the reason if refused.

        A failed future means that it could not be committed: the peer must send it again.
        """
        ...

    def on_late_response(self, part: OutboundPart, outcome: Outcome) -> None:
        """The response came after all, for a part whose outcome was reported as in doubt."""
        ...


class Carrier(Protocol):
    """One way out."""

    @property
    def capabilities(self) -> CarrierCapabilities:
        """What the carrier supports, with its limits."""
        ...

    @property
    def state(self) -> ConnectionState:
        """The state of its best connection for sending."""
        ...

    @property
    def is_open(self) -> bool:
        """Whether parts may wait for capacity here: reachable, and not paused or drained."""
        ...

    @property
    def is_paused(self) -> bool:
        """Whether an administrator paused or drained it."""
        ...

    @property
    def capacity(self) -> int:
        """How many more parts `send` takes right now. Read for every part: must be cheap."""
        ...

    @property
    def depth(self) -> int:
        """How many parts its lane should hold: enough to keep it busy while a commit runs."""
        ...

    @property
    def ownership(self) -> ConnectionOwnership | None:
        """How nodes share its connections; `None` if every node may use it at any time."""
        ...

    def send(self, part: OutboundPart, now_ms: int) -> Outcome | None:
        """Send a part, if there is capacity. Called for every part: must not block.

        Returns `None` when the part was taken: `on_outcome` reports what became of it. Returns an
        outcome, and reports nothing, when nothing was sent.
        """
        ...

    def connections(self) -> list[ConnectionStatus]:
        """Every connection that this node owns, as it is now."""
        ...

    async def start(self, events: CarrierEvents) -> None:
        """Connect and stay connected."""
        ...

    def pause(self) -> None:
        """Send nothing until `resume`; stay connected, take responses and receipts."""
        ...

    async def drain(self) -> None:
        """Send nothing more, wait for unanswered parts, then disconnect; until `resume`."""
        ...

    def resume(self) -> None:
        """End a pause or a drain; after a drain, connect again."""
        ...

    async def reconfigure(self, settings: CarrierSettings) -> None:
        """Drain, then connect with other settings of the same type and name.

        The capabilities may have changed afterwards. A pause stays a pause.
        """
        ...

    async def close(self) -> None:
        """Wait a few seconds for unanswered parts, then disconnect for good.

        Parts still unanswered are reported as in doubt before this returns.
        """
        ...
