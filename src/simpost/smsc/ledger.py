"""The submits the centre took, as query_sm and receipts need them."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from simpost.smpp import DeliverSm, MessageState, format_receipt, receipt_tlvs
from simpost.smpp.receipt import MAX_TEXT
from simpost.smsc.behaviour import Fate
from simpost.smsc.content import Content, Submit, encoding_of

MAX_TAKEN: Final = 20_000

_RECEIPT: Final = 0x04  # esm_class of an SMSC delivery receipt (SMPP 3.4 5.2.12)
_GSM_NETWORK: Final = 3  # network type of network_error_code (SMPP 3.4 5.3.2.31)


@dataclass(slots=True)
class Taken:
    """One submit that was answered with an id; of its text only what a receipt repeats.

    Attributes:
        source, destination: ton, npi and address as they came.
        state, error: what becomes of it at `done_at`; before that it is ENROUTE.
        submitted_at, done_at: in seconds since the epoch.
        tries: how often its receipt was sent.
    """

    message_id: str
    service_type: str
    source: tuple[int, int, str]
    destination: tuple[int, int, str]
    registered_delivery: int
    text: bytes
    state: MessageState
    error: int
    submitted_at: float
    done_at: float
    tries: int = 0

    def state_at(self, now: float) -> MessageState:
        return self.state if now >= self.done_at else MessageState.ENROUTE

    @property
    def wants_receipt(self) -> bool:
        """By registered_delivery bits 1-0 (SMPP 3.4 5.2.17; 3 is of SMPP 5.0 4.7.21)."""
        if self.state is MessageState.ENROUTE:
            return False
        wanted = self.registered_delivery & 0x03
        if self.state is MessageState.DELIVERED:
            return wanted in {1, 3}
        return wanted in {1, 2}

    def receipt(self) -> DeliverSm:
        """From the handset back to the sender: Appendix B text and TLVs (SMPP 3.4 Appendix B)."""
        failed = self.state is not MessageState.DELIVERED
        source_ton, source_npi, source = self.source
        destination_ton, destination_npi, destination = self.destination
        return DeliverSm(
            tlvs=receipt_tlvs(
                self.message_id, self.state, (_GSM_NETWORK, self.error) if failed else None
            ),
            service_type=self.service_type,
            source_addr_ton=destination_ton,
            source_addr_npi=destination_npi,
            source_addr=destination,
            dest_addr_ton=source_ton,
            dest_addr_npi=source_npi,
            destination_addr=source,
            esm_class=_RECEIPT,
            short_message=format_receipt(
                self.message_id,
                self.state,
                submitted=datetime.fromtimestamp(self.submitted_at, UTC),
                done=datetime.fromtimestamp(self.done_at, UTC),
                error=f"{self.error:03}",
                text=self.text,
            ),
        )


class Ledger:
    """The latest submits by id; the oldest is forgotten for one more than `max_taken`."""

    def __init__(self, max_taken: int = MAX_TAKEN) -> None:
        # An OrderedDict, because the first key of a dict costs more with every one taken before it.
        self._taken: OrderedDict[str, Taken] = OrderedDict()
        self._max_taken = max_taken

    def add(self, taken: Taken) -> None:
        self._taken[taken.message_id] = taken
        if len(self._taken) > self._max_taken:
            self._taken.popitem(last=False)

    def find(self, message_id: str) -> Taken | None:
        return self._taken.get(message_id)


def taken_of(request: Submit, content: Content, fate: Fate, message_id: str, now: float) -> Taken:
    """What is to be remembered of a submit, however long its text is."""
    return Taken(
        message_id,
        request.service_type,
        (request.source_addr_ton, request.source_addr_npi, request.source_addr),
        (request.dest_addr_ton, request.dest_addr_npi, request.destination_addr),
        request.registered_delivery,
        _repeatable(content),
        fate.state,
        fate.error,
        now,
        now + fate.receipt_delay_s,
    )


def _repeatable(content: Content) -> bytes:
    """The beginning of a text in the receipt's own alphabet."""
    if content.data_coding != 0 or encoding_of(content) != "gsm7":
        return b""
    start = content.header.octets if content.header else 0
    return content.octets[start : start + MAX_TEXT]
