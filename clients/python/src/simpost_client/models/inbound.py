"""Models of the native API: inbound. Written by make_models."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from simpost_client.models.shared import ReasonDetail


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundPart:
    """User data of one PDU as received, in hex digits, including the user data header.

    `size` is the number of octets received; `octets` has the first 8,192 of them.
    """

    number: int
    data_coding: int
    esm_class: int
    octets: str = field(repr=False)
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundDetail:
    """An inbound message with the octets of its parts.

    `parts` is empty for a message that an older release stored. A refused text has its parts,
    but no `text`: it was not read for anyone, and its octets are there to find out what was
    sent.
    """

    id: str
    state: str
    reason: ReasonDetail | None = None
    esim_tran_no: str | None = None
    carrier: str
    sender: str
    to: str
    text: str | None = field(default=None, repr=False)
    binary: str | None = field(default=None, repr=False)
    text_absence: str | None = None
    encoding: str
    part_count: int
    missing_parts: tuple[int, ...]
    message_id: str | None = None
    received_at: datetime
    parts: tuple[InboundPart, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """An inbound message, with `text` or with `binary` in hex digits; neither when it was refused.

    `text_absence` says why the text is not shown: `redacted`, `forgotten`, `key_missing` or
    `damaged`.

    `encoding` is `undecodable` when the user data header is broken; `binary` has all octets
    then.

    `missing_parts` are the numbers of the parts that were never received. `message_id` is the
    message that forwarded it.
    """

    id: str
    state: str
    reason: ReasonDetail | None = None
    esim_tran_no: str | None = None
    carrier: str
    sender: str
    to: str
    text: str | None = field(default=None, repr=False)
    binary: str | None = field(default=None, repr=False)
    text_absence: str | None = None
    encoding: str
    part_count: int
    missing_parts: tuple[int, ...]
    message_id: str | None = None
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundPage:
    """Newest first; `next` is the cursor of the next page, null at the end."""

    inbound: tuple[Inbound, ...]
    next: str | None = None
