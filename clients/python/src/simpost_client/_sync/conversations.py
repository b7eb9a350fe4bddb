"""Conversations of the native API."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Unpack

from simpost_client._sync.resource import Resource
from simpost_client.models import (
    AcceptedMessage,
    Conversation,
    ConversationEntries,
    ConversationEntry,
    ConversationPage,
    Note,
    NotePage,
    Preview,
)
from simpost_client.requests import EsimFields, ReplyFields, body_of, path_of

_PATH = "/v1/conversations"


class Conversations(Resource):
    """Read and answer the texts of travellers."""

    def start(self, **esim: Unpack[EsimFields]) -> Conversation:
        """The conversation of an eSIM: the one that it has, or a new one."""
        return self._change(Conversation, "POST", _PATH, body_of(esim), repeatable=True)

    def get(self, conversation_id: str) -> Conversation:
        """One conversation."""
        return self._get(Conversation, path_of(_PATH + "/{}", conversation_id))

    def search(
        self,
        *,
        status: str | None = None,
        assignee: str | None = None,
        tag: str | None = None,
        esim_tran_no: str | None = None,
        unread: bool | None = None,
        words: str | None = None,
        page_size: int = 50,
    ) -> Iterator[Conversation]:
        """Conversations that meet all conditions; `words` are searched in their texts."""
        return self._pages(
            ConversationPage,
            _PATH,
            lambda page: page.conversations,
            status=status,
            assignee=assignee,
            tag=tag,
            esim_tran_no=esim_tran_no,
            unread=unread,
            search=words,
            limit=page_size,
        )

    def change(
        self,
        conversation_id: str,
        *,
        status: str | None = None,
        assignee: str | None = None,
        tags: Sequence[str] | None = None,
        read: bool | None = None,
    ) -> Conversation:
        """Set the status, the assignee (empty: nobody), all tags, or mark it as read."""
        given = {"status": status, "assignee": assignee, "tags": tags, "read": read}
        body = {name: value for name, value in given.items() if value is not None}
        path = path_of(_PATH + "/{}", conversation_id)
        return self._change(Conversation, "PATCH", path, body_of(body), repeatable=True)

    def entries(self, conversation_id: str, *, page_size: int = 50) -> Iterator[ConversationEntry]:
        """The texts in both directions, newest first."""
        path = path_of(_PATH + "/{}/entries", conversation_id)
        return self._pages(ConversationEntries, path, lambda page: page.entries, limit=page_size)

    def reply(
        self,
        conversation_id: str,
        *,
        idempotency_key: str | None = None,
        **reply: Unpack[ReplyFields],
    ) -> AcceptedMessage:
        """Send a reply. Raises Refused with the reason."""
        path = path_of(_PATH + "/{}/replies", conversation_id)
        return self._keyed(AcceptedMessage, path, body_of(reply), idempotency_key)

    def preview_reply(self, conversation_id: str, **reply: Unpack[ReplyFields]) -> Preview:
        """Dry run of a reply."""
        path = path_of(_PATH + "/{}/replies", conversation_id)
        return self._ask(Preview, path, body_of(reply), dry_run=True)

    def add_note(self, conversation_id: str, *, author: str, text: str) -> Note:
        """Add a private note: travellers never see it. Never repeated by itself."""
        path = path_of(_PATH + "/{}/notes", conversation_id)
        body = {"author": author, "text": text}
        return self._change(Note, "POST", path, body, repeatable=False)

    def notes(self, conversation_id: str, *, page_size: int = 50) -> Iterator[Note]:
        """The private notes, newest first."""
        path = path_of(_PATH + "/{}/notes", conversation_id)
        return self._pages(NotePage, path, lambda page: page.notes, limit=page_size)
