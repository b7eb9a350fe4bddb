"""Messages of a gateway in memory."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from simpost_client.decoding import json_name
from simpost_client.requests import MessageFields
from simpost_client.testing.state import (
    Answer,
    Refusal,
    SentText,
    State,
    encoding_of,
    found,
    page,
    reason_detail,
    refuse,
)
from simpost_client.testing.templates import render

_FIELDS = frozenset(json_name(name) for name in (*MessageFields.__annotations__, "dry_run"))


def send(state: State, body: Mapping[str, Any], query: Mapping[str, str]) -> Answer:
    """POST /v1/messages."""
    if "messages" in body:
        return _send_batch(state, body)
    if body.get("dryRun") or query.get("dryRun") == "true":
        return Answer(200, preview(state, body))
    return Answer(202, accept(state, body))


def _send_batch(state: State, body: Mapping[str, Any]) -> Answer:
    results: list[dict[str, Any]] = []
    for each in body["messages"]:
        try:
            message = accept(state, each)
        except Refusal as refusal:
            answer = refusal.answer
            results.append(_result(answer.status, None, answer.body))
        else:
            results.append(_result(202, message, None))
    accepted = sum(each["status"] == 202 for each in results)
    counts = {"accepted": accepted, "refused": len(results) - accepted}
    return Answer(207, {**counts, "results": results})


def _result(status: int, message: Any, problem: Any) -> dict[str, Any]:
    return {"status": status, "replayed": False, "message": message, "problem": problem}


def accept(state: State, body: Mapping[str, Any]) -> dict[str, Any]:
    """Store a message and hand it to the handset. Raises Refusal."""
    esim, text, template = _decide(state, body)
    identifier = str(uuid.uuid4())
    encoding, parts = ("binary", 1) if body.get("binary") else encoding_of(text)
    status = "scheduled" if body.get("sendAt") else "sent"
    is_code = body.get("category") == "code"
    message = {
        "id": identifier,
        "state": status,
        "reason": None,
        "esimTranNo": esim["esimTranNo"],
        "iccid": esim["iccid"],
        "to": esim["msisdn"],
        "from": body.get("from") or "fake",
        "category": body.get("category") or "service",
        "text": None if is_code or body.get("binary") else text,
        "binary": body.get("binary"),
        "textAbsence": "code" if is_code else None,
        "ports": None,
        "class": body.get("class"),
        "receipt": body.get("receipt", True),
        "replaced": [],
        "template": template,
        "encoding": encoding,
        "partCount": parts,
        "requestId": None,
        "reference": body.get("reference"),
        "createdAt": state.time(),
        "updatedAt": state.time(),
        "expiresAt": body.get("expiresAt") or state.time(86_400),
        "sendAt": body.get("sendAt"),
        "heldUntil": body.get("sendAt"),
    }
    state.messages[identifier] = message
    emit(state, message, "scheduled" if body.get("sendAt") else "accepted")
    if not body.get("sendAt"):
        state.texts.append(SentText(esim["esimTranNo"], text, message["category"], identifier))
        emit(state, message, "sent")
    shown = {key: message[key] for key in ("id", "sendAt", "heldUntil", "encoding", "partCount")}
    return {**shown, "state": "scheduled" if body.get("sendAt") else "accepted", "replaced": []}


def preview(state: State, body: Mapping[str, Any]) -> dict[str, Any]:
    """The decision about a message; the fake has no rules to show."""
    decision, reason, text, template, esim = "send", None, body.get("text") or "", None, None
    try:
        esim, text, template = _decide(state, body)
    except Refusal as refusal:
        if "remedy" not in refusal.answer.body:
            raise
        decision, reason = "refuse", reason_detail(refusal.code)
    encoding, parts = encoding_of(text)
    return {
        "decision": decision,
        "reason": reason,
        "heldUntil": None,
        "carrier": esim and "fake",
        "to": esim and esim["msisdn"],
        "from": esim and (body.get("from") or "fake"),
        "category": esim and (body.get("category") or "service"),
        "encoding": encoding,
        "partCount": parts,
        "segments": [text],
        "replaced": [],
        "ucs2Triggers": [],
        "template": template,
        "rules": [],
    }


def _decide(
    state: State, body: Mapping[str, Any]
) -> tuple[dict[str, Any], str, dict[str, Any] | None]:
    """The eSIM, the text and its template. Raises Refusal."""
    unknown = sorted(set(body) - _FIELDS)
    given = [name for name in ("text", "binary", "template") if body.get(name) is not None]
    if unknown or len(given) != 1:
        detail = f"unknown field {unknown[0]}" if unknown else "give text, binary or template"
        raise Refusal(422, "invalid_request", detail, errors=[])
    esim = state.find_esim(body)
    text, template = str(body.get("text") or body.get("binary") or ""), None
    if body.get("template"):
        text, template = render(state, body["template"], body)
    if esim["smsStatus"] == 0:
        raise refuse("sms_not_supported")
    if esim["smdpStatus"] in {"RELEASED", "DOWNLOAD"}:
        raise refuse("not_installed")
    if len(text) > 5_000:
        raise refuse("text_too_long")
    return esim, text, template


def show(state: State, identifier: str) -> dict[str, Any]:
    """A message in full."""
    message = found(state.messages, identifier)
    nothing: dict[str, list[Any]] = {"parts": [], "attempts": [], "receipts": [], "decisions": []}
    return {**message, **nothing, "account": "fake", "waitingFor": None}


def cancel(state: State, identifier: str) -> dict[str, Any]:
    """Cancel a message that is scheduled. Raises Refusal."""
    message = found(state.messages, identifier)
    if message["state"] not in {"scheduled", "cancelled"}:
        detail = "The message has left or has ended."
        raise Refusal(409, "not_cancellable", detail, state=message["state"])
    if message["state"] == "scheduled":
        finish(state, identifier, "cancelled")
    return show(state, identifier)


def finish(state: State, identifier: str, final: str) -> None:
    """Give a message its final state, with the event."""
    message = found(state.messages, identifier)
    message["state"], message["updatedAt"], message["heldUntil"] = final, state.time(), None
    emit(state, message, final)


def emit(state: State, message: Mapping[str, Any], kind: str) -> None:
    """The event of a state of a message."""
    shared = {key: message[key] for key in ("category", "esimTranNo", "iccid", "reference")}
    counts = {
        "parts": message["partCount"],
        "deliveredParts": message["partCount"] if kind == "delivered" else 0,
    }
    data = {"carrier": "fake", "reason": None, **counts, **shared}
    state.emit(f"message.{kind}", message["id"], data)


def search(state: State, query: Mapping[str, str]) -> Answer:
    """GET /v1/messages, by eSIM, state, category and reference."""
    names = ("esimTranNo", "iccid", "state", "category", "reference")
    wanted = {name: query[name] for name in names if name in query}
    rows = [
        each
        for each in reversed(state.messages.values())
        if all(each[name] == value for name, value in wanted.items())
    ]
    return page(rows, query, "messages")
