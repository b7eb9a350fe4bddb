"""The OpenAPI description of the compatible API, built from its own structs and tables."""

from __future__ import annotations

from typing import Any

import msgspec

from simpost.api.open.documents import ESIM, PACKAGE, PLAN
from simpost.api.open.envelope import Code
from simpost.api.open.esims import EsimQuery
from simpost.api.open.packages import PackageList
from simpost.api.open.request import PREFIX
from simpost.api.open.send_sms import SendSms
from simpost.api.open.supplier import NOT_OWNED
from simpost.api.open.webhook import WebhookSave
from simpost.api.shared.problems import RETRY_AFTER, RETRY_STATUSES

_REFS = "#/components/schemas/{name}"
_TYPES: dict[type, Any] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "number"},
    list: {"type": "array", "items": {"type": "object"}},
    type(None): {"type": ["string", "null"]},
}
NOTIFICATIONS = (
    "The address receives the states of messages as notifyType SMS_STATUS. More endpoints, their "
    "secrets and their deliveries are at /v1/webhooks."
)
_NOTHING: dict[str, Any] = {"type": ["object", "null"], "maxProperties": 0}
_SECURITY: list[dict[str, list[str]]] = [
    {"AccessCode": [], "SecretKey": []},
    {"AccessCode": [], "Signature": []},
    {"AccessCode": []},
]
_HEADERS = {
    "RT-RequestID": "Idempotency key of sendSms; RT-Signature covers it.",
    "RT-Timestamp": "Unix time in milliseconds; RT-Signature covers it.",
    "RT-Category": "Purpose of sendSms: code, service, support, notice or promotion.",
}
_FAILURES = {
    "408": "The body did not arrive in time",
    "413": "The body is too large",
    "429": "Too many requests: see Retry-After",
    "500": "simpost failed",
    "503": "Nothing could be committed: try again",
    "504": "The supplier did not answer a request that was passed on",
}


def parameters() -> dict[str, Any]:
    """The headers of every endpoint besides the credentials."""
    schema = {"type": "string", "maxLength": 128}
    return {
        _component(name): {
            "name": name,
            "in": "header",
            "description": description,
            "schema": schema,
        }
        for name, description in _HEADERS.items()
    }


def responses() -> dict[str, Any]:
    """The responses of every endpoint for failures."""
    return {
        f"Open{status}": _response(description, _ref("OpenError"))
        | ({"headers": RETRY_AFTER} if int(status) in RETRY_STATUSES else {})
        for status, description in _FAILURES.items()
    }


def schemas() -> dict[str, Any]:
    """The components of the compatible API."""
    requests = (SendSms, PackageList, EsimQuery, WebhookSave)
    _refs, components = msgspec.json.schema_components(requests, ref_template=_REFS)
    plans = {"packageList": _array("OpenPlan")}
    pager = _object({name: {"type": "integer"} for name in ("pageSize", "pageNum", "total")})
    esims = {"esimList": _array("OpenEsim"), "pager": pager}
    esim = _row(ESIM)
    esim["properties"]["packageList"] = _array("OpenEsimPackage")
    return components | {
        "OpenPlan": _row(PLAN),
        "OpenEsimPackage": _row(PACKAGE),
        "OpenEsim": esim,
        "OpenError": _envelope(success=False, obj={"type": "null"}),
        "OpenDone": _envelope(success=True, obj=_NOTHING),
        "OpenPackages": _envelope(success=True, obj=_object(plans)),
        "OpenEsims": _envelope(success=True, obj=_object(esims)),
        "OpenWebhook": _envelope(success=True, obj=_object({"webhook": {"type": "string"}})),
    }


def paths() -> dict[str, Any]:
    """The endpoints of the compatible API."""
    offered = {
        "esim/sendSms": _endpoint("Send an SMS to an eSIM", "SendSms", "OpenDone"),
        "package/list": _endpoint("List plans and their smsStatus", "PackageList", "OpenPackages"),
        "esim/query": _endpoint("List the account's eSIMs", "EsimQuery", "OpenEsims"),
        "webhook/save": _endpoint(
            "Send the states of messages to this address", "WebhookSave", "OpenDone"
        ),
        "webhook/query": _endpoint("Show the webhook address", None, "OpenWebhook"),
    }
    passed_on = "Passed on to the supplier if its source says so, else 200002"
    others = {name: _endpoint(passed_on, None, None) for name in NOT_OWNED}
    for name in ("webhook/save", "webhook/query"):
        offered[name]["description"] = NOTIFICATIONS
    found = {
        f"{PREFIX}/{name}": {"post": {"operationId": _operation_id(name)} | post}
        for name, post in (offered | others).items()
    }
    answer = found[f"{PREFIX}/esim/sendSms"]["post"]["responses"]["200"]
    answer["headers"] = {
        "RT-MessageID": _header("Id of the accepted message"),
        "RT-Replaced": _header(
            "Number of characters of the text that were replaced by look-alikes"
        ),
        "RT-Reason": _header("Reason of the refusal, or why the message is held"),
        "RT-Held-Until": _header("When a held message is decided again, in RFC 3339"),
    }
    return found


def _endpoint(summary: str, request: str | None, result: str | None) -> dict[str, Any]:
    error = _ref("OpenError")
    answer = {"anyOf": [_ref(result), error]} if result else error
    operation: dict[str, Any] = {
        "tags": ["open"],
        "summary": summary,
        "security": _SECURITY,
        "parameters": [
            {"$ref": f"#/components/parameters/{_component(name)}"} for name in _HEADERS
        ],
        "responses": {"200": _response("Done, or refused with a code", answer)}
        | {status: {"$ref": f"#/components/responses/Open{status}"} for status in _FAILURES},
    }
    if request:
        content = {"application/json": {"schema": _ref(request)}}
        operation["requestBody"] = {"content": content}
    return operation


def _component(header: str) -> str:
    return header.replace("-", "")


def _operation_id(name: str) -> str:
    """`esim/sendSms` as `openEsimSendSms`."""
    return "open" + "".join(word[0].upper() + word[1:] for word in name.split("/"))


def _envelope(*, success: bool, obj: dict[str, Any]) -> dict[str, Any]:
    if success:
        code: dict[str, Any] = {"enum": [None, "0"]}
        words: dict[str, Any] = {"type": "null"}
    else:
        code = {"type": "string", "enum": [str(code) for code in Code]}
        words = {"type": "string"}
    return _object(
        {"success": {"const": success}, "errorCode": code, "errorMsg": words, "obj": obj}
    )


def _row(empties: dict[str, Any]) -> dict[str, Any]:
    return _object({name: _TYPES[type(empty)] for name, empty in empties.items()})


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": dict(properties), "required": list(properties)}


def _array(name: str) -> dict[str, Any]:
    return {"type": "array", "items": _ref(name)}


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": _REFS.format(name=name)}


def _response(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _header(description: str) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "string"}}
