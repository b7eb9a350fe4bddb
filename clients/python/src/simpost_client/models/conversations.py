"""Models of the native API: conversations. Written by make_models."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from simpost_client.models.shared import ReasonDetail


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """`status` is `open` while the account has to act, `waiting` while the traveller has to.

    `unanswered_since` is when the first text without a reply came; `reply_due_at` is when the
    first reply is due. `failed_message_id` is the reply whose failure opened it again.
    """

    id: str
    esim_tran_no: str
    status: str
    assignee: str | None = None
    tags: tuple[str, ...]
    unread: int
    own_number: str | None = None
    opened_at: datetime
    updated_at: datetime
    unanswered_since: datetime | None = None
    reply_due_at: datetime | None = None
    first_reply_at: datetime | None = None
    closed_at: datetime | None = None
    failed_message_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationPage:
    """Newest first; `next` is the cursor of the next page, null at the end."""

    conversations: tuple[Conversation, ...]
    next: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationEntry:
    """A message to the eSIM, a text from it, or a phone's text to it that was refused."""

    direction: str
    id: str
    state: str
    reason: ReasonDetail | None = None
    sender: str
    to: str
    text: str | None = field(default=None, repr=False)
    binary: str | None = field(default=None, repr=False)
    text_absence: str | None = None
    missing_parts: tuple[int, ...]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationEntries:
    """Newest first; `next` is the cursor of the next page, null at the end."""

    entries: tuple[ConversationEntry, ...]
    next: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A private note; `text` is null once it was erased."""

    id: str
    author: str
    text: str | None = field(default=None, repr=False)
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NotePage:
    """Newest first; `next` is the cursor of the next page, null at the end."""

    notes: tuple[Note, ...]
    next: str | None = None
