"""Inbound messages: texts from handsets to our numbers, and from phones to eSIMs.

Times are integer milliseconds since 1970-01-01 UTC; ids are UUIDv7, as those of messages are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

import msgspec

from simpost.domain.esims import Esim, SmsStatus, blocking_reason
from simpost.domain.outcomes import Receipt
from simpost.domain.reasons import Reason
from simpost.domain.texts import TextAbsence

NO_ACCOUNT = 0
"""Account id of messages that belong to no account; the administrator sees them."""

_PREFIXED_DIGITS = 10
"""From this length on, a leading `00` is the international prefix and not part of a short code."""


class InboundState(StrEnum):
    """The state of an inbound message."""

    RECEIVED = "received"
    """Stored: a reply, or a text to one of our numbers."""
    FORWARDED = "forwarded"
    """From a phone to an eSIM: sent to it as a message."""
    REFUSED = "refused"
    """From a phone to an eSIM that does not accept it; the carrier got an error status."""


UNDECODABLE = "undecodable"
"""Label in place of an alphabet: the header is broken, so the start of the text is unknown."""
MAX_RAW_OCTETS = 8_192
"""Most raw octets stored of one PDU: the length of a text of 4,096 UCS-2 units."""


class RawPart(msgspec.Struct, frozen=True, array_like=True):
    """User data of one PDU as received, so that it can be decoded again.

    Attributes:
        octets: header included, septets packed or not as the carrier sends them; the first
            MAX_RAW_OCTETS of them.
        size: how many octets came.
    """

    number: int
    data_coding: int
    esm_class: int
    octets: bytes
    size: int


class PartPosition(msgspec.Struct, frozen=True, gc=False):
    """The position of a part in its message.

    Attributes:
        kind: `udh8`, `udh16` or `sar`, which keep references of different sizes apart; or `alone`,
            for a message of one part.
        reference: as received; for a message of one part, a digest of its content.
    """

    kind: str
    reference: int
    total: int = 1
    number: int = 1

    @property
    def is_alone(self) -> bool:
        return self.kind == "alone"


class InboundPart(msgspec.Struct, frozen=True, gc=False):
    """One PDU of an inbound message.

    Attributes:
        source, destination: digits of a number without plus or international prefix, else as
            they came.
        octets: user data without its header, septets one an octet.
        encoding: label of the alphabet, `binary` where the octets are no text.
        for_application: addressed to a port, so not for a person.
        link: the connection it came over.
        links: the carrier's connections at this time.
        receipt: the receipt in its text, if the PDU is not marked as a receipt.
        raw: its user data as it came; none of a part that an older release kept.
    """

    carrier: str
    source: str
    destination: str
    octets: bytes
    encoding: str
    place: PartPosition
    received_ms: int
    for_application: bool = False
    link: bytes = b""
    links: tuple[bytes, ...] = ()
    receipt: Receipt | None = None
    raw: RawPart | None = None

    @property
    def is_text(self) -> bool:
        return self.encoding not in ("binary", UNDECODABLE) and not self.for_application

    def belongs_to(self, known: Iterable[InboundPart], *, is_complete: bool) -> bool:
        """Whether it is of the same message as these parts, which have the same reference.

        Otherwise the reference is used again, for another message.
        """
        same = next((part for part in known if part.place.number == self.place.number), None)
        if same is None:
            return not is_complete
        return (same.octets, same.encoding) == (self.octets, self.encoding)

    def repeats(self, link: bytes, reason: Reason | None) -> bool:
        """Whether it repeats a message of one part, or a part of a refused message.

        Args:
            link: the connection that the other one came over.
            reason: why that was refused; `None` if it was not.

        Without a reference an equal text is a repetition only if the response may have been lost
        with its connection. It is acknowledged on this connection then, so the next equal text is
        another message.
        """
        return link not in self.links if self.place.is_alone else reason is not None


class InboundMessage(msgspec.Struct, frozen=True):
    """One inbound message, as the log shows it.

    Attributes:
        account_id: NO_ACCOUNT when neither the number nor the sender is an account's.
        esim_tran_no: of the eSIM it came from or was meant for; none when that is not known.
        text: hex digits when the encoding is binary or undecodable; empty when it was refused.
        text_absence: why there is no text; `None` if there is one, or if it was refused.
        part_count: number of parts that its sender split it into.
        missing: numbers of the parts that were never received.
        message_id: of the message that forwards it.
        raw: user data of its parts as received; only read when one message is shown.
    """

    id: bytes
    account_id: int
    esim_tran_no: str | None
    carrier: str
    source: str
    destination: str
    state: InboundState
    reason: Reason | None
    encoding: str
    text: str
    part_count: int
    missing: tuple[int, ...]
    message_id: bytes | None
    received_ms: int
    raw: tuple[RawPart, ...] = ()
    text_absence: TextAbsence | None = None


class Subscriber(msgspec.Struct, frozen=True, gc=False):
    """The eSIM that has a number, and its account."""

    account_id: int
    esim: Esim


class OwnNumbers:
    """Our own numbers and names: texts to them are stored, texts from them are not forwarded."""

    def __init__(self, owners: Mapping[str, str], others: Iterable[str] = ()) -> None:
        """`owners` has the access code of the account that owns a number, empty if all share it."""
        self._owners = {_folded(number): "" for number in others if number}
        self._owners |= {_folded(number): owner for number, owner in owners.items()}

    def owner_of(self, number: str) -> str | None:
        """The account that owns it; empty if all share it; `None` if it is not ours."""
        return self._owners.get(_folded(number))

    def __contains__(self, number: str) -> bool:
        return _folded(number) in self._owners


def _folded(number: str) -> str:
    return plain_number(number).casefold()


def plain_number(address: str) -> str:
    """The digits of a number without plus or `00`; a name is unchanged."""
    digits = address.removeprefix("+")
    if not (digits.isascii() and digits.isdigit()):
        return address
    if digits == address and len(digits) >= _PREFIXED_DIGITS:
        return digits.removeprefix("00")
    return digits


def phone_blocking_reason(esim: Esim) -> Reason | None:
    """The reason why this eSIM accepts no text from a phone now; `None` if it does."""
    if esim.sms_status == SmsStatus.API_ONLY:
        return Reason.SMS_API_ONLY
    return blocking_reason(esim)
