"""Models of the native API: messages. Written by make_models."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from simpost_client.models.shared import (
    ReasonDetail,
    ReplacedCharacter,
    Rule,
    TemplateRef,
    Ucs2Trigger,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedMessage:
    """The message is committed.

    `send_at` is the requested time; `held_until` is the time at which a scheduled or held
    message is decided again. A replay for a message that is no longer in the log has null
    fields.
    """

    id: str
    state: str
    send_at: datetime | None = None
    held_until: datetime | None = None
    encoding: str | None = None
    part_count: int | None = None
    replaced: tuple[ReplacedCharacter, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Application ports in the user data header; `bits` is their width."""

    destination: int
    source: int
    bits: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingFor:
    """The carrier that a message waits for, and its present state.

    `problem` is null except for the administrator.
    """

    carrier: str
    state: str
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of a message."""

    number: int
    state: str
    reason: ReasonDetail | None = None
    carrier: str
    carrier_message_id: str | None = None
    carrier_code: str | None = None
    carrier_code_meaning: str | None = None
    attempts: int
    sent_at: datetime | None = None
    final_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt to send a part; `repeat` marks an attempt after one in doubt."""

    part: int
    number: int
    carrier: str
    outcome: str
    reason: ReasonDetail | None = None
    carrier_code: str | None = None
    started_at: datetime
    ended_at: datetime
    repeat: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A receipt that did not change the state of its part at once; `disposition` is the reason."""

    part: int
    carrier: str
    carrier_message_id: str
    state: str
    disposition: str
    reason: ReasonDetail | None = None
    carrier_code: str | None = None
    carrier_code_meaning: str | None = None
    count: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One decision about a message; `held_until` is when it is decided again."""

    decided_at: datetime
    decision: str
    reason: ReasonDetail | None = None
    held_until: datetime | None = None
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageDetail:
    """A message with its parts, attempts, receipts that were not applied at once, and decisions."""

    id: str
    state: str
    reason: ReasonDetail | None = None
    esim_tran_no: str
    iccid: str
    to: str
    sender: str
    category: str
    text: str | None = field(default=None, repr=False)
    binary: str | None = field(default=None, repr=False)
    text_absence: str | None = None
    ports: Ports | None = None
    message_class: int | None = None
    receipt: bool
    replaced: tuple[ReplacedCharacter, ...]
    template: TemplateRef | None = None
    encoding: str
    part_count: int
    request_id: str | None = None
    reference: str | None = None
    created_at: datetime
    updated_at: datetime
    expires_at: datetime
    send_at: datetime | None = None
    held_until: datetime | None = None
    account: str
    waiting_for: WaitingFor | None = None
    parts: tuple[Part, ...]
    attempts: tuple[Attempt, ...]
    receipts: tuple[Receipt, ...]
    decisions: tuple[Decision, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message of the log, with `text` as it was sent or with `binary` in hex digits.

    If both are null, `text_absence` says why: the text carries a one-time code, was erased, its
    key is missing, or it is damaged.

    `send_at` is the requested time; `held_until` is the time at which a scheduled or held
    message is decided again.
    """

    id: str
    state: str
    reason: ReasonDetail | None = None
    esim_tran_no: str
    iccid: str
    to: str
    sender: str
    category: str
    text: str | None = field(default=None, repr=False)
    binary: str | None = field(default=None, repr=False)
    text_absence: str | None = None
    ports: Ports | None = None
    message_class: int | None = None
    receipt: bool
    replaced: tuple[ReplacedCharacter, ...]
    template: TemplateRef | None = None
    encoding: str
    part_count: int
    request_id: str | None = None
    reference: str | None = None
    created_at: datetime
    updated_at: datetime
    expires_at: datetime
    send_at: datetime | None = None
    held_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagePage:
    """Newest first; `next` is the cursor of the next page, null at the end."""

    messages: tuple[Message, ...]
    next: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """The decision that sending would get now; nothing is committed and nothing is sent."""

    decision: str
    reason: ReasonDetail | None = None
    held_until: datetime | None = None
    carrier: str | None = None
    to: str | None = None
    sender: str | None = None
    category: str | None = None
    encoding: str
    part_count: int
    segments: tuple[str, ...] = field(repr=False)
    replaced: tuple[ReplacedCharacter, ...]
    ucs2_triggers: tuple[Ucs2Trigger, ...]
    template: TemplateRef | None = None
    rules: tuple[Rule, ...]
