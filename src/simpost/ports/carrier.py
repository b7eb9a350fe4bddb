"""The carrier port: what dispatch requires of a driver, and what a driver reports back.

A driver takes one part at a time and reports the outcome of the attempt. It never uses the store,
and nothing here is specific to a protocol: `carriers/smpp` and `carriers/http` are drivers.
`tests/contract/test_carrier_contract.py` runs on every driver and every test double.
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
from simpost.domain.prices import NO_PRICES, PartPrices
from simpost.domain.reasons import Reason
from simpost.ports.connection_ownership import ConnectionOwnership
from simpost.text import CallLimit


class AddressType(StrEnum):
    """The identifier of an eSIM that a carrier uses as the destination."""

    MSISDN = "msisdn"
    IMSI = "imsi"
    ICCID = "iccid"
    ESIM_TRAN_NO = "esim_tran_no"


class CarrierCapabilities(msgspec.Struct, frozen=True):
    """What a carrier supports; read before a text is split into parts for it.

    Attributes:
        name: as configured.
        address: the identifier of the eSIM that is the destination of a part.
        alphabet: alphabet of every text that fits it: gsm7, latin1 or ascii; other texts are ucs2.
        concatenation: how a long message is sent: in parts with "udh" or "sar", whole in a
            "payload", or as "numbered" texts.
        call_limit: the longest text of a "payload" or of a "numbered" text; `None` for no limit but
            `max_parts`.
        reference_bits: width of the concatenation reference, 8 or 16 (TS 23.040 9.2.3.24.1, .8).
        languages: national language identifiers it accepts (TS 23.038 6.2.1.2.4).
        max_parts: most parts of one message.
        sender: source address of a message that names none: digits, or up to 11 letters.
        senders: other source addresses that a message may name; "*" allows any.
        class_alphabets: alphabets in which it accepts a message class (flash); empty for none.
        binary: whether it accepts binary and port-addressed messages.
        receipts: whether messages request delivery receipts.
        prices: what it charges for a part.
    """

    name: str
    address: AddressType = AddressType.MSISDN
    alphabet: str = "gsm7"
    concatenation: str = "udh"
    call_limit: CallLimit | None = None
    reference_bits: int = 8
    languages: frozenset[int] = frozenset()
    max_parts: int = 10
    sender: str = ""
    senders: frozenset[str] = frozenset()
    class_alphabets: frozenset[str] = frozenset()
    binary: bool = False
    receipts: bool = True
    prices: PartPrices = NO_PRICES

    @property
    def concatenation_method(self) -> Concatenation:
        """How the parts of a long message are marked."""
        if self.concatenation == "udh":
            return Concatenation.UDH8 if self.reference_bits == 8 else Concatenation.UDH16
        return Concatenation(self.concatenation)

    def allows_sender(self, sender: str) -> bool:
        """Whether a message may name this sender."""
        return sender == self.sender or sender in self.senders or "*" in self.senders


class OutboundPart(msgspec.Struct, frozen=True, gc=False):
    """A part to send: everything a driver needs, and the key of its row in the store.

    Attributes:
        number: place among the parts of the message, from 1.
        total: parts of the message.
        text: the slice of the message's text in this part; hex digits when binary.
        encoding: label of `simpost.text.Encoding`.
        reference: concatenation reference shared by the parts; unused when total is 1.
        attempt: 1 for the first.
        repeat: whether the part was in doubt, so that the carrier may already have it.
        options: of the message; the same for every attempt, so the octets are the same, too.
        unclear: earlier attempts that ended in doubt or with an unspecific error.
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


class AcceptedPart(msgspec.Struct, frozen=True, gc=False):
    """A part that a carrier accepted, as the store has it.

    Attributes:
        carrier_message_id: `None` if it is in doubt whether it was accepted.
    """

    carrier_message_id: str | None
    destination: str
    expires_ms: int


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

    An SMPP carrier has one for each bind. An HTTP carrier has one, whose sockets come and go.

    Attributes:
        number: place among the connections of the carrier, from 1.
        kind: a word of the driver: "transceiver", "http".
        peer: address and port of the other end; empty without a connection.
        problem: a sentence that says why it is not ready or throttled; empty otherwise.
        max_unanswered: most parts that may be unanswered at a time; 0 if it only receives.
        unanswered: parts sent without a response yet.
        allowed_per_s: most parts per second at present; 0 for no limit.
        rate_per_s: responses per second in the last interval.
        last_heard_ms: when the carrier last sent anything, in ms since the epoch; `None` if never.
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
    """What a carrier reports. Given to `Carrier.start`; called on the event loop."""

    def on_capacity(self) -> None:
        """Capacity, state or `is_open` may have changed."""
        ...

    def on_outcome(self, part: OutboundPart, started_ms: int, outcome: Outcome) -> None:
        """The outcome of a part that `send` took: once per part. `started_ms` is its `now_ms`."""
        ...

    def on_receipt(self, receipt: Receipt, committed: Callable[[], None]) -> None:
        """A delivery receipt. `committed` is called after the commit: acknowledge it only then."""
        ...

    def on_inbound(self, part: InboundPart) -> Future[Reason | None]:
        """An inbound part. The future is done after the commit, with the reason if it is refused.

        If the future fails, nothing was committed: the peer must send the part again.
        """
        ...

    def on_late_response(self, part: OutboundPart, outcome: Outcome) -> None:
        """A response to a part whose outcome was already reported as in doubt."""
        ...

    async def list_open(self, after: str) -> tuple[list[AcceptedPart], str]:
        """Parts that await a report, from any node, beginning after a carrier's id of a part.

        One step of a walk through all, and the id to go on after; empty at its end. Messages that
        requested no receipt are left out. Raises StoreError.
        """
        ...

    async def list_sent_to(self, iccid: str) -> list[AcceptedPart]:
        """Parts to an ICCID that have not expired, from any node, whatever became of them.

        Those in doubt, too; three at most, because only a single one can be told from others.
        Raises StoreError.
        """
        ...


class Carrier(Protocol):
    """A configured carrier. Driven by one lane, on the event loop."""

    @property
    def capabilities(self) -> CarrierCapabilities:
        """What the carrier supports, with its limits."""
        ...

    @property
    def state(self) -> ConnectionState:
        """The state of the best connection that sends."""
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
        """How many parts `send` takes now. Read for every part: must be cheap.

        Whenever it may have risen above 0, `CarrierEvents.on_capacity` is called.
        """
        ...

    @property
    def depth(self) -> int:
        """How many parts its lane should lease: enough to keep it busy during a commit."""
        ...

    @property
    def ownership(self) -> ConnectionOwnership | None:
        """How nodes share its connections; `None` if every node may send at any time."""
        ...

    def send(self, part: OutboundPart, now_ms: int) -> Outcome | None:
        """Send a part if there is capacity. Called for every part: must not block.

        Returns `None` if the part was taken: `on_outcome` reports its outcome later. Returns the
        outcome, and does not report it, if nothing was sent.
        """
        ...

    def connections(self) -> list[ConnectionStatus]:
        """The present status of every connection that this node owns."""
        ...

    async def start(self, events: CarrierEvents) -> None:
        """Connect and stay connected."""
        ...

    def pause(self) -> None:
        """Send nothing until `resume`. Stay connected and accept responses and receipts."""
        ...

    async def drain(self) -> None:
        """Send nothing until `resume`. Wait for unanswered parts, then disconnect."""
        ...

    def resume(self) -> None:
        """End a pause or a drain; after a drain, connect again."""
        ...

    async def reconfigure(self, settings: CarrierSettings) -> None:
        """Drain, then connect with other settings of the same type and name.

        The capabilities may differ afterwards. A paused carrier stays paused.
        """
        ...

    async def close(self) -> None:
        """Wait a few seconds for unanswered parts, then disconnect for good.

        Parts without a response by then are reported as in doubt before this returns.
        """
        ...
