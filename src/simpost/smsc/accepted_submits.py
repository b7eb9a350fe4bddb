"""Accepted submits, with what query_sm and receipts need of them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, TypeAlias

from simpost.smpp import DeliverSm, MessageState, format_receipt, receipt_tlvs
from simpost.smpp.receipt import MAX_TEXT
from simpost.smsc.behaviour import PLAIN_RECEIPT, ReceiptStyle, SubmitScript
from simpost.smsc.content import Content, Submit, encoding_of
from simpost.smsc.receipts import GSM_NETWORK, INTERMEDIATE, RECEIPT, receipt_ids_of, reshape_text
from simpost.smsc.wire_faults import OctetFault, mangle_octets

MAX_ACCEPTED: Final = 20_000

Report: TypeAlias = Callable[["AcceptedSubmit", float], None]


@dataclass(slots=True)
class AcceptedSubmit:
    """A submit that was answered with an id; it is also the `PendingDeliver` of its receipt.

    Only the part of the text that a receipt repeats is kept.

    Attributes:
        source, destination: TON, NPI and address as received.
        state, error: final state and network error from `done_at` on; ENROUTE before.
        submitted_at, done_at: seconds since the epoch.
        network_error: network type and code of the TLV; None: GSM and `error`.
        style: how its receipts differ from plain ones.
        receipt_ids: the id in the receipt's text and in its TLV; None: as in the response.
        is_notice: the deliver is an intermediate notice, not a receipt.
        attempts: how often the receipt was sent.
        system_id: of the session it came from; empty for HTTP.
        report: called with the submit and a delay in seconds instead of sending a receipt by SMPP.
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
    attempts: int = 0
    system_id: str = ""
    report: Report | None = None

    @classmethod
    def from_submit(
        cls,
        request: Submit,
        content: Content,
        script: SubmitScript,
        message_id: str,
        now: float,
        id_base: int = 10,
    ) -> AcceptedSubmit:
        """What query_sm and receipts need of a submit; its size does not depend on the text."""
        form = script.receipt.id
        return cls(
            message_id,
            request.service_type,
            (request.source_addr_ton, request.source_addr_npi, request.source_addr),
            (request.dest_addr_ton, request.dest_addr_npi, request.destination_addr),
            request.registered_delivery,
            _receipt_text(content),
            script.state,
            script.error,
            now,
            now + script.receipt_delay_s,
            script.network_error,
            script.receipt,
            None if form is None else receipt_ids_of(message_id, id_base, form),
        )

    def state_at(self, now: float) -> MessageState:
        """The state that query_sm returns at a time."""
        return self.state if now >= self.done_at else MessageState.ENROUTE

    @property
    def wants_receipt(self) -> bool:
        """Whether registered_delivery requests one (SMPP 3.4 5.2.17; 3: SMPP 5.0 4.7.21)."""
        if self.state is MessageState.ENROUTE:
            return False
        wanted = self.registered_delivery & 0x03
        if self.state is MessageState.DELIVERED:
            return wanted in {1, 3}
        return wanted in {1, 2}

    @property
    def wants_notice(self) -> bool:
        """Whether registered_delivery requests intermediate notices (SMPP 3.4 5.2.17)."""
        return bool(self.registered_delivery & 0x10)

    def build_pdu(self) -> DeliverSm:
        """The receipt as a deliver_sm to the sender, with text and TLVs (SMPP 3.4 Appendix B)."""
        source_ton, source_npi, source = self.source
        destination_ton, destination_npi, destination = self.destination
        text_id, tlv_id = self.receipt_ids or (self.message_id, self.message_id)
        text = format_receipt(
            text_id,
            self.state,
            submitted=_utc(int(self.submitted_at)),
            done=_utc(int(self.done_at)),
            error=f"{self.error:03}",
            text=self.text,
        )
        tlvs = receipt_tlvs(tlv_id, self.state, self._network_error())
        if self.style.shape is not None:
            text = reshape_text(text, self.style.shape)
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

    def octet_fault(self) -> OctetFault | None:
        """How to mangle the receipt; None after the first attempt, so that the repeat is intact."""
        mangle = self.style.mangle
        if mangle is None or self.attempts > 1:
            return None
        return mangle_octets(mangle.changes, self.style.seed, header=mangle.header)

    def on_response(self, status: int | None) -> None:
        """Does nothing: `DeliverQueue` counts responses to receipts."""

    def _network_error(self) -> tuple[int, int] | None:
        if self.state is MessageState.DELIVERED or (self.is_notice and not self.error):
            return None
        return self.network_error or (GSM_NETWORK, self.error)


class AcceptedSubmits:
    """The latest `max_accepted` submits by id; the oldest is removed for a new one."""

    def __init__(self, max_accepted: int = MAX_ACCEPTED) -> None:
        # An OrderedDict: finding the first key of a dict takes longer the more were deleted before.
        self._by_id: OrderedDict[str, AcceptedSubmit] = OrderedDict()
        self._max_taken = max_accepted

    def add(self, submit: AcceptedSubmit) -> None:
        self._by_id[submit.message_id] = submit
        if len(self._by_id) > self._max_taken:
            self._by_id.popitem(last=False)

    def find(self, message_id: str) -> AcceptedSubmit | None:
        return self._by_id.get(message_id)


def _receipt_text(content: Content) -> bytes:
    """The beginning of the text, for the receipt; empty unless it is in the default alphabet."""
    if content.data_coding != 0:
        return b""
    header = content.header
    if header is None:
        return content.octets[:MAX_TEXT]
    if encoding_of(content) != "gsm7":
        return b""
    return content.octets[header.octets : header.octets + MAX_TEXT]


@lru_cache(maxsize=256)  # receipts show minutes, and many are of the same second
def _utc(second: int) -> datetime:
    return datetime.fromtimestamp(second, UTC)
