"""What a message remembers of its submit_sm: the receipt needs it.

It is the reference of the message, so events have it, as they have the URL of a status callback
(decision 0028). It has no number of a recipient.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

PREFIX: Final = "smpp:"
"""The reference of a message begins so if it was sent by SMPP."""
_FORM = re.compile(
    PREFIX + r"([A-Za-z0-9_.-]{1,15}):([0-3]{1,32}):(msisdn|iccid|esim)\.([0-9]{1,3})\.([0-9]{1,3})"
    r":((?:[0-9a-f]{2}){0,2}):([0-9]{1,3})\.([0-9]{1,3}):([\x01-\xff]{0,20})",
    re.DOTALL,
)

ON_SUCCESS: Final = 0x01
"""registered_delivery 01: a receipt for every final state (SMPP 3.4 5.2.17)."""
ON_FAILURE: Final = 0x02
"""registered_delivery 10: only for the final states of messages that were not delivered."""
ON_DELIVERY: Final = 0x03
"""registered_delivery 11: only if it was delivered (SMPP 5.0 4.7.21)."""


class SubmitReference(msgspec.Struct, frozen=True, gc=False):
    """The submit_sm of a message.

    Attributes:
        system_id: of the login that sent it.
        wanted: the two bits of registered_delivery of each part, in the order of the parts.
        destination: how the client named the eSIM: `msisdn`, `iccid` or `esim`, TON and NPI.
        source: TON, NPI and address as the client gave them; the address may be empty.
        user_reference: the TLV user_message_reference in hex digits; empty without it.
    """

    system_id: str
    wanted: tuple[int, ...]
    destination: tuple[str, int, int]
    source: tuple[int, int, str]
    user_reference: str = ""

    def __str__(self) -> str:
        kind, ton, npi = self.destination
        source_ton, source_npi, address = self.source
        wanted = "".join(map(str, self.wanted))
        return (
            f"{PREFIX}{self.system_id}:{wanted}:{kind}.{ton}.{npi}:{self.user_reference}:"
            f"{source_ton}.{source_npi}:{address}"
        )


def parse_reference(text: object) -> SubmitReference | None:
    """The submit_sm of a reference; `None` if the message was not sent by SMPP.

    A client of another API may give any reference, so this one is no more than well-formed.
    """
    found = _FORM.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        return None
    system_id, wanted, kind, *numbers, user_reference, source_ton, source_npi, address = (
        found.groups()
    )
    octets = [int(each) for each in (*numbers, source_ton, source_npi)]
    if max(octets) > 0xFF:
        return None
    return SubmitReference(
        system_id,
        tuple(map(int, wanted)),
        (kind, octets[0], octets[1]),
        (octets[2], octets[3], address),
        user_reference,
    )


def wants_receipt(wanted: int, *, is_delivered: bool) -> bool:
    """Whether a part with these bits of registered_delivery gets a receipt for its final state."""
    if wanted == ON_SUCCESS:
        return True
    return wanted == (ON_DELIVERY if is_delivered else ON_FAILURE)
