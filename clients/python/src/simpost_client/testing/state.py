"""What a gateway in memory knows."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

REASONS: Final[Mapping[str, tuple[int, str, str]]] = {
    "esim_unknown": (
        404,
        "The account has no eSIM with this number.",
        "Check the number with esim/query.",
    ),
    "sms_not_supported": (
        409,
        "The plan does not support SMS (smsStatus 0).",
        "Choose a plan with smsStatus 1 or 2; package/list shows it.",
    ),
    "not_installed": (
        409,
        "The profile is not installed on a device yet.",
        "Send when smdpStatus is INSTALLATION or ENABLED.",
    ),
    "template_unknown": (
        404,
        "The account has no template with this name, or no such version of it.",
        "Check the name.",
    ),
    "template_value_missing": (
        422,
        "The template needs a value that the message does not give.",
        "Give the value, or save the template with a default for the variable.",
    ),
    "text_too_long": (422, "The text has more characters than the API accepts.", "Shorten it."),
    "request_id_reused": (
        422,
        "This request id was used for a different request within 24 hours.",
        "Use a new id for each new request.",
    ),
    "code_wait": (
        429,
        "A code was sent to the eSIM less than `verifications.esim_wait_s` ago.",
        "Wait as long as Retry-After says.",
    ),
}
"""The reasons that the fake gives: status, explanation, remedy."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A response, before it is octets."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)


class Refusal(Exception):
    """The answer is a problem."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        headers: Mapping[str, str] | None = None,
        **members: Any,
    ) -> None:
        super().__init__(code)
        self.code = code
        body = {"type": "about:blank", "title": code, "status": status, "code": code}
        self.answer = Answer(status, {**body, "detail": detail, **members}, headers or {})


def refuse(reason: str, detail: str = "", **members: Any) -> Refusal:
    """The refusal of a message for a reason."""
    status, explanation, remedy = REASONS[reason]
    return Refusal(status, reason, f"{explanation} {detail}".strip(), remedy=remedy, **members)


def reason_detail(reason: str) -> dict[str, str]:
    """A reason as messages and decisions have it."""
    _, explanation, remedy = REASONS[reason]
    return {"code": reason, "explanation": explanation, "remedy": remedy, "detail": ""}


@dataclass(frozen=True, slots=True)
class SentText:
    """A text that a handset got."""

    esim_tran_no: str
    text: str
    category: str
    message_id: str


@dataclass(slots=True)
class State:
    """Rows as JSON has them, by id, oldest first."""

    now: Callable[[], datetime]
    esims: dict[str, dict[str, Any]] = field(default_factory=dict)
    plans: dict[str, dict[str, Any]] = field(default_factory=dict)
    messages: dict[str, dict[str, Any]] = field(default_factory=dict)
    verifications: dict[str, dict[str, Any]] = field(default_factory=dict)
    codes: dict[str, str] = field(default_factory=dict)
    templates: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    broadcasts: dict[str, dict[str, Any]] = field(default_factory=dict)
    recipients: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    conversations: dict[str, dict[str, Any]] = field(default_factory=dict)
    notes: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    inbound: dict[str, dict[str, Any]] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    texts: list[SentText] = field(default_factory=list)
    keys: dict[str, tuple[str, Answer]] = field(default_factory=dict)
    webhook: str = ""

    def time(self, ahead_s: float = 0) -> str:
        """The time as JSON has it."""
        at = self.now().astimezone(UTC) + timedelta(seconds=ahead_s)
        return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z"

    def find_esim(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The eSIM that the fields of a request name. Raises Refusal."""
        given = {key: body[key] for key in ("esimTranNo", "iccid", "msisdn") if body.get(key)}
        if not given:
            raise Refusal(422, "invalid_request", "give esimTranNo, iccid or msisdn", errors=[])
        for esim in self.esims.values():
            if all(esim[key] == value for key, value in given.items()):
                return esim
        raise refuse("esim_unknown")

    def emit(self, kind: str, subject: str, data: Mapping[str, Any]) -> None:
        """Append an event."""
        sequence = len(self.events) + 1
        self.events.append(
            {
                "id": f"evt_{uuid.uuid5(uuid.NAMESPACE_OID, f'{sequence}').hex}",
                "sequence": sequence,
                "type": kind,
                "subject": subject,
                "occurredAt": self.time(),
                "data": dict(data),
            }
        )


def found(rows: Mapping[str, dict[str, Any]], name: str) -> dict[str, Any]:
    """The row with an id. Raises Refusal."""
    if name not in rows:
        raise Refusal(404, "not_found", "There is no such object.")
    return rows[name]


def page(rows: list[dict[str, Any]], query: Mapping[str, str], name: str) -> Answer:
    """A page of rows; `cursor` is the number of rows before it."""
    first, limit = int(query.get("cursor", "0")), int(query.get("limit", "50"))
    last = first + limit
    return Answer(200, {name: rows[first:last], "next": str(last) if last < len(rows) else None})


def encoding_of(text: str) -> tuple[str, int]:
    """Encoding and number of parts; only ASCII counts as GSM 7 bit here."""
    is_gsm = text.isascii() and not set(text) & set("`")
    alone, joined = (160, 153) if is_gsm else (70, 67)
    units = sum(2 if each in "^{}\\[~]|" else 1 for each in text)
    if not is_gsm:
        units = len(text.encode("utf-16-le")) // 2
    return "gsm7" if is_gsm else "ucs2", 1 if units <= alone else -(-units // joined)
