"""Conversations: the texts of one eSIM that a person answers, in episodes.

Pure: the same conversation, time and rules give the same step.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

MAX_ASSIGNEE_CHARACTERS: Final = 64
MAX_NOTE_CHARACTERS: Final = 2000


class ConversationStatus(StrEnum):
    """Who has to act next."""

    OPEN = "open"
    """The account: a text is not answered, or a reply failed."""
    WAITING = "waiting"
    """The traveller: the last text is a reply."""
    CLOSED = "closed"
    """Nobody."""


class ConversationRules(msgspec.Struct, frozen=True, gc=False):
    """How long a closed conversation goes on, and when a first reply is due.

    Attributes:
        reopen_ms: a text within this time after the last one reopens a closed conversation; later
            it begins a new one.
        first_reply_ms: time until the first reply to a text; after it an assigned conversation
            goes back to the queue.
    """

    reopen_ms: int = 72 * 3_600_000
    first_reply_ms: int = 4 * 3_600_000


DEFAULT_CONVERSATION_RULES: Final = ConversationRules()


class Conversation(msgspec.Struct, frozen=True):
    """One episode of the thread of an eSIM. At most one of an eSIM is not closed.

    Attributes:
        id: of the text or request that began it, the 16 octets of a UUIDv7.
        assignee: the person who answers; empty for nobody.
        unread: texts from the eSIM since somebody last read it.
        own_number: the number that the eSIM last wrote to; replies come from it.
        updated_ms: of the last text, reply or change.
        unanswered_ms: when the first text without a reply came, or the reply to it failed; `None`
            if all are answered.
        reply_due_ms: when the first reply is due; `None` if it was given, or is not expected.
        first_reply_ms: when the first reply was committed.
        failed_id: the reply whose failure reopened it; `None` after the next reply.
    """

    id: bytes
    account_id: int
    esim_tran_no: str
    status: ConversationStatus
    opened_ms: int
    updated_ms: int
    assignee: str = ""
    tags: tuple[str, ...] = ()
    unread: int = 0
    own_number: str = ""
    unanswered_ms: int | None = None
    reply_due_ms: int | None = None
    first_reply_ms: int | None = None
    closed_ms: int | None = None
    failed_id: bytes | None = None


class ReceiptStep(StrEnum):
    """What a text from an eSIM does to its conversations."""

    CONTINUE = "continue"
    REOPEN = "reopen"
    BEGIN = "begin"


def decide_receipt(
    latest: Conversation | None, now_ms: int, rules: ConversationRules
) -> ReceiptStep:
    """The step of a text; `latest` is the newest conversation of its eSIM."""
    if latest is None:
        return ReceiptStep.BEGIN
    if latest.status is not ConversationStatus.CLOSED:
        return ReceiptStep.CONTINUE
    if now_ms - latest.updated_ms <= rules.reopen_ms:
        return ReceiptStep.REOPEN
    return ReceiptStep.BEGIN


class ConversationChange(msgspec.Struct, frozen=True):
    """Changes of a person; `None` leaves a field as it is.

    Attributes:
        is_read: whether all texts were read.
    """

    status: ConversationStatus | None = None
    assignee: str | None = None
    tags: tuple[str, ...] | None = None
    is_read: bool | None = None


def change_conversation(
    conversation: Conversation, change: ConversationChange, now_ms: int
) -> Conversation:
    """The conversation after the change; equal to the one before if nothing differs.

    A closed conversation expects no reply, and nothing in it is unread.
    """
    after = conversation
    if change.assignee is not None:
        after = msgspec.structs.replace(after, assignee=change.assignee)
    if change.tags is not None:
        after = msgspec.structs.replace(after, tags=tuple(sorted(set(change.tags))))
    if change.is_read:
        after = msgspec.structs.replace(after, unread=0)
    if change.status is not None and change.status is not conversation.status:
        after = _with_status(after, change.status, now_ms)
    if after != conversation:
        after = msgspec.structs.replace(after, updated_ms=max(now_ms, conversation.updated_ms))
    return after


def _with_status(
    conversation: Conversation, status: ConversationStatus, now_ms: int
) -> Conversation:
    if status is ConversationStatus.CLOSED:
        return msgspec.structs.replace(
            conversation,
            status=status,
            closed_ms=now_ms,
            unread=0,
            unanswered_ms=None,
            reply_due_ms=None,
            failed_id=None,
        )
    answered = status is ConversationStatus.WAITING
    return msgspec.structs.replace(
        conversation,
        status=status,
        closed_ms=None,
        unanswered_ms=None if answered else conversation.unanswered_ms,
        reply_due_ms=None if answered else conversation.reply_due_ms,
        failed_id=None if answered else conversation.failed_id,
    )


def after_receipt(
    conversation: Conversation,
    step: ReceiptStep,
    own_number: str,
    at_ms: int,
    rules: ConversationRules,
) -> Conversation:
    """The conversation after a text from its eSIM."""
    unanswered_ms, due_ms = conversation.unanswered_ms, conversation.reply_due_ms
    if unanswered_ms is None:
        unanswered_ms, due_ms = at_ms, at_ms + rules.first_reply_ms
    return msgspec.structs.replace(
        conversation,
        status=ConversationStatus.OPEN,
        updated_ms=max(at_ms, conversation.updated_ms),
        unread=conversation.unread + 1,
        own_number=own_number or conversation.own_number,
        unanswered_ms=unanswered_ms,
        reply_due_ms=due_ms,
        closed_ms=None,
        first_reply_ms=None if step is ReceiptStep.REOPEN else conversation.first_reply_ms,
    )


def after_reply(conversation: Conversation, at_ms: int) -> Conversation:
    """The conversation after a reply to its eSIM was committed: all texts are read and answered."""
    return msgspec.structs.replace(
        conversation,
        status=ConversationStatus.WAITING,
        updated_ms=max(at_ms, conversation.updated_ms),
        unread=0,
        unanswered_ms=None,
        reply_due_ms=None,
        first_reply_ms=conversation.first_reply_ms or at_ms,
        closed_ms=None,
        failed_id=None,
    )


def after_failure(
    conversation: Conversation,
    reply_id: bytes,
    committed_ms: int | None,
    at_ms: int,
    rules: ConversationRules,
) -> Conversation:
    """The conversation after its last reply failed: the traveller is not answered.

    The timer of the first reply runs from now, if it does not run already. `committed_ms` is when
    the reply was committed; `None` if that is no longer known.
    """
    unanswered_ms, due_ms = conversation.unanswered_ms, conversation.reply_due_ms
    if unanswered_ms is None:
        unanswered_ms, due_ms = at_ms, at_ms + rules.first_reply_ms
    is_first = conversation.first_reply_ms == committed_ms
    return msgspec.structs.replace(
        conversation,
        status=ConversationStatus.OPEN,
        updated_ms=max(at_ms, conversation.updated_ms),
        unanswered_ms=unanswered_ms,
        reply_due_ms=due_ms,
        first_reply_ms=None if is_first else conversation.first_reply_ms,
        closed_ms=None,
        failed_id=reply_id,
    )


class Note(msgspec.Struct, frozen=True):
    """A private note of a conversation: travellers never see it.

    Attributes:
        text: empty once it was erased.
    """

    id: bytes
    account_id: int
    conversation_id: bytes
    author: str
    text: str
    at_ms: int
