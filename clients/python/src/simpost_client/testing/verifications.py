"""Verifications of a gateway in memory."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from simpost_client.testing.messages import accept, preview
from simpost_client.testing.state import Answer, Refusal, State, found, page, refuse

_LIFE_S = 600
_WAIT_S = 60


def start(state: State, body: Mapping[str, Any]) -> Answer:
    """POST /v1/verifications. Raises Refusal."""
    if not body.get("purpose"):
        raise Refusal(422, "invalid_request", "purpose is missing", errors=[])
    esim = state.find_esim(body)
    numbers = {"esimTranNo": esim["esimTranNo"], "category": "code", "text": "A code."}
    if body.get("dryRun"):
        decision = preview(state, numbers)
        return Answer(200, {**decision, "step": "create", "budget": None, "resendAt": None})
    pending = _pending(state, esim["esimTranNo"], body["purpose"])
    key = body.get("sessionKey")
    if pending is not None and pending["sessionKey"] == key:
        if state.time() < pending["resendAt"]:
            return Answer(200, {**pending, "step": "keep"}, {"Retry-After": str(_WAIT_S)})
        return Answer(200, {**_send_again(state, pending), "step": "send_again"})
    if (until := _waits_until(state, esim["esimTranNo"])) is not None:
        refusal = refuse("code_wait", budget="code:esim:wait", resendAt=until)
        answer = refusal.answer
        refusal.answer = Answer(answer.status, answer.body, {"Retry-After": str(_WAIT_S)})
        raise refusal
    if pending is not None:
        _end(state, pending, "superseded")
    step = "create" if pending is None else "supersede"
    return Answer(201, {**_create(state, esim, body), "step": step})


def _create(state: State, esim: Mapping[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
    identifier = str(uuid.uuid4())
    digits = body.get("digits") or 6
    state.codes[identifier] = f"{secrets.randbelow(10**digits):0{digits}}"
    row = {
        "id": identifier,
        "esimTranNo": esim["esimTranNo"],
        "purpose": body["purpose"],
        "sessionKey": body.get("sessionKey"),
        "state": "pending",
        "sends": 0,
        "checksLeft": 5,
        "createdAt": state.time(),
        "endedAt": None,
    }
    row = _send_again(state, row)
    state.verifications[identifier] = row
    return row


def _send_again(state: State, row: dict[str, Any]) -> dict[str, Any]:
    code = state.codes[row["id"]]
    text = f"{code} is your verification code. Do not share it."
    sent = accept(state, {"esimTranNo": row["esimTranNo"], "category": "code", "text": text})
    row["sends"] += 1
    row["messageId"] = sent["id"]
    row["expiresAt"], row["resendAt"] = state.time(_LIFE_S), state.time(_WAIT_S)
    return row


def _pending(state: State, esim_tran_no: str, purpose: str) -> dict[str, Any] | None:
    for row in state.verifications.values():
        _expire(state, row)
        wanted = (esim_tran_no, purpose, "pending")
        if (row["esimTranNo"], row["purpose"], row["state"]) == wanted:
            return row
    return None


def _waits_until(state: State, esim_tran_no: str) -> str | None:
    rows = [row for row in state.verifications.values() if row["esimTranNo"] == esim_tran_no]
    sent = [
        state.messages[row["messageId"]]["createdAt"] for row in rows if row["state"] != "verified"
    ]
    if not sent:
        return None
    since_s = (state.now().astimezone(UTC) - datetime.fromisoformat(max(sent))).total_seconds()
    return state.time(_WAIT_S - since_s) if since_s < _WAIT_S else None


def _end(state: State, row: dict[str, Any], final: str) -> None:
    row.update(state=final, checksLeft=0, resendAt=None, endedAt=state.time())


def _expire(state: State, row: dict[str, Any]) -> None:
    if row["state"] == "pending" and state.time() > row["expiresAt"]:
        _end(state, row, "expired")


def check(state: State, identifier: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """POST /v1/verifications/{id}/check. Raises Refusal."""
    row = found(state.verifications, identifier)
    code = "".join(each for each in str(body.get("code", "")) if each not in " -")
    if not code.isdecimal() or not 4 <= len(code) <= 10:
        raise Refusal(422, "invalid_request", "must have 4 to 10 digits", errors=[])
    _expire(state, row)
    if row["state"] != "pending":
        verdicts = {"verified": "already_used", "locked": "too_many_checks"}
        return {**row, "verdict": verdicts.get(row["state"], row["state"])}
    if code == state.codes[identifier]:
        _end(state, row, "verified")
        return {**row, "verdict": "verified"}
    row["checksLeft"] -= 1
    if row["checksLeft"] == 0:
        _end(state, row, "locked")
    return {**row, "verdict": "wrong_code"}


def cancel(state: State, identifier: str) -> dict[str, Any]:
    """DELETE /v1/verifications/{id}."""
    row = found(state.verifications, identifier)
    if row["state"] == "pending":
        _end(state, row, "cancelled")
    return row


def search(state: State, query: Mapping[str, str]) -> Answer:
    """GET /v1/verifications."""
    rows = [
        row
        for row in reversed(state.verifications.values())
        if query.get("esimTranNo") in {None, row["esimTranNo"]}
        and query.get("state") in {None, row["state"]}
    ]
    return page(rows, query, "verifications")
