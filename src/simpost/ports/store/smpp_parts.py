"""Parts of messages that clients of the SMPP port cut themselves, until the last one arrived."""

from __future__ import annotations

from typing import Protocol

import msgspec

MOST_INCOMPLETE = 1_000
"""Incomplete messages of an account."""


class SmppPart(msgspec.Struct, frozen=True, gc=False):
    """One part, as it was submitted.

    Attributes:
        key: digest of what the parts of a message have in common.
        message_id: the id of the message, if this part begins it.
        reference: of the message, with the wish of this part for receipts alone.
    """

    account_id: int
    key: bytes
    message_id: bytes
    number: int
    total: int
    octets: bytes
    encoding: str
    reference: str
    created_ms: int


class SmppParts(msgspec.Struct, frozen=True):
    """The parts of a message that have arrived, by number.

    Attributes:
        message_id: the id that the message has, or will have.
    """

    message_id: bytes
    parts: tuple[SmppPart, ...]

    @property
    def is_complete(self) -> bool:
        """Whether all parts have arrived."""
        return len(self.parts) == self.parts[0].total


class SmppPartStore(Protocol):
    """Keeps parts, sealed.

    Parts that will never be a message end with an event of the account, `smpp.parts_dropped`, from
    which receipts are made.
    """

    async def add_smpp_part(self, part: SmppPart) -> SmppParts | None:
        """Save a part, and return all of its message; `None` beyond MOST_INCOMPLETE.

        A part that arrived before is not saved twice. One with other octets drops the incomplete
        message: its reference is used again.
        """
        ...

    async def take_smpp_parts(self, account_id: int, message_id: bytes) -> None:
        """Delete the parts of a message that is committed."""
        ...

    async def drop_smpp_parts(
        self, account_id: int, message_id: bytes, *, reason: str, but: int, now_ms: int
    ) -> None:
        """Delete the parts of a message that is refused.

        `but` is the number of the part whose response says so.
        """
        ...

    async def expire_smpp_parts(self, *, before_ms: int, now_ms: int, limit: int) -> int:
        """Drop incomplete messages that began before that time; returns how many.

        Parts of a message that is committed are deleted without an event.
        """
        ...
