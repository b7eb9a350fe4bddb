"""What became of a message and what to do now, for people who did not send it."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, NamedTuple

from simpost.domain.messages import Category, Message
from simpost.domain.states import State


class Tone(StrEnum):
    """Whether somebody has to act."""

    GOOD = "good"
    WAIT = "wait"
    WARN = "warn"
    BAD = "bad"


class MessageSentence(NamedTuple):
    """What happened, and what to do; `to_do` is empty if there is nothing to do."""

    happened: str
    to_do: str
    tone: Tone


def sentence_of(message: dict[str, Any]) -> MessageSentence:
    """About a message as the native API returns it."""
    state, reason = State(message["state"]), message["reason"]
    waits = message.get("waitingFor")
    if state in _FAILED:
        happened = f"{_FAILED[state]} {reason['explanation']}" if reason else _FAILED[state]
        return MessageSentence(happened, reason["remedy"] if reason else "", Tone.BAD)
    if state in (State.HELD, State.SCHEDULED):
        why = f" {reason['explanation']}" if reason else ""
        until = message.get("heldUntil") or "its time"
        happened = f"It waits until {_minute(until)} and is decided again then.{why}"
        return MessageSentence(happened, reason["remedy"] if reason else "", Tone.WAIT)
    if state in (State.ACCEPTED, State.SENDING) and waits:
        happened = f"It waits for the carrier {waits['carrier']}, which is {waits['state']}."
        is_up = waits["state"] in ("ready", "throttled")
        to_do = "" if is_up else "It leaves when the carrier is back. Ask an administrator."
        return MessageSentence(happened, to_do, Tone.WAIT if is_up else Tone.WARN)
    return _PLAIN[state]


def repeat_problem(message: Message) -> str:
    """Why a person must not send the text again as a new message; empty if that is possible."""
    if message.category is Category.CODE:
        return "It has a one-time code: start the verification again."
    if message.text_absence or message.encoding == "binary":
        return "Its text is not stored."
    if message.state in (State.ACCEPTED, State.SCHEDULED, State.HELD, State.SENDING):
        return "It is not sent yet. It is sent by itself, or cancelled."
    return ""


def _minute(time: str) -> str:
    return f"{time[:10]} {time[11:16]} UTC" if time[10:11] == "T" else time


_FAILED = {
    State.FAILED: "It was not delivered.",
    State.EXPIRED: "It was not delivered in time.",
    State.REJECTED: "It was refused.",
    State.CANCELLED: "It was cancelled before it left.",
}
_PLAIN = {
    State.DELIVERED: MessageSentence("The handset received it.", "", Tone.GOOD),
    State.SENT: MessageSentence(
        "The carrier took it and has not reported the delivery yet. Some carriers never report.",
        "Ask the traveller whether it arrived. The carrier can look for its ids of the parts.",
        Tone.WAIT,
    ),
    State.IN_DOUBT: MessageSentence(
        "The connection broke before the carrier answered: it may have been sent or not.",
        "Ask the traveller before you send it again, or the carrier.",
        Tone.WARN,
    ),
    State.SENDING: MessageSentence(
        "An attempt did not succeed; it is tried again by itself.", "", Tone.WAIT
    ),
    State.ACCEPTED: MessageSentence("It is about to be sent.", "", Tone.WAIT),
}
