"""Conversations: a row each, locked by an update before it changes, and their notes.

A partial unique index keeps a second one of an eSIM from being open.
"""

from __future__ import annotations

from operator import itemgetter
from typing import Any, Final

import msgspec

from simpost.domain.conversations import (
    Conversation,
    ConversationChange,
    ConversationRules,
    ConversationStatus,
    Note,
    ReceiptStep,
    after_failure,
    after_receipt,
    after_reply,
    change_conversation,
    decide_receipt,
)
from simpost.domain.inbound import InboundMessage
from simpost.domain.messages import format_id
from simpost.domain.states import State
from simpost.domain.texts import TextAbsence
from simpost.errors import ConversationExists, StoreError
from simpost.ports.store.conversations import (
    CONVERSATION_STEP,
    MOST_NOTES,
    ConversationFilter,
    ReceivedText,
)
from simpost.ports.store.messages import NewMessage
from simpost.store.records.columns import CODE, STATE
from simpost.store.records.row import NamedRow
from simpost.store.records.texts import erased_text
from simpost.store.shared.conversation_sql import SQL
from simpost.store.shared.steps import SharedDatabase, Steps
from simpost.store.text_seal import TextSeal, place_of

_BEYOND: Final = b"\xff" * 17
_NO_LONGER_WATCHED_MS: Final = 7 * 86_400_000
"""A reply without an end is looked at for this long after it was to be sent."""
_FIRST_LOOK_MS: Final = 2_000
_LAST_LOOKS_MS: Final = 3_600_000
"""Longest time between two looks."""
_ANYBODY: Final = "\n"
"""In place of an assignee; no name has a line feed."""
_KEY: Final = itemgetter("account_id", "id")
"""The order in which jobs lock conversations, so that two do not wait for each other."""
_FAILED: Final = (State.FAILED, State.REJECTED, State.EXPIRED, State.CANCELLED)


class StoredConversations:
    """Implements `simpost.ports.store.ConversationStore`."""

    def __init__(self, database: SharedDatabase, texts: TextSeal) -> None:
        self._database = database
        self._texts = texts

    async def begin(
        self, account_id: int, esim_tran_no: str, *, new_id: bytes, now_ms: int
    ) -> Conversation:
        return await self._database.transact(_begin, account_id, esim_tran_no, new_id, now_ms)

    async def find(self, account_id: int, conversation_id: bytes) -> Conversation | None:
        return await self._database.query(_find, account_id, conversation_id)

    async def was_asked(self, account_id: int, esim_tran_no: str) -> bool | None:
        return await self._database.query(_was_asked, account_id, esim_tran_no)

    async def list_conversations(
        self, account_id: int, which: ConversationFilter
    ) -> list[Conversation]:
        return await self._database.query(_list, account_id, which)

    async def change(
        self, account_id: int, conversation_id: bytes, change: ConversationChange, *, now_ms: int
    ) -> Conversation | None:
        return await self._database.transact(_change, account_id, conversation_id, change, now_ms)

    async def add_note(self, note: Note) -> bool:
        return await self._database.transact(_add_note, note, self._texts)

    async def list_notes(
        self, account_id: int, conversation_id: bytes, *, before: bytes | None, limit: int
    ) -> list[Note]:
        key = account_id, conversation_id
        return await self._database.query(_list_notes, key, before, limit, self._texts)

    async def reopen_failed(self, *, rules: ConversationRules, now_ms: int) -> int:
        return await self._database.transact(_reopen_failed, rules, now_ms)

    async def return_overdue(self, *, now_ms: int) -> int:
        return await self._database.transact(_return_overdue, now_ms)

    async def delete_old(self, *, before_ms: int) -> int:
        return await self._database.transact(_delete_old, before_ms)


def receive_text(inbound: InboundMessage, received: ReceivedText) -> Steps[None]:
    """Continue, reopen or begin the conversation of a text from an eSIM."""
    account_id, esim = inbound.account_id, inbound.esim_tran_no
    assert esim is not None
    at_ms, rules = inbound.received_ms, received.rules
    held, step = yield from _hold_latest(account_id, esim, inbound.id, at_ms, rules)
    after = after_receipt(held, step, inbound.destination, at_ms, rules)
    yield from _save(after)
    if received.asked:
        yield SQL["note_asked"], (account_id, after.id, at_ms)
    kind = "received" if step is ReceiptStep.CONTINUE else "opened"
    more = {"because": "text", "inboundId": format_id(inbound.id)}
    yield _event(after, kind, at_ms, more)


def note_reply(message: NewMessage) -> Steps[None]:
    """Note that a reply was committed, in its transaction."""
    assert message.conversation_id is not None
    key = message.account_id, message.conversation_id
    rows = yield SQL["hold"], key
    if not rows:
        return
    before = _conversation(rows[0])
    if before.status is ConversationStatus.CLOSED:
        rows = yield SQL["hold_current"], (before.account_id, before.esim_tran_no)
        if rows:  # another one of the eSIM goes on
            before = _conversation(rows[0])
    after = after_reply(before, message.created_ms)
    yield from _save(after)
    look_ms = message.created_ms + _FIRST_LOOK_MS
    yield SQL["watch"], (after.account_id, after.id, message.id, look_ms)
    yield _event(after, "answered", message.created_ms, {"messageId": format_id(message.id)})


def _hold_latest(
    account_id: int, esim: str, new_id: bytes, at_ms: int, rules: ConversationRules
) -> Steps[tuple[Conversation, ReceiptStep]]:
    for _ in range(10):
        rows = yield SQL["hold_current"], (account_id, esim)
        if rows:
            return _conversation(rows[0]), ReceiptStep.CONTINUE
        rows = yield SQL["latest"], (account_id, esim)
        latest = _conversation(rows[0]) if rows else None
        step = decide_receipt(latest, at_ms, rules)
        if latest is not None and step is not ReceiptStep.BEGIN:
            rows = yield SQL["hold"], (account_id, latest.id)
            if not rows or rows[0]["status"] != ConversationStatus.CLOSED:
                continue  # somebody else was faster
            return _conversation(rows[0]), step
        new = account_id, new_id, esim, ConversationStatus.OPEN, at_ms
        inserted = yield SQL["insert"], new
        if inserted:
            return _conversation(inserted[0]), ReceiptStep.BEGIN
    raise StoreError("too many conversations of this eSIM began at the same time")


def _begin(account_id: int, esim: str, new_id: bytes, now_ms: int) -> Steps[Conversation]:
    for _ in range(10):
        new = account_id, new_id, esim, ConversationStatus.WAITING, now_ms
        inserted = yield SQL["insert"], new
        if inserted:
            begun = _conversation(inserted[0])
            yield _event(begun, "opened", now_ms, {"because": "request"})
            return begun
        rows = yield SQL["current"], (account_id, esim)
        if rows:
            return _conversation(rows[0])
    raise StoreError("too many conversations of this eSIM began at the same time")


def _find(account_id: int, conversation_id: bytes) -> Steps[Conversation | None]:
    rows = yield SQL["find"], (account_id, conversation_id)
    return _conversation(rows[0]) if rows else None


def _was_asked(account_id: int, esim: str) -> Steps[bool | None]:
    rows = yield SQL["current"], (account_id, esim)
    return rows[0]["asked_ms"] is not None if rows else None


def _list(account_id: int, which: ConversationFilter) -> Steps[list[Conversation]]:
    parameters: tuple[Any, ...] = (
        account_id,
        which.before or _BEYOND,
        1 if which.has_unread else 0,
        _ANYBODY if which.assignee is None else which.assignee,
        f"%\n{_escaped(which.tag)}\n%" if which.tag else "%",
        which.limit,
    )
    name = "list"
    if which.esim_tran_no is not None:
        name = "list_by_esim"
        parameters = (*parameters, which.status or "", which.esim_tran_no)
    elif which.status is not None:
        name = "list_by_status"
        parameters = (*parameters, which.status)
    rows = yield SQL[name], parameters
    return [_conversation(row) for row in rows]


def _escaped(tag: str) -> str:
    for each in "!%_":
        tag = tag.replace(each, f"!{each}")
    return tag


def _change(
    account_id: int, conversation_id: bytes, change: ConversationChange, now_ms: int
) -> Steps[Conversation | None]:
    rows = yield SQL["hold"], (account_id, conversation_id)
    if not rows:
        return None
    before = _conversation(rows[0])
    after = change_conversation(before, change, now_ms)
    if after == before:
        return before
    was_closed = before.status is ConversationStatus.CLOSED
    if was_closed and after.status is not ConversationStatus.CLOSED:
        current = yield SQL["hold_current"], (account_id, before.esim_tran_no)
        if current:
            raise ConversationExists
    yield from _save(after)
    kind = "changed"
    if after.status is not before.status and ConversationStatus.CLOSED in (
        after.status,
        before.status,
    ):
        kind = "opened" if was_closed else "closed"
    yield _event(after, kind, now_ms, {"because": "request"})
    return after


def _add_note(note: Note, texts: TextSeal) -> Steps[bool]:
    held = yield SQL["hold"], (note.account_id, note.conversation_id)
    if not held:
        return False
    words, key_id = note.text, texts.key_id
    if key_id is not None:
        place = place_of(b"conversation_notes", note.account_id, note.id)
        words = texts.seal(key_id, place, words)
    yield (
        SQL["add_note"],
        (
            note.account_id,
            note.id,
            note.conversation_id,
            note.author,
            words,
            key_id,
            note.at_ms,
        ),
    )
    yield SQL["trim_notes"], (note.account_id, note.conversation_id, MOST_NOTES)
    return True


def _list_notes(
    key: tuple[int, bytes], before: bytes | None, limit: int, texts: TextSeal
) -> Steps[list[Note]]:
    rows = yield SQL["list_notes"], (*key, before or _BEYOND, limit)
    return [_note(row, texts) for row in rows]


def _reopen_failed(rules: ConversationRules, now_ms: int) -> Steps[int]:
    rows = yield SQL["watched"], (now_ms, CONVERSATION_STEP)
    for row in sorted(rows, key=_KEY):
        key = row["account_id"], row["id"]
        held = yield SQL["hold"], key
        if not held or held[0]["watched_id"] != row["watched_id"]:
            continue
        message_id = row["watched_id"]
        found = yield SQL["state_of"], (row["account_id"], message_id)
        states = [STATE[each["state"]] for each in found if each["state"] is not None]
        state = max(states, key=CODE.__getitem__, default=None)
        before = _conversation(held[0])
        created_ms = int.from_bytes(message_id[:6], "big")
        sent_ms = max([created_ms, *(each["until_ms"] or 0 for each in found)])
        if state is not None and not state.is_final and now_ms < sent_ms + _NO_LONGER_WATCHED_MS:
            wait_ms = min(max(_FIRST_LOOK_MS, (now_ms - created_ms) // 10), _LAST_LOOKS_MS)
            yield SQL["watch"], (*key, message_id, now_ms + wait_ms)
            continue
        yield SQL["watch"], (*key, None, None)
        if state in _FAILED:
            yield from _reopen(before, message_id, rules, now_ms)
    return len(rows)


def _reopen(
    before: Conversation, message_id: bytes, rules: ConversationRules, now_ms: int
) -> Steps[None]:
    if before.status is ConversationStatus.CLOSED:
        current = yield SQL["hold_current"], (before.account_id, before.esim_tran_no)
        if current:
            return  # a newer one goes on
    rows = yield SQL["committed"], (before.account_id, message_id)
    committed_ms = rows[0]["created_ms"] if rows else None
    after = after_failure(before, message_id, committed_ms, now_ms, rules)
    yield from _save(after)
    more = {"because": "reply_failed", "messageId": format_id(message_id)}
    yield _event(after, "opened", now_ms, more)


def _return_overdue(now_ms: int) -> Steps[int]:
    rows = yield SQL["overdue"], (now_ms, CONVERSATION_STEP)
    for row in sorted(rows, key=_KEY):
        held = yield SQL["hold"], (row["account_id"], row["id"])
        before = _conversation(held[0]) if held else None
        if before is None or before.reply_due_ms is None or before.reply_due_ms > now_ms:
            continue
        after = msgspec.structs.replace(before, assignee="", reply_due_ms=None)
        yield from _save(after)
        yield _event(after, "overdue", now_ms, {"assignee": before.assignee or None})
    return len(rows)


def _delete_old(before_ms: int) -> Steps[int]:
    rows = yield SQL["old"], (before_ms, CONVERSATION_STEP)
    for row in sorted(rows, key=_KEY):
        key = row["account_id"], row["id"]
        if (yield SQL["delete"], (*key, before_ms)):
            yield SQL["delete_notes"], key
    return len(rows)


def _save(conversation: Conversation) -> Steps[None]:
    one = conversation
    yield (
        SQL["save"],
        (
            one.account_id,
            one.id,
            one.status,
            one.assignee,
            "".join(f"\n{tag}\n" for tag in one.tags),
            one.unread,
            one.own_number,
            one.updated_ms,
            one.unanswered_ms,
            one.reply_due_ms,
            one.first_reply_ms,
            one.closed_ms,
            one.failed_id,
        ),
    )


def _event(
    conversation: Conversation, kind: str, at_ms: int, more: dict[str, Any]
) -> tuple[str, tuple[Any, ...]]:
    data = {
        "esimTranNo": conversation.esim_tran_no,
        "status": conversation.status,
        **more,
    }
    subject = format_id(conversation.id)
    encoded = msgspec.json.encode(data).decode()
    parameters = (conversation.account_id, f"conversation.{kind}", subject, at_ms, encoded)
    return SQL["add_event"], parameters


def _conversation(row: NamedRow) -> Conversation:
    return Conversation(
        id=row["id"],
        account_id=row["account_id"],
        esim_tran_no=row["esim_tran_no"],
        status=ConversationStatus(row["status"]),
        opened_ms=row["opened_ms"],
        updated_ms=row["updated_ms"],
        assignee=row["assignee"],
        tags=tuple(row["tags"].split()),
        unread=row["unread"],
        own_number=row["own_number"],
        unanswered_ms=row["unanswered_ms"],
        reply_due_ms=row["reply_due_ms"],
        first_reply_ms=row["first_reply_ms"],
        closed_ms=row["closed_ms"],
        failed_id=row["failed_id"],
    )


def _note(row: NamedRow, texts: TextSeal) -> Note:
    text = row["words"]
    if erased_text(row):
        text = ""
    elif row["text_key"] is not None:
        place = place_of(b"conversation_notes", row["account_id"], row["id"])
        opened = texts.open(row["text_key"], place, text)
        text = "" if isinstance(opened, TextAbsence) else opened
    return Note(
        id=row["id"],
        account_id=row["account_id"],
        conversation_id=row["conversation_id"],
        author=row["author"],
        text=text,
        at_ms=row["at_ms"],
    )
