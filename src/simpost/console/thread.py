"""The thread of an eSIM as bubbles: texts both ways, private notes, and what STOP did."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from simpost.api.shared.schemas import format_time
from simpost.api.v1.inbound.schemas import show_entry
from simpost.console.masks import Masks
from simpost.domain.conversations import Conversation, Note
from simpost.domain.inbound import InboundState
from simpost.domain.messages import Message, format_id
from simpost.domain.policy.preference_changes import Differences
from simpost.domain.states import State
from simpost.messaging.conversation import Entry, list_texts
from simpost.messaging.message_sentence import Tone, repeat_problem, sentence_of
from simpost.ports.store import Store
from simpost.ports.store.conversations import MOST_NOTES
from simpost.ports.store.recipients import MOST_CHANGES

ENTRIES: Final = 50
"""Texts of a page of a thread."""


class Bubble(NamedTuple):
    """One text or note.

    Attributes:
        kind: `to` the eSIM, `from` it, `phone` from another phone to it, `note`.
        who: the number or name that it came from, or the author of a note.
        state, tone, said, to_do: what became of it; empty for a text from the eSIM.
        effects: what the text changed by itself, such as a STOP.
        waits: whether it waits for its time and can still be changed.
        can_repeat: whether its text can be sent again.
        is_flagged: whether it may mean "stop", and a person has to say so.
        key: sorts by age.
    """

    key: bytes
    kind: str
    id: str
    at: str
    who: str
    text: str
    state: str = ""
    tone: str = ""
    said: str = ""
    to_do: str = ""
    effects: tuple[str, ...] = ()
    waits: bool = False
    can_repeat: bool = False
    is_flagged: bool = False


class Thread(NamedTuple):
    """A page of a thread, oldest first; `older` is the id that the page before it ends with."""

    bubbles: list[Bubble]
    older: bytes | None


async def read_thread(
    store: Store, conversation: Conversation, masks: Masks, before: bytes | None
) -> Thread:
    """The newest texts of the eSIM before an id, with the notes between them. Raises StoreError."""
    account_id, number = conversation.account_id, conversation.esim_tran_no
    found = await list_texts(store, account_id, number, before=before, limit=ENTRIES + 1)
    entries, older = found[:ENTRIES], found[ENTRIES - 1].id if len(found) > ENTRIES else None
    notes = await store.conversations.list_notes(
        account_id, conversation.id, before=before, limit=MOST_NOTES
    )
    changes = await store.recipients.list_changes(
        account_id, number, before=None, limit=MOST_CHANGES
    )
    effects = {each.id: tuple(_effects(each.differences)) for each in changes}
    flagged = await store.recipients.list_flagged(account_id)
    bubbles = [
        _text_bubble(each, masks, effects.get(each.id, ()))._replace(is_flagged=each.id in flagged)
        for each in entries
    ]
    bubbles += [_note_bubble(each, masks) for each in notes if older is None or each.id > older]
    return Thread(sorted(bubbles, key=lambda bubble: bubble.key), older)


def _text_bubble(entry: Entry, masks: Masks, effects: tuple[str, ...]) -> Bubble:
    shown = show_entry(entry).model_dump(mode="json", by_alias=True)
    bubble = Bubble(
        key=entry.id,
        kind="to",
        id=shown["id"],
        at=shown["at"],
        who=masks.number(shown["from"]) if shown["from"] else "",
        text=masks.text(shown),
        effects=effects,
    )
    if isinstance(entry, Message):
        return bubble._replace(**_outcome(entry, shown))
    if entry.state is InboundState.RECEIVED:
        return bubble._replace(kind="from", effects=(*effects, *_missing(entry.missing)))
    reason = shown["reason"]
    return bubble._replace(
        kind="phone",
        state=entry.state.value,
        tone=Tone.BAD.value if reason else Tone.GOOD.value,
        said=reason["explanation"] if reason else "",
        to_do=reason["remedy"] if reason else "",
    )


def _outcome(message: Message, shown: dict[str, Any]) -> dict[str, Any]:
    until = message.held_until_ms
    sentence = sentence_of(shown | {"heldUntil": until and format_time(until)})
    waits = message.state in (State.SCHEDULED, State.HELD)
    return {
        "state": message.state.value.replace("_", " "),
        "tone": sentence.tone.value,
        "said": sentence.happened,
        "to_do": "" if waits else sentence.to_do,
        "waits": waits,
        "can_repeat": not repeat_problem(message),
    }


def _missing(numbers: Sequence[int]) -> Iterator[str]:
    if numbers:
        yield f"Not received: part {', '.join(map(str, numbers))}."


def _note_bubble(note: Note, masks: Masks) -> Bubble:
    entry = {"text": note.text or None, "binary": None, "textAbsence": None}
    return Bubble(
        key=note.id,
        kind="note",
        id=format_id(note.id),
        at=format_time(note.at_ms),
        who=note.author,
        text=masks.text(entry),
    )


def _effects(differences: Differences) -> Iterator[str]:
    """What a text of the traveller changed."""
    stopped = [name for name, change in differences.items() if change["to"] is False]
    allowed = [name for name, change in differences.items() if change["to"] is True]
    if stopped:
        yield f"This text stopped: {_listed(stopped)}."
    if allowed:
        yield f"This text allowed again: {_listed(allowed)}."


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
