"""Requests and responses of /v1/conversations."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field, StrictBool, StrictStr, model_validator

from simpost.api.shared.paging import Instant, PageQuery
from simpost.api.shared.schemas import Schema, Time, format_time, show_time
from simpost.api.shared.tags import Tag
from simpost.api.v1.messages.send_schema import (
    MAX_CHARACTERS,
    Identifier,
    MessageRequest,
    Msisdn,
    Reference,
    Sender,
)
from simpost.api.v1.templates.fields import LanguageTag, TemplateName, ValuesIn, VersionNumber
from simpost.domain.conversations import (
    MAX_ASSIGNEE_CHARACTERS,
    MAX_NOTE_CHARACTERS,
    Conversation,
    ConversationChange,
    ConversationStatus,
    Note,
)
from simpost.domain.messages import Category, format_id
from simpost.domain.tags import MAX_TAGS
from simpost.ports.store.conversations import ConversationFilter


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must have visible characters and spaces only")
    return text


def _without_nul(text: str) -> str:
    if "\x00" in text:
        raise ValueError("must not contain a NUL character")
    return text


Person = Annotated[StrictStr, Field(max_length=MAX_ASSIGNEE_CHARACTERS), AfterValidator(_printable)]


class ConversationQuery(PageQuery):
    """Filters of the list of conversations."""

    status: ConversationStatus | None = None
    assignee: Person | None = Field(
        default=None, description="The person who answers; empty: nobody."
    )
    tag: Tag | None = None
    esim_tran_no: Identifier | None = None
    unread: bool = Field(default=False, description="Only those with texts that nobody read.")
    search: Annotated[StrictStr, Field(min_length=1, max_length=100)] | None = Field(
        default=None,
        description="Only those whose eSIM has a text with these words, in any case of letters, "
        "among its newest 50. A page looks at 100 conversations.",
    )

    @property
    def filter(self) -> ConversationFilter:
        """The filter, as the store reads it."""
        return ConversationFilter(
            status=self.status,
            assignee=self.assignee,
            tag=self.tag,
            esim_tran_no=self.esim_tran_no,
            has_unread=self.unread or None,
            before=self.before,
            limit=self.look_ahead,
        )


class ConversationStart(Schema):
    """The eSIM, by exactly one of its identifiers."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    esim_tran_no: Identifier | None = None
    iccid: Identifier | None = None
    msisdn: Msisdn | None = None
    order_no: Identifier | None = Field(
        default=None, description="The order; it must have exactly one eSIM."
    )

    @model_validator(mode="after")
    def _check_fields(self) -> ConversationStart:
        given = (self.esim_tran_no, self.iccid, self.msisdn, self.order_no)
        if sum(each is not None for each in given) != 1:
            raise ValueError("give one of esimTranNo, iccid, msisdn and orderNo")
        return self


class ConversationPatch(Schema):
    """What to change; a field that is left out stays as it is."""

    status: ConversationStatus | None = None
    assignee: Person | None = Field(
        default=None, description="The person who answers; empty: nobody."
    )
    tags: Annotated[list[Tag], Field(max_length=MAX_TAGS)] | None = Field(
        default=None, description="All tags from now on."
    )
    read: StrictBool | None = Field(
        default=None, description="`true`: somebody has read all texts."
    )

    @property
    def change(self) -> ConversationChange:
        """The change, as the service reads it."""
        return ConversationChange(
            status=self.status,
            assignee=self.assignee,
            tags=None if self.tags is None else tuple(self.tags),
            is_read=self.read,
        )


def _requires(name: str) -> dict[str, Any]:
    return {"required": [name], "properties": {name: {"type": "string"}}}


class ReplyRequest(Schema):
    """A reply, as `text` or from a `template`."""

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [_requires("text"), _requires("template")]}
    )

    text: (
        Annotated[
            StrictStr,
            Field(
                min_length=1,
                max_length=MAX_CHARACTERS,
                json_schema_extra={"pattern": "^[^\\x00]*$"},
            ),
            AfterValidator(_without_nul),
        ]
        | None
    ) = None
    template: TemplateName | None = Field(
        default=None, description="Name of a template: a prepared reply."
    )
    template_version: VersionNumber | None = Field(
        default=None, description="null: the latest version."
    )
    values: ValuesIn | None = Field(
        default=None, description="Values of the variables of the template, by name."
    )
    language: LanguageTag | None = Field(
        default=None, description="null: that of the preferences of the eSIM."
    )
    from_: Sender | None = Field(
        default=None,
        alias="from",
        description="null: the number that the eSIM wrote to, if the carrier allows it.",
    )
    send_at: Instant | None = Field(
        default=None, description="Time to send it, up to 60 days ahead; null sends it now."
    )
    reference: Reference | None = Field(
        default=None, description="Your own string for the message."
    )

    @model_validator(mode="after")
    def _check_fields(self) -> ReplyRequest:
        if (self.text is None) == (self.template is None):
            raise ValueError("give one of text and template")
        fields = (self.template_version, self.values, self.language)
        if self.template is None and any(each is not None for each in fields):
            raise ValueError("templateVersion, values and language need template")
        return self

    def message(self, esim_tran_no: str) -> MessageRequest:
        """The message to send to the eSIM of the conversation."""
        # All fields are valid already, and a time is no longer a string.
        return MessageRequest.model_construct(
            esim_tran_no=esim_tran_no,
            text=self.text,
            template=self.template,
            template_version=self.template_version,
            values=self.values,
            language=self.language,
            send_at=self.send_at,
            reference=self.reference,
            category=Category.SUPPORT,
            from_=self.from_,
        )


class NoteRequest(Schema):
    """A private note: travellers never see it."""

    author: Annotated[Person, Field(min_length=1)]
    text: Annotated[
        StrictStr,
        Field(
            min_length=1,
            max_length=MAX_NOTE_CHARACTERS,
            json_schema_extra={"pattern": "^[^\\x00]*$"},
        ),
        AfterValidator(_without_nul),
    ]


class ConversationOut(Schema):
    """`status` is `open` while the account has to act, `waiting` while the traveller has to.

    `unansweredSince` is when the first text without a reply came; `replyDueAt` is when the first
    reply is due. `failedMessageId` is the reply whose failure opened it again.
    """

    id: str
    esim_tran_no: str
    status: ConversationStatus
    assignee: str | None
    tags: list[str]
    unread: int
    own_number: str | None = Field(description="The number that the eSIM last wrote to.")
    opened_at: Time
    updated_at: Time
    unanswered_since: Time | None
    reply_due_at: Time | None
    first_reply_at: Time | None
    closed_at: Time | None
    failed_message_id: str | None


class ConversationPage(Schema):
    """Newest first; `next` is the cursor of the next page, null at the end."""

    conversations: list[ConversationOut]
    next: str | None


class NoteOut(Schema):
    """A private note; `text` is null once it was erased."""

    id: str
    author: str
    text: str | None
    at: Time


class NotePage(Schema):
    """Newest first; `next` is the cursor of the next page, null at the end."""

    notes: list[NoteOut]
    next: str | None


def show_conversation(conversation: Conversation) -> ConversationOut:
    """The conversation as JSON shows it."""
    one = conversation
    return ConversationOut(
        id=format_id(one.id),
        esim_tran_no=one.esim_tran_no,
        status=one.status,
        assignee=one.assignee or None,
        tags=list(one.tags),
        unread=one.unread,
        own_number=one.own_number or None,
        opened_at=format_time(one.opened_ms),
        updated_at=format_time(one.updated_ms),
        unanswered_since=show_time(one.unanswered_ms),
        reply_due_at=show_time(one.reply_due_ms),
        first_reply_at=show_time(one.first_reply_ms),
        closed_at=show_time(one.closed_ms),
        failed_message_id=format_id(one.failed_id) if one.failed_id else None,
    )


def show_note(note: Note) -> NoteOut:
    """The note as JSON shows it."""
    return NoteOut(
        id=format_id(note.id),
        author=note.author,
        text=note.text or None,
        at=format_time(note.at_ms),
    )
