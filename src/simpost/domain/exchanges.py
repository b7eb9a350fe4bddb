"""What a carrier got and answered in one attempt, field by field.

The request is built again from the stored message, so that no text is stored twice. The response is
what the driver of the carrier has in memory, or what the attempt has in the store.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

NOT_SENT: Final = "Nothing was sent in this attempt."
NO_RESPONSE: Final = "No response came."
LEASE_LOST: Final = "The node ended before it knew what became of this attempt: it may have left."
NOT_REBUILT: Final = "The carrier cannot encode the part with its settings of now."
NO_CARRIER: Final = "The carrier is not configured any more: the request cannot be built again."


class FieldPrivacy(StrEnum):
    """Who sees the value of a field."""

    OPEN = "open"
    NUMBER = "number"
    """A phone number or identifier: hidden by the console until it is revealed."""
    TEXT = "text"
    """Text of the message: hidden by the console until it is revealed."""
    ADMIN = "admin"
    """It may name hosts or accounts of the installation: for administrators."""


class SettingsAge(StrEnum):
    """Which settings of the carrier a request was built with."""

    OF_ATTEMPT = "of_attempt"
    OF_NOW = "of_now"


class ResponseSource(StrEnum):
    """Where a response is from."""

    MEMORY = "memory"
    """As it was read from the wire; of the newest attempts, on the node that sent them."""
    STORE = "store"
    """What the attempt has in the store: code and id, but no optional parameters."""


class ExchangeField(msgspec.Struct, frozen=True):
    """One field of a request or response.

    Attributes:
        value: `None` if it is not known or must not be shown.
        meaning: of the value, or why there is none; empty if the value says it.
    """

    name: str
    value: str | None
    meaning: str = ""
    privacy: FieldPrivacy = FieldPrivacy.OPEN


class ExchangeSide(msgspec.Struct, frozen=True):
    """A request or a response.

    Attributes:
        name: of the PDU (`submit_sm`), the method of a request or the status of a response.
        octets: of the PDU in hex; `None` where they are not known.
    """

    name: str
    fields: tuple[ExchangeField, ...]
    octets: str | None = None


class CarrierExchange(msgspec.Struct, frozen=True):
    """What one attempt of one part sent and got.

    Attributes:
        protocol: `smpp` or `http`; empty if the carrier is not configured any more.
        connection: such as `transceiver 1`; empty if it is not known any more.
        settings, source: `None` without a request or a response.
        note: why something is missing; empty if nothing is.
    """

    part: int
    attempt: int
    carrier: str
    protocol: str
    connection: str = ""
    request: ExchangeSide | None = None
    settings: SettingsAge | None = None
    response: ExchangeSide | None = None
    source: ResponseSource | None = None
    note: str = ""
