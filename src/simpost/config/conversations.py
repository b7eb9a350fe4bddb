"""Conversations: how long they go on, and when a reply is due."""

from __future__ import annotations

from pydantic import Field

from simpost.config.section import Section


class ConversationSettings(Section):
    """Texts of travellers that people answer ([conversations.md](conversations.md))."""

    reopen_hours: int = Field(
        default=72,
        ge=0,
        le=8760,
        description="Hours after the last text or change in which a text reopens a closed "
        "conversation. After that it begins a new one.",
    )
    first_reply_minutes: int = Field(
        default=240,
        ge=1,
        le=43_200,
        description="Minutes until the first reply to a text is due. Then an assigned conversation "
        "goes back to the queue, with the event `conversation.overdue`.",
    )
    keep_days: int = Field(
        default=365,
        ge=1,
        le=3650,
        description="Days a conversation and its notes are kept after the last text or change.",
    )
