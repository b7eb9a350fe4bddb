"""The submits the centre took, as query_sm and receipts need them."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from simpost.smpp import DeliverSm, MessageState, format_receipt, receipt_tlvs
from simpost.smpp.receipt import MAX_TEXT
from simpost.smsc.behaviour import PLAIN_RECEIPT, ReceiptStyle, SubmitScript
from simpost.smsc.content import Content, Submit, encoding_of
from simpost.smsc.receipts import GSM_NETWORK, INTERMEDIATE, RECEIPT, written_id, written_text
from simpost.smsc.wire_faults import Tamper, mangled

MAX_TAKEN: Final = 20_000


@dataclass(slots=True)
class AcceptedSubmit:
    """One submit that was answered with an id, and the deliver that tells what became of it.

    Of its text it holds only what a receipt repeats.

    Attributes:
        source, destination: ton, npi and address as they came.
        state, error: what becomes of it at `done_at`; before that it is ENROUTE.
        submitted_at, done_at: in seconds since the epoch.
        network_error: network type and code; None tells `error` as a GSM network's.
        style: how its receipts differ from plain ones.
        receipt_ids: its id in the text and in the TLV, where they are not as answered.
        is_notice: it tells that the message is still on its way.
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
    network_error: tuple[int, int] | None = None
    style: ReceiptStyle = PLAIN_RECEIPT
    receipt_ids: tuple[str, str] | None = None
    is_notice: bool = False
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

    @property
    def wants_notice(self) -> bool:
        """By registered_delivery bit 4 (SMPP 3.4 5.2.17)."""
        return bool(self.registered_delivery & 0x10)

    def pdu(self) -> DeliverSm:
        """From the handset back to the sender: Appendix B text and TLVs (SMPP 3.4 Appendix B)."""
        source_ton, source_npi, source = self.source
        destination_ton, destination_npi, destination = self.destination
        by_text, by_tlv = self.receipt_ids or (self.message_id, self.message_id)
        text = format_receipt(
            by_text,
            self.state,
            submitted=_moment(int(self.submitted_at)),
            done=_moment(int(self.done_at)),
            error=f"{self.error:03}",
            text=self.text,
        )
        tlvs = receipt_tlvs(by_tlv, self.state, self._network_error())
        if self.style.shape is not None:
            text = written_text(text, self.style.shape)
            tlvs = tlvs if self.style.shape.tlvs else ()
        return DeliverSm(
            tlvs=tlvs,
            service_type=self.service_type,
            source_addr_ton=destination_ton,
            source_addr_npi=destination_npi,
            source_addr=destination,
            dest_addr_ton=source_ton,
            dest_addr_npi=source_npi,
            destination_addr=source,
            esm_class=INTERMEDIATE if self.is_notice else RECEIPT,
            short_message=text,
        )

    def tamper(self) -> Tamper | None:
        """A line is noisy once: the repeat comes through."""
        mangle = self.style.mangle
        if mangle is None or self.tries > 1:
            return None
        return mangled(mangle.changes, self.style.seed, header=mangle.header)

    def answered(self, status: int | None) -> None:
        """Nobody waits for it."""

    def _network_error(self) -> tuple[int, int] | None:
        if self.state is MessageState.DELIVERED or (self.is_notice and not self.error):
            return None
        return self.network_error or (GSM_NETWORK, self.error)


class AcceptedSubmits:
    """The latest submits by id; the oldest is forgotten for one more than `max_taken`."""

    def __init__(self, max_taken: int = MAX_TAKEN) -> None:
        # An OrderedDict, because the first key of a dict costs more with every one taken before it.
        self._taken: OrderedDict[str, AcceptedSubmit] = OrderedDict()
        self._max_taken = max_taken

    def add(self, taken: AcceptedSubmit) -> None:
        self._taken[taken.message_id] = taken
        if len(self._taken) > self._max_taken:
            self._taken.popitem(last=False)

    def find(self, message_id: str) -> AcceptedSubmit | None:
        return self._taken.get(message_id)


def accepted_submit(
    request: Submit,
    content: Content,
    script: SubmitScript,
    message_id: str,
    now: float,
    id_base: int = 10,
) -> AcceptedSubmit:
    """What is to be remembered of a submit, however long its text is."""
    form = script.receipt.id
    return AcceptedSubmit(
        message_id,
        request.service_type,
        (request.source_addr_ton, request.source_addr_npi, request.source_addr),
        (request.dest_addr_ton, request.dest_addr_npi, request.destination_addr),
        request.registered_delivery,
        _repeatable(content),
        script.state,
        script.error,
        now,
        now + script.receipt_delay_s,
        script.network_error,
        script.receipt,
        None if form is None else written_id(message_id, id_base, form),
    )


def _repeatable(content: Content) -> bytes:
    """The beginning of a text in the receipt's own alphabet."""
    if content.data_coding != 0:
        return b""
    header = content.header
    if header is None:
        return content.octets[:MAX_TEXT]
    if encoding_of(content) != "gsm7":
        return b""
    return content.octets[header.octets : header.octets + MAX_TEXT]


@lru_cache(maxsize=256)  # receipts have minutes, and many are of the same second
def _moment(second: int) -> datetime:
    return datetime.fromtimestamp(second, UTC)
