"""What happened to a message, in words: decisions, attempts, ends of parts, receipts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_OUTCOME_TEXTS = {
    "accepted": "accepted by",
    "throttled": "throttled by",
    "refused": "refused by",
    "unreachable": "did not reach",
    "in_doubt": "was sent, without a response from",
}

KEPT = {
    "parked": "stored until its part is known",
    "matched": "which arrived before the response and was applied after it",
    "late": "too late to change anything",
    "duplicate": "a duplicate",
    "ambiguous": "stored: it may belong to another part",
}


def message_events(message: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Time and words of each, in no order, of a message as the native API returns it."""
    first, *later = message.get("decisions") or [None]
    yield message["createdAt"], f"accepted{_decision(first)}" if first else "accepted"
    for decision in later:
        yield decision["decidedAt"], f"decided again{_decision(decision)}"
    for attempt in message["attempts"]:
        yield attempt["endedAt"], _attempt(attempt, _carrier_id(message, attempt))
    for part in message["parts"]:
        if part["finalAt"]:
            text = f"part {part['number']} {part['state']}{_code(part)}{explained(part['reason'])}"
            yield part["finalAt"], text
    for receipt in message["receipts"]:
        yield receipt["lastAt"], _receipt(receipt)


def _decision(decision: dict[str, Any]) -> str:
    """What was decided and why, with the facts that decided it."""
    words = [f": {decision['decision']}"]
    words += [f" until {decision['heldUntil']}"] * bool(decision["heldUntil"])
    if reason := decision["reason"]:
        words.append(f" ({reason['code']})")
    for rule in decision["rules"]:
        words += [f", {said}" for said in _facts(rule["rule"], rule["facts"])]
    return "".join(words)


def _facts(rule: str, facts: dict[str, Any]) -> Iterator[str]:
    if rule == "optOut" and facts.get("decidedBy") in ("esim", "account"):
        yield f"choice of the {'eSIM' if facts['decidedBy'] == 'esim' else 'account'}"
    if rule == "quietHours" and facts.get("zones"):
        zones = facts["zones"]
        others = len(zones) - 1 + facts.get("otherZones", 0)
        yield f"time zone {zones[0]}" + f" and {others} more" * (others > 0)
    if rule == "cap" and facts:
        yield f"cap {facts['used']} of {facts['limit']} used before"
    for budget in facts.get("budgets", ()) if rule == "budget" else ():
        yield f"budget {budget['budget']} {budget['used']} of {budget['limit']} used before"


def _attempt(attempt: dict[str, Any], carrier_id: str) -> str:
    """One attempt, without its time."""
    text = _OUTCOME_TEXTS.get(attempt["outcome"], attempt["outcome"])
    words = [f"part {attempt['part']} {text} {attempt['carrier']}{carrier_id}"]
    words += [f", attempt {attempt['number']}"] * (attempt["number"] > 1)
    words += [", repeated because it was in doubt"] * attempt["repeat"]
    words += [f", code {attempt['carrierCode']}"] * bool(attempt["carrierCode"])
    return "".join(words) + explained(attempt["reason"])


def _receipt(receipt: dict[str, Any]) -> str:
    text = KEPT.get(receipt["disposition"], receipt["disposition"])
    words = [f"part {receipt['part']}: a receipt of {receipt['carrier']}"]
    words += [f" for {receipt['carrierMessageId']} says {receipt['state']}, {text}"]
    words += [f"; {receipt['count']} times"] * (receipt["count"] > 1)
    return "".join(words) + _code(receipt)


def _code(entry: dict[str, Any]) -> str:
    """The carrier's code, with its meaning if it is a standard one."""
    if not entry["carrierCode"]:
        return ""
    return f", code {entry['carrierCode']}" + f": {entry['carrierCodeMeaning'] or ''}".rstrip(": ")


def _carrier_id(message: dict[str, Any], attempt: dict[str, Any]) -> str:
    if attempt["outcome"] != "accepted":
        return ""
    for part in message["parts"]:
        if part["number"] == attempt["part"] and part["carrierMessageId"]:
            return f" as {part['carrierMessageId']}"
    return ""


def explained(reason: dict[str, Any] | None) -> str:
    """The code of a reason, what happened and what to do, in one line; empty without one."""
    if not reason:
        return ""
    return f" ({reason['code']}): {reason['explanation']} {reason['remedy']}"
