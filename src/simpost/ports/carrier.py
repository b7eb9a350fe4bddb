"""What dispatch asks of a carrier: take one part, say what became of the try."""

from __future__ import annotations

from asyncio import Future
from collections.abc import Callable, Collection
from enum import StrEnum
from typing import Protocol

import msgspec

from simpost.config import SmppCarrierSettings as CarrierSettings
from simpost.domain.inbound import InboundPart
from simpost.domain.options import DEFAULT_OPTIONS, Concatenation, Options
from simpost.domain.outcomes import Outcome, Receipt
from simpost.domain.reasons import Reason


class AddressType(StrEnum):
    """Which identifier of an eSIM a carrier delivers to."""

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


class BindState(StrEnum):
    """The state of a carrier's connection, in the words of administrators."""

    STARTING = "starting"
    BINDING = "binding"
    BOUND = "bound"
    THROTTLED = "throttled"
    UNBINDING = "unbinding"
    LOST = "lost"


BIND_STATE_PRECEDENCE = (
    BindState.BOUND,
    BindState.THROTTLED,
    BindState.BINDING,
    BindState.STARTING,
    BindState.UNBINDING,
    BindState.LOST,
)
"""Of several links the first of these tells how the carrier is."""


class BindKind(StrEnum):
    """Which way messages go over a bind."""

    TRANSCEIVER = "transceiver"
    TRANSMITTER = "transmitter"
    RECEIVER = "receiver"


class BindStatus(msgspec.Struct, frozen=True):
    """One connection to the carrier, as an administrator sees it.

    Attributes:
        number: its place among the carrier's connections, from 1.
        peer: address and port of the other end; empty without a connection.
        problem: why it is not bound, or why it is slowed, in a sentence; empty when all is well.
        window: most parts that may wait for their answer; 0 where nothing is sent.
        waiting: parts that wait for their answer now.
        allowed_per_s: parts a second it may send now; 0 is no limit.
        rate_per_s: parts a second that were answered of late.
        last_pdu_ms: when the carrier last let hear from it, since the epoch; none: never.
    """

    number: int
    kind: BindKind
    link: BindState
    peer: str
    problem: str
    window: int
    waiting: int
    allowed_per_s: float
    rate_per_s: float
    last_pdu_ms: int | None


class CarrierEvents(Protocol):
    """Whom a carrier tells what happens; given to it when it starts."""

    def on_capacity(self) -> None:
        """Room or the link may have changed."""
        ...

    def on_outcome(self, part: OutboundPart, started_ms: int, outcome: Outcome) -> None:
        """What became of a part that `send` took, once for each; `started_ms` as given there."""
        ...

    def on_receipt(self, receipt: Receipt, committed: Callable[[], None]) -> None:
        """`committed` is called once the receipt is: only then may the peer be answered."""
        ...

    def on_inbound(self, part: InboundPart) -> Future[Reason | None]:
        """The future is done once it is committed, with the reason when it is refused.

        A failed future means it must be asked to come again.
        """
        ...

    def on_late_response(self, part: OutboundPart, outcome: Outcome) -> None:
        """The answer came after all, for a part whose try had ended in doubt."""
        ...


class Carrier(Protocol):
    """Whom we send through. It never meets the store: it returns meaning, dispatch settles."""

    @property
    def capabilities(self) -> CarrierCapabilities: ...

    @property
    def link(self) -> BindState:
        """The state of its best connection for sending."""
        ...

    @property
    def is_open(self) -> bool:
        """Whether parts may wait for room here: bound, and not told to pause or drain."""
        ...

    @property
    def is_paused(self) -> bool:
        """Whether the administrator told it to send nothing."""
        ...

    @property
    def capacity(self) -> int:
        """How many more parts it can take right now."""
        ...

    @property
    def depth(self) -> int:
        """How many parts its lane should hold: enough to keep it busy while a commit runs."""
        ...

    def send(self, part: OutboundPart, now_ms: int) -> Outcome | None:
        """Take a part, when there is room; the events hears by `on_outcome` what became of it.

        An outcome is returned, and the events hears nothing, where nothing was sent.
        """
        ...

    def binds(self) -> list[BindStatus]:
        """Every connection as it is now, of those it owns."""
        ...

    @property
    def bind_numbers(self) -> tuple[int, ...]:
        """The binds that its carrier allows, each to be owned by one node at a time."""
        ...

    @property
    def open_binds(self) -> frozenset[int]:
        """Those of which a connection may be there, those being given up among them."""
        ...

    @property
    def unbound_for_s(self) -> float:
        """For how long it has tried in vain to bind what it owns; 0 while any of it is bound."""
        ...

    async def set_owned_binds(self, numbers: Collection[int], within_s: float) -> None:
        """Keep these binds bound and no others; those given up are gone within so many seconds."""
        ...

    def pause(self) -> None:
        """Send nothing until `resume`; stay bound, take answers and receipts."""
        ...

    def resume(self) -> None:
        """End a pause or a drain; after a drain it binds again."""
        ...

    async def drain(self) -> None:
        """Send nothing more, wait for what has no answer yet, then unbind; until `resume`."""
        ...

    async def reconfigure(self, settings: CarrierSettings) -> None:
        """Drain, and bind again with other settings under the same name.

        CarrierCapabilities may be others afterwards. A pause stays a pause.
        """
        ...

    async def start(self, events: CarrierEvents) -> None:
        """Open the link and keep it open."""
        ...

    async def stop(self) -> None:
        """Unbind, wait for answers within a bound, close. Parts without an answer are in doubt."""
        ...
