"""Broadcasts of a gateway in memory: all of one is sent when it begins."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from simpost_client.testing.messages import accept
from simpost_client.testing.state import Answer, Refusal, State, found, page, reason_detail
from simpost_client.testing.templates import render, version_of

_FINAL = frozenset({"finished", "cancelled", "expired"})


def start(state: State, body: Mapping[str, Any]) -> Answer:
    """POST /v1/broadcasts."""
    version = version_of(state, body["template"], None)["version"]
    given = body.get("audience") or {}
    esims = [each for each in state.esims.values() if _is_in(each, given)]
    if body.get("dryRun"):
        return Answer(200, _preview(state, body, esims))
    identifier = str(uuid.uuid4())
    rows = [] if body.get("startAt") else [_send(state, body, each) for each in esims]
    accepted = sum(row["state"] == "accepted" for row in rows)
    counts = {"total": len(esims), "accepted": accepted, "held": 0, "cancelled": 0}
    counts |= {"refused": len(rows) - accepted, "remaining": len(esims) - len(rows)}
    status = "scheduled" if body.get("startAt") else "finished"
    state.recipients[identifier] = rows
    state.broadcasts[identifier] = {
        "id": identifier,
        "name": body["name"],
        "status": status,
        "explanation": f"The fake has {status} it.",
        "pauseReason": None,
        "actor": body.get("actor") or "",
        "begunBy": body.get("actor") or "",
        "template": body["template"],
        "templateVersion": version,
        "category": body.get("category") or "notice",
        "audience": _audience(given),
        "counts": counts,
        "reported": {"delivered": 0, "failed": 0, "optedOut": 0},
        "parts": accepted,
        "cost": f"{accepted}.0000",
        "unpriced": accepted,
        "perSecond": body.get("perSecond", 10),
        "localTime": body.get("localTime"),
        "stopRefusedPercent": body.get("stopRefusedPercent", 50),
        "stopFailedPercent": body.get("stopFailedPercent", 50),
        "stopOptedOutPercent": body.get("stopOptedOutPercent", 5),
        "stopParts": body.get("stopParts"),
        "stopCost": body.get("stopCost"),
        "startAt": body.get("startAt") or state.time(),
        "notAfter": body.get("notAfter") or state.time(7_200),
        "createdAt": state.time(),
        "endedAt": state.time() if status in _FINAL else None,
    }
    return Answer(201, state.broadcasts[identifier])


def _is_in(esim: Mapping[str, Any], audience: Mapping[str, Any]) -> bool:
    if audience.get("esims") and esim["esimTranNo"] not in audience["esims"]:
        return False
    if audience.get("statuses") and esim["esimStatus"] not in audience["statuses"]:
        return False
    for name in ("countries", "languages", "tags", "file"):
        if audience.get(name):
            raise NotImplementedError(f"the fake has no {name} of eSIMs")
    return not audience.get("plans") or esim["packageCode"] in audience["plans"]


def _audience(given: Mapping[str, Any]) -> dict[str, Any]:
    names = ("plans", "countries", "languages", "statuses", "tags", "esims")
    lists = {name: list(given.get(name) or []) for name in names}
    return {**lists, "named": len(lists["esims"]), "file": given.get("file")}


def _message(body: Mapping[str, Any], esim: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "esimTranNo": esim["esimTranNo"],
        "template": body["template"],
        "values": body.get("values") or {},
        "category": body.get("category") or "notice",
    }


def _send(state: State, body: Mapping[str, Any], esim: Mapping[str, Any]) -> dict[str, Any]:
    row = {"esimTranNo": esim["esimTranNo"], "heldUntil": None, "outcome": None}
    try:
        sent = accept(state, _message(body, esim))
    except Refusal as refusal:
        refused = {"state": "refused", "messageId": None, "parts": 0, "cost": "0.0000"}
        return {**row, **refused, "reason": reason_detail(refusal.code)}
    parts = sent["partCount"]
    sums = {"parts": parts, "cost": f"{parts}.0000"}
    return {**row, **sums, "state": "accepted", "messageId": sent["id"], "reason": None}


def _preview(state: State, body: Mapping[str, Any], esims: list[dict[str, Any]]) -> dict[str, Any]:
    sends = [each for each in esims if each["smsStatus"] != 0]
    text, reference = render(state, body["template"], body)
    refused = len(esims) - len(sends)
    refusals = [{"reason": reason_detail("sms_not_supported"), "count": refused}]
    sample = {"language": reference["language"], "text": text}
    return {
        "total": len(esims),
        "decided": len(esims),
        "sends": len(sends),
        "holds": 0,
        "holdsFrom": None,
        "holdsUntil": None,
        "refusals": refusals if refused else [],
        "parts": len(sends),
        "cost": f"{len(sends)}.0000",
        "unpriced": len(sends),
        "samples": [{**sample, "esimTranNo": sends[0]["esimTranNo"]}] if sends else [],
        "seconds": 1,
        "tooLate": 0,
    }


def step(state: State, identifier: str, verb: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Pause, resume or cancel. Raises Refusal if it is over."""
    row = found(state.broadcasts, identifier)
    statuses = {"pause": "paused", "resume": "scheduled", "cancel": "cancelled"}
    if row["status"] in _FINAL and row["status"] != statuses[verb]:
        detail = "The broadcast is over."
        raise Refusal(409, "broadcast_status", detail)
    row["status"], row["actor"] = statuses[verb], body.get("actor") or ""
    row["pauseReason"] = "person" if verb == "pause" else None
    if verb == "cancel":
        counts = row["counts"]
        counts["cancelled"], counts["remaining"] = counts["remaining"], 0
        row["endedAt"] = state.time()
    return row


def recipients(state: State, identifier: str, query: Mapping[str, str]) -> Answer:
    """GET /v1/broadcasts/{id}/recipients."""
    found(state.broadcasts, identifier)
    rows = [
        row for row in state.recipients[identifier] if query.get("state") in {None, row["state"]}
    ]
    return page(rows, query, "recipients")
