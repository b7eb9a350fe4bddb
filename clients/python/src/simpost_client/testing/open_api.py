"""The compatible API of a gateway in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from simpost_client.envelope import Dialect
from simpost_client.testing.messages import accept
from simpost_client.testing.state import Answer, Refusal, State

TEXTS: Mapping[str, tuple[str, str]] = {
    "200002": (
        "This operation is not allowed",
        "This operation is not allowed due to the order status.",
    ),
    "310403": (
        "The eSIM transaction number does not exist",
        "The ICCID does not exist in the order.",
    ),
}
"""The documented texts of the two dialects."""


def answer(state: State, dialect: Dialect, endpoint: str, body: Mapping[str, Any]) -> Answer:
    """The envelope of a request."""
    handler = _HANDLERS.get(endpoint)
    if handler is None:
        return _error(dialect, "200002", "This endpoint is not offered")
    try:
        obj, headers = handler(state, body)
    except Refusal as refusal:
        code = "310403" if refusal.code == "esim_unknown" else "200002"
        if refusal.code == "invalid_request":
            code = "000105"
        return _error(dialect, code, "", {"RT-Reason": refusal.code})
    is_hiroaming = dialect == "hiroaming"
    if obj is None and not is_hiroaming:
        obj = {}
    envelope = {"success": True, "errorCode": None if is_hiroaming else "0", "errorMsg": None}
    return Answer(200, {**envelope, "obj": obj}, headers)


def _error(
    dialect: Dialect, code: str, text: str, headers: Mapping[str, str] | None = None
) -> Answer:
    texts = TEXTS.get(code)
    if texts is not None and not text:
        text = texts[0 if dialect == "hiroaming" else 1]
    error = {"errorCode": code, "errorMsg": text or "invalid request"}
    return Answer(200, {"success": False, **error, "obj": None}, headers or {})


_Handler = Callable[[State, Mapping[str, Any]], tuple[Any, dict[str, str]]]


def _send_sms(state: State, body: Mapping[str, Any]) -> tuple[Any, dict[str, str]]:
    fields = {name: body[name] for name in ("esimTranNo", "iccid") if body.get(name)}
    if not body.get("message"):
        raise Refusal(422, "invalid_request", "message is missing")
    sent = accept(state, {**fields, "text": body["message"]})
    return None, {"RT-MessageID": sent["id"]}


def _packages(state: State, body: Mapping[str, Any]) -> tuple[Any, dict[str, str]]:
    code = body.get("packageCode") or body.get("slug")
    location = body.get("locationCode")
    rows = [
        plan
        for plan in state.plans.values()
        if (not code or code in {plan["packageCode"], plan["slug"]})
        and (not location or location in plan["location"].split(","))
    ]
    return {"packageList": rows}, {}


def _esims(state: State, body: Mapping[str, Any]) -> tuple[Any, dict[str, str]]:
    rows = [
        {key: value for key, value in esim.items() if key != "packageCode"}
        for esim in state.esims.values()
        if body.get("esimTranNo") in {None, "", esim["esimTranNo"]}
        and body.get("iccid") in {None, "", esim["iccid"]}
        and body.get("orderNo") in {None, "", esim["orderNo"]}
    ]
    if not rows and (body.get("esimTranNo") or body.get("iccid")):
        raise Refusal(404, "esim_unknown", "")
    pager = body.get("pager") or {}
    size, number = pager.get("pageSize", 20), pager.get("pageNum", 1)
    shown = rows[(number - 1) * size : number * size]
    return {
        "pager": {"pageSize": size, "pageNum": number, "total": len(rows)},
        "esimList": shown,
    }, {}


def _save_webhook(state: State, body: Mapping[str, Any]) -> tuple[Any, dict[str, str]]:
    state.webhook = str(body.get("webhook") or "")
    return None, {}


def _query_webhook(state: State, _: Mapping[str, Any]) -> tuple[Any, dict[str, str]]:
    return {"webhook": state.webhook}, {}


_HANDLERS: Mapping[str, _Handler] = {
    "esim/sendSms": _send_sms,
    "package/list": _packages,
    "esim/query": _esims,
    "webhook/save": _save_webhook,
    "webhook/query": _query_webhook,
}
