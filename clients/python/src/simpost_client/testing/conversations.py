"""Conversations and inbound messages of a gateway in memory."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from simpost_client.testing.messages import accept, preview
from simpost_client.testing.state import Answer, Refusal, State, encoding_of, found, page


def start(state: State, body: Mapping[str, Any]) -> Answer:
    """POST /v1/conversations."""
    if "orderNo" in body:
        raise NotImplementedError("the fake has no orders")
    esim = state.find_esim(body)
    if (known := _of_esim(state, esim["esimTranNo"])) is not None:
        return Answer(200, known)
    return Answer(201, _open(state, esim["esimTranNo"], "waiting"))


def _of_esim(state: State, esim_tran_no: str) -> dict[str, Any] | None:
    for row in reversed(state.conversations.values()):
        if row["esimTranNo"] == esim_tran_no and row["status"] != "closed":
            return row
    return None


def _open(state: State, esim_tran_no: str, status: str) -> dict[str, Any]:
    identifier = str(uuid.uuid4())
    nothing = ("assignee", "ownNumber", "unansweredSince", "replyDueAt", "firstReplyAt")
    state.notes[identifier] = []
    state.conversations[identifier] = {
        **dict.fromkeys((*nothing, "closedAt", "failedMessageId")),
        "id": identifier,
        "esimTranNo": esim_tran_no,
        "status": status,
        "tags": [],
        "unread": 0,
        "openedAt": state.time(),
        "updatedAt": state.time(),
    }
    data = {"esimTranNo": esim_tran_no, "status": status}
    state.emit("conversation.opened", identifier, data)
    return state.conversations[identifier]


def receive(state: State, esim_tran_no: str, text: str) -> dict[str, Any]:
    """A text of a traveller: an inbound message, and a conversation that is open."""
    esim = found(state.esims, esim_tran_no)
    encoding, parts = encoding_of(text)
    identifier = str(uuid.uuid4())
    row = {
        "id": identifier,
        "state": "received",
        "reason": None,
        "esimTranNo": esim_tran_no,
        "carrier": "fake",
        "from": esim["msisdn"],
        "to": "fake",
        "text": text,
        "binary": None,
        "textAbsence": None,
        "encoding": encoding,
        "partCount": parts,
        "missingParts": [],
        "messageId": None,
        "receivedAt": state.time(),
    }
    state.inbound[identifier] = row
    conversation = _of_esim(state, esim_tran_no) or _open(state, esim_tran_no, "open")
    conversation["unread"] += 1
    conversation.update(status="open", ownNumber="fake", updatedAt=state.time())
    conversation["unansweredSince"] = conversation["unansweredSince"] or state.time()
    data = {"esimTranNo": esim_tran_no, "status": "open", "inboundId": identifier}
    state.emit("conversation.received", conversation["id"], data)
    return row


def change(state: State, identifier: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """PATCH /v1/conversations/{id}."""
    row = found(state.conversations, identifier)
    if "assignee" in body:
        row["assignee"] = body["assignee"] or None
    if "tags" in body:
        row["tags"] = list(body["tags"])
    if body.get("read"):
        row["unread"] = 0
    if "status" in body:
        row["status"] = body["status"]
        row["closedAt"] = state.time() if body["status"] == "closed" else None
    row["updatedAt"] = state.time()
    return row


def reply(
    state: State, identifier: str, body: Mapping[str, Any], query: Mapping[str, str]
) -> Answer:
    """POST /v1/conversations/{id}/replies."""
    row = found(state.conversations, identifier)
    message = {**body, "esimTranNo": row["esimTranNo"], "category": "support"}
    if query.get("dryRun") == "true":
        return Answer(200, preview(state, message))
    sent = accept(state, message)
    row.update(status="waiting", unansweredSince=None, updatedAt=state.time(), closedAt=None)
    row["firstReplyAt"] = row["firstReplyAt"] or state.time()
    return Answer(202, sent)


def entries(state: State, identifier: str, query: Mapping[str, str]) -> Answer:
    """GET /v1/conversations/{id}/entries."""
    esim = found(state.conversations, identifier)["esimTranNo"]
    shared = ("id", "state", "reason", "from", "to", "text", "binary", "textAbsence")
    rows: list[dict[str, Any]] = []
    for sources, direction, at in (
        (state.messages, "toEsim", "createdAt"),
        (state.inbound, "fromEsim", "receivedAt"),
    ):
        for each in sources.values():
            if each["esimTranNo"] == esim:
                shown = {name: each[name] for name in shared}
                rows.append({**shown, "direction": direction, "missingParts": [], "at": each[at]})
    return page(sorted(rows, key=lambda row: str(row["at"]), reverse=True), query, "entries")


def add_note(state: State, identifier: str, body: Mapping[str, Any]) -> Answer:
    """POST /v1/conversations/{id}/notes."""
    found(state.conversations, identifier)
    if not body.get("author") or not body.get("text"):
        raise Refusal(422, "invalid_request", "give author and text", errors=[])
    note = {"id": str(uuid.uuid4()), "author": body["author"], "text": body["text"]}
    state.notes[identifier].append({**note, "at": state.time()})
    return Answer(201, state.notes[identifier][-1])


def search(state: State, query: Mapping[str, str]) -> Answer:
    """GET /v1/conversations, by status, assignee, tag and eSIM."""
    if "search" in query:
        raise NotImplementedError("the fake searches no texts")
    rows = [
        row
        for row in reversed(state.conversations.values())
        if query.get("status") in {None, row["status"]}
        and query.get("esimTranNo") in {None, row["esimTranNo"]}
        and ("assignee" not in query or (query["assignee"] or None) == row["assignee"])
        and ("tag" not in query or query["tag"] in row["tags"])
        and (query.get("unread") != "true" or row["unread"])
    ]
    return page(rows, query, "conversations")
