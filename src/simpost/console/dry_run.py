"""What a dry run of the API says, as a page shows it: parts with their cuts, rules in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Final, NamedTuple

from simpost.domain.plurals import counted
from simpost.text import TextError, parse_encoding, segment_as, units_per_part
from simpost.text.spelling import with_look_alikes

ALPHABETS: Final = {"gsm7": "GSM 7 bit", "ucs2": "UCS-2", "latin1": "Latin-1", "ascii": "ASCII"}
_DECIDED_BY: Final = {"esim": "the traveller", "account": "the account", "default": "the default"}


class DrawnPart(NamedTuple):
    """One part of a text.

    Attributes:
        runs: its text in pieces, and whether a piece forces UCS-2.
        first, last: the positions of its characters in the text, from 1.
        units: what it uses of `limit`, in septets, UTF-16 units or octets.
    """

    number: int
    runs: list[tuple[str, bool]]
    first: int
    last: int
    units: int
    limit: int


class DryRun(NamedTuple):
    """A `Preview` of the API, with what a page draws of it.

    Attributes:
        sentence: what would become of the message.
        tone: `good`, `wait` or `bad`.
        facts: name and value of what the rules found, in the order of the rules.
        total: its length, such as `2 parts of GSM 7 bit`.
    """

    preview: dict[str, Any]
    sentence: str
    to_do: str
    tone: str
    total: str
    parts: list[DrawnPart]
    facts: list[tuple[str, str]]


def show_dry_run(preview: dict[str, Any]) -> DryRun:
    """The view of a preview as the API returns it."""
    reason, decision = preview["reason"], preview["decision"]
    why = f" {reason['explanation']} {reason['detail']}".rstrip() if reason else ""
    to_do = reason["remedy"] if reason else ""
    if decision == "send":
        sentence, to_do, tone = "It would be sent now.", "", "good"
    elif decision == "hold":
        until = minute(preview["heldUntil"])
        sentence, tone = f"It would wait until {until} and be decided again.{why}", "wait"
    else:
        sentence, tone = f"It would be refused.{why}", "bad"
    alphabet = alphabet_name(preview["encoding"])
    return DryRun(
        preview=preview,
        sentence=sentence,
        to_do=to_do,
        tone=tone,
        total=f"{counted(preview['partCount'], 'part')} of {alphabet}",
        parts=list(_parts(preview)),
        facts=list(_facts(preview)),
    )


def alphabet_name(label: str) -> str:
    """The alphabet of a label, such as `GSM 7 bit`; the label if it has no other name."""
    return ALPHABETS.get(label, label)


def minute(time: str) -> str:
    """An RFC 3339 time in UTC, to the minute."""
    return f"{time[:10]} {time[11:16]} UTC"


def _parts(preview: dict[str, Any]) -> Iterator[DrawnPart]:
    segments: Sequence[str] = preview["segments"]
    marked = {each["character"] for each in preview["ucs2Triggers"]}
    position = 0
    for number, text in enumerate(segments, start=1):
        units, limit = _length(text, preview["encoding"], is_joined=len(segments) > 1)
        last = position + len(text)
        yield DrawnPart(number, _runs(text, marked), position + 1, last, units, limit)
        position = last


def _runs(text: str, marked: set[str]) -> list[tuple[str, bool]]:
    groups = groupby(text, marked.__contains__)
    return [("".join(characters), is_marked) for is_marked, characters in groups]


def _length(text: str, label: str, *, is_joined: bool) -> tuple[int, int]:
    """Units of a part and how many fit; with references of 8 bits, which nearly all carriers use.

    Zero if the label is not that of an encoding of texts.
    """
    try:
        encoding = parse_encoding(label)
        units = segment_as(text, encoding).units
    except TextError:
        return 0, 0
    return units, units_per_part(encoding, joined=is_joined, reference_bits=8)


def _facts(preview: dict[str, Any]) -> Iterator[tuple[str, str]]:
    facts: dict[str, Mapping[str, Any]] = {
        each["rule"]: each["facts"] for each in preview["rules"] if each["facts"]
    }
    reached = {each["rule"] for each in preview["rules"] if each["verdict"] != "notReached"}
    if preview["from"] is not None:
        yield "Sender", preview["from"] or "that of the carrier"
    if preview["carrier"]:
        yield "Route", preview["carrier"]
    if limit := facts.get("parts", {}).get("limit"):
        yield "Parts", f"{preview['partCount']} of {limit}"
    if opt_out := facts.get("optOut"):
        yield "Opt-out", _opt_out(opt_out, preview)
    if hours := facts.get("quietHours"):
        yield "Quiet hours", _quiet_hours(hours)
    for budget in facts.get("budget", {}).get("budgets", ()):
        yield f"Budget {budget['budget']}", _quota(budget)
    if cap := facts.get("cap"):
        yield "Cap", _quota(cap)
    elif "cap" in reached:
        yield "Cap", "none"


def _opt_out(facts: Mapping[str, Any], preview: dict[str, Any]) -> str:
    reason = preview["reason"]
    verb = "not allowed" if reason and reason["code"] == "opted_out" else "allowed"
    decided_by = str(facts["decidedBy"])
    return f"{facts['category']} is {verb}, decided by {_DECIDED_BY.get(decided_by, decided_by)}"


def _quiet_hours(facts: Mapping[str, Any]) -> str:
    if not facts["applies"]:
        return "do not apply to this category"
    others = len(facts["zones"]) - 1 + facts.get("otherZones", 0)
    zone = facts["zones"][0] + (f" and {counted(others, 'more zone')}" if others > 0 else "")
    if until := facts.get("until"):
        return f"closed until {minute(until)}, {zone}"
    if closes := facts.get("closes"):
        return f"open until {minute(closes)}, {zone}"
    return f"always open, {zone}"


def _quota(facts: Mapping[str, Any]) -> str:
    used = facts.get("used")
    taken = f"{used} of {facts['limit']} used" if used is not None else f"limit {facts['limit']}"
    return f"{taken} per {facts['period']}, this one takes {facts['wanted']}"


def replace_characters(text: str, which: str, preview: dict[str, Any]) -> str:
    """The text with look-alikes for the character with this code point, or for `all` of them."""
    wanted = frozenset(
        each["character"]
        for each in preview["ucs2Triggers"]
        if each["lookAlike"] is not None and which in ("all", each["codePoint"])
    )
    replaced = with_look_alikes(text, wanted)
    return replaced[0] if replaced else text
