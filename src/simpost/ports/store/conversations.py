"""Conversations of travellers with people, with their private notes."""

from __future__ import annotations

from typing import Final, Protocol

import msgspec

from simpost.domain.conversations import (
    Conversation,
    ConversationChange,
    ConversationRules,
    ConversationStatus,
    Note,
)

CONVERSATION_STEP: Final = 100
"""Most conversations that one call of a job changes."""
MOST_NOTES: Final = 500
"""Most notes of a conversation; the oldest is deleted."""


class ReceivedText(msgspec.Struct, frozen=True, gc=False):
    """A text from an eSIM that a person should read, committed with its inbound message.

    Attributes:
        asked: the text was answered with a question: the conversation notes it.
    """

    rules: ConversationRules
    asked: bool = False


class ConversationFilter(msgspec.Struct, frozen=True):
    """Which conversations to list, newest first; `None` of a field means any.

    Attributes:
        assignee: empty for conversations of nobody.
        before: the id that the last page ended with.
    """

    status: ConversationStatus | None = None
    assignee: str | None = None
    tag: str | None = None
    esim_tran_no: str | None = None
    has_unread: bool | None = None
    before: bytes | None = None
    limit: int = 50


class ConversationStore(Protocol):
    """Keeps conversations. Of an eSIM at most one is not closed.

    Each change of one is an event of the account, in the same transaction. Texts from eSIMs and
    replies change a conversation in the commit of the text: see `NewInbound.received` and
    `NewMessage.conversation_id`.
    """

    async def begin(
        self, account_id: int, esim_tran_no: str, *, new_id: bytes, now_ms: int
    ) -> Conversation:
        """The conversation of the eSIM that is not closed, or a new one, waiting."""
        ...

    async def find(self, account_id: int, conversation_id: bytes) -> Conversation | None:
        """One of the account's conversations."""
        ...

    async def was_asked(self, account_id: int, esim_tran_no: str) -> bool | None:
        """Whether the eSIM was asked what it meant, in the conversation that is not closed.

        `None` if there is no such conversation.
        """
        ...

    async def list_conversations(
        self, account_id: int, which: ConversationFilter
    ) -> list[Conversation]:
        """The conversations that the filter selects."""
        ...

    async def change(
        self, account_id: int, conversation_id: bytes, change: ConversationChange, *, now_ms: int
    ) -> Conversation | None:
        """Change a conversation and return it; `None` if the account has none.

        Raises `ConversationExists` if it would be the second one of its eSIM that is not closed.
        """
        ...

    async def add_note(self, note: Note) -> bool:
        """Add a note; false if the account has no such conversation."""
        ...

    async def list_notes(
        self, account_id: int, conversation_id: bytes, *, before: bytes | None, limit: int
    ) -> list[Note]:
        """Newest first."""
        ...

    async def reopen_failed(self, *, rules: ConversationRules, now_ms: int) -> int:
        """Reopen conversations whose last reply failed; how many replies were looked at.

        The first reply is due again, after the time in the rules.

        A reply that is delivered, or whose conversation had another one since, is not looked at
        again.
        """
        ...

    async def return_overdue(self, *, now_ms: int) -> int:
        """Take the assignee from conversations whose first reply is overdue; how many."""
        ...

    async def delete_old(self, *, before_ms: int) -> int:
        """Delete conversations without a text, reply or change since then; how many."""
        ...
