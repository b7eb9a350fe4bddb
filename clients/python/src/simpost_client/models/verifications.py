"""Models of the native API: verifications. Written by make_models."""

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
class StartedVerification:
    """`step` is what the start did; `keep` sends nothing."""

    id: str
    esim_tran_no: str
    purpose: str
    session_key: str | None = None
    state: str
    sends: int
    checks_left: int
    created_at: datetime
    expires_at: datetime
    resend_at: datetime | None = None
    ended_at: datetime | None = None
    message_id: str | None = None
    step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedVerification:
    """`verdict` is the result of this check, `state` that of the verification after it."""

    id: str
    esim_tran_no: str
    purpose: str
    session_key: str | None = None
    state: str
    sends: int
    checks_left: int
    created_at: datetime
    expires_at: datetime
    resend_at: datetime | None = None
    ended_at: datetime | None = None
    message_id: str | None = None
    verdict: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """`checks_left` is 0 and `resend_at` is null once the state is final."""

    id: str
    esim_tran_no: str
    purpose: str
    session_key: str | None = None
    state: str
    sends: int
    checks_left: int
    created_at: datetime
    expires_at: datetime
    resend_at: datetime | None = None
    ended_at: datetime | None = None
    message_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationPage:
    """Newest first; `next` is the cursor of the next page, null at the end."""

    verifications: tuple[Verification, ...]
    next: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationPreview:
    """What a start would do now; nothing is stored and nothing is sent."""

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
    step: str | None = None
    resend_at: datetime | None = None
    budget: str | None = None
    mode: str | None = None
