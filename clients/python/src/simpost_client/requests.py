"""Fields of requests of the native API, as keyword arguments: esimTranNo is `esim_tran_no`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, TypedDict
from urllib.parse import quote

from simpost_client.decoding import json_name, to_value

Category = Literal["code", "service", "support", "notice", "promotion"]


class PortFields(TypedDict, total=False):
    """Applications on the handset, for binary messages."""

    destination: int
    source: int
    bits: Literal[8, 16]


class MessageFields(TypedDict, total=False):
    """A message to one eSIM: `text`, `binary` or `template`, to one that a number names."""

    esim_tran_no: str
    iccid: str
    msisdn: str
    text: str
    binary: str
    ports: PortFields
    sender: str
    message_class: int
    receipt: bool
    look_alikes: bool
    category: Category
    reference: str
    template: str
    template_version: int
    values: Mapping[str, str | float]
    language: str
    validity_seconds: int
    send_at: datetime
    expires_at: datetime
    idempotency_key: str


class VerificationFields(TypedDict, total=False):
    """A start of a verification; `purpose` and one number of the eSIM are needed."""

    esim_tran_no: str
    iccid: str
    msisdn: str
    purpose: str
    session_key: str
    digits: int
    language: str
    sender: str
    host: str
    app_hash: str


class VariableFields(TypedDict, total=False):
    """A variable of a template."""

    type: Literal["text", "number"]
    longest: str | float
    default: str | float


class TemplateFields(TypedDict, total=False):
    """A version of a template: texts in ICU MessageFormat, by language."""

    name: str
    default_language: str
    variables: Mapping[str, VariableFields]
    texts: Mapping[str, str]


class AudienceFields(TypedDict, total=False):
    """Conditions that an eSIM must meet, all of them; none: all eSIMs of the account."""

    plans: Sequence[str]
    countries: Sequence[str]
    languages: Sequence[str]
    statuses: Sequence[str]
    tags: Sequence[str]
    file: str
    esims: Sequence[str]


class BroadcastFields(TypedDict, total=False):
    """A broadcast; `name` and `template` are needed. None as a stop rule means: never."""

    name: str
    template: str
    values: Mapping[str, str]
    category: Literal["service", "support", "notice", "promotion"]
    audience: AudienceFields
    start_at: datetime
    not_after: datetime
    local_time: str
    per_second: float
    stop_refused_percent: int | None
    stop_failed_percent: int | None
    stop_opted_out_percent: int | None
    stop_parts: int | None
    stop_cost: str | None
    actor: str


class ReplyFields(TypedDict, total=False):
    """A reply to a traveller: `text` or `template`."""

    text: str
    template: str
    template_version: int
    values: Mapping[str, str | float]
    language: str
    sender: str
    send_at: datetime
    reference: str


class EsimFields(TypedDict, total=False):
    """One number of an eSIM, or the order that has it."""

    esim_tran_no: str
    iccid: str
    msisdn: str
    order_no: str


def path_of(pattern: str, *names: str) -> str:
    """A path with escaped names. Raises ValueError for an empty one: that is another path."""
    if not all(names) or {".", ".."} & set(names):
        raise ValueError("an id or a name is empty")
    return pattern.format(*(quote(each, safe="") for each in names))


def body_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON of the fields that are given; None is null."""
    return {json_name(name): _value(name, each) for name, each in given.items()}


def _value(name: str, value: Any) -> Any:
    """A field as JSON. What users name themselves, such as `values`, keeps its names."""
    if name in {"audience", "ports"}:
        return body_of(value)
    return to_value(value)
