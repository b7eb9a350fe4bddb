"""The settings of an HTTP carrier."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, JsonValue, SecretStr

from simpost.config.section import NAME, Section, SenderOrAny, SenderOrNone

PLACEHOLDERS: Final = ("destination", "text", "sender", "message_id", "part")
"""What the body template may name, in braces."""

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_HEADER_NAME = re.compile(r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")
_OURS = frozenset({"host", "content-length", "content-type", "transfer-encoding", "connection"})


def _checked_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError("cannot be read as a URL") from None
    if parts.scheme not in ("http", "https") or not host or port == 0:
        raise ValueError("must be a URL that begins with https:// or http:// and names a host")
    if "@" in parts.netloc:
        raise ValueError("must not contain credentials: put them into headers")
    if not url.isascii() or not url.isprintable() or " " in url:
        raise ValueError("has characters that must be percent-encoded")
    return url


def _checked_headers(headers: dict[str, SecretStr]) -> dict[str, SecretStr]:
    for name, value in headers.items():
        if not _HEADER_NAME.match(name):
            raise ValueError(f"{name!r} is no header name")
        if name.lower() in _OURS:
            raise ValueError(f"{name} is set by simpost")
        text = value.get_secret_value()
        if not text.isascii() or not text.isprintable():
            raise ValueError(f"the value of {name} must be printable ASCII")
    return headers


def _checked_body(body: dict[str, JsonValue]) -> dict[str, JsonValue]:
    named = {name for text in _texts(body) for name in _PLACEHOLDER.findall(text)}
    known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
    if unknown := sorted(named - set(PLACEHOLDERS)):
        raise ValueError(f"has no placeholder {{{unknown[0]}}} (known: {known})")
    for name in ("destination", "text"):
        if name not in named:
            raise ValueError(f"must have the placeholder {{{name}}}")
    return body


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)


class HttpCarrierSettings(Section):
    """A carrier reached by HTTP: simpost POSTs JSON to its API, one request per message."""

    type: Literal["http"] = Field(description="The type of carrier.")
    name: str = Field(pattern=NAME, description="Name used by routes, logs and metrics.")
    url: Annotated[str, AfterValidator(_checked_url)] = Field(
        max_length=2048, description="URL that sends a message."
    )
    headers: Annotated[dict[str, SecretStr], AfterValidator(_checked_headers)] = Field(
        default={},
        max_length=20,
        description='Headers of each request, such as `{ Authorization = "Bearer ..." }`.',
    )
    body: Annotated[dict[str, JsonValue], AfterValidator(_checked_body)] = Field(
        description="Template of the JSON body. Texts may have the placeholders `{destination}`, "
        "`{text}`, `{sender}`, `{message_id}` and `{part}`; the first two are required."
    )
    id_path: str = Field(
        default="",
        pattern=r"^(?:[^.\s]+(?:\.[^.\s]+)*)?$",
        max_length=200,
        description="Where the response has the message id: keys and list positions, separated by "
        "dots, such as `messages.0.id`. Empty if the carrier returns no id.",
    )
    allow_private: bool = Field(
        default=False,
        description="Allow the URL to lead to loopback and private addresses.",
    )
    connect_timeout_s: float = Field(
        default=10, ge=0.1, le=120, description="Time limit for connecting, in seconds."
    )
    response_timeout_s: float = Field(
        default=30,
        ge=0.1,
        le=600,
        description="Time limit for the response, in seconds. A message without a response is in "
        "doubt.",
    )
    max_unanswered: int = Field(
        default=10, ge=1, le=1000, description="Largest number of requests without a response."
    )
    rate_per_s: float = Field(
        default=0,
        ge=0,
        le=100_000,
        description="Largest number of requests per second; 0 for no limit.",
    )
    address: Literal["msisdn", "imsi", "iccid", "esim_tran_no"] = Field(
        default="msisdn", description="Identifier of the eSIM used as `{destination}`."
    )
    source_address: SenderOrNone = Field(
        default="",
        description="Default `{sender}`: up to 15 digits, or up to 11 letters and digits.",
    )
    senders: frozenset[SenderOrAny] = Field(
        default=frozenset(),
        description='Other senders a message may request with `from`; `"*"` allows any.',
    )
    max_parts: int = Field(
        default=10,
        ge=1,
        le=255,
        description="Largest number of parts per message, as the carrier splits it: 160 septets "
        "or 70 UTF-16 units fit in one.",
    )
