"""The settings of an HTTP carrier whose API is described in the settings."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Final, Literal

from pydantic import (
    AfterValidator,
    Field,
    JsonValue,
    SecretStr,
    ValidationInfo,
    field_validator,
    model_validator,
)

from simpost.config.http_auth import HttpAuth
from simpost.config.http_upstream import (
    LONG_TEXTS,
    CallbackUpstreamSettings,
    LongTexts,
    Url,
    checked_headers,
    placeholders_in,
    texts_of,
)
from simpost.config.section import Section
from simpost.domain.outcomes import OutcomeKind
from simpost.domain.reasons import Reason

PLACEHOLDERS: Final = (
    "destination",
    "text",
    "sender",
    "message_id",
    "part",
    "parts",
    "encoding",
    "request_id",
)
"""What the templates of URL and body may name, in braces."""

OUTCOME_REASONS: Final = {
    OutcomeKind.ACCEPTED: (),
    OutcomeKind.THROTTLED: (Reason.THROTTLED,),
    OutcomeKind.UNREACHABLE: (Reason.CARRIER_BUSY, Reason.CARRIER_UNREACHABLE),
    OutcomeKind.IN_DOUBT: (Reason.UNCLEAR_RESPONSE, Reason.NO_RESPONSE),
    OutcomeKind.REFUSED: (
        Reason.CARRIER_REFUSED,
        Reason.UNDELIVERABLE,
        Reason.OPTED_OUT,
        Reason.SENDER_NOT_ALLOWED,
        Reason.SMS_NOT_SUPPORTED,
        Reason.NOT_INSTALLED,
        Reason.TEXT_TOO_LONG,
    ),
}
"""The reasons that the tables may give for an outcome; the first one is meant if none is given."""

_KNOWN: Final = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
_PATH: Final = r"^(?:[^.\s]+(?:\.[^.\s]+)*)?$"


def _checked_outcome(text: str) -> str:
    word, _, reason = text.partition("/")
    if word not in set(OutcomeKind):
        raise ValueError(f"{word!r} is no outcome (known: {', '.join(OutcomeKind)})")
    allowed = OUTCOME_REASONS[OutcomeKind(word)]
    if reason and reason not in allowed:
        known = ", ".join(allowed) or "none"
        raise ValueError(f"{word} has no reason {reason!r} (known: {known})")
    return text


def _checked_names(texts: list[str]) -> None:
    named = {name for text in texts for name in placeholders_in(text)}
    if unknown := sorted(named - set(PLACEHOLDERS)):
        raise ValueError(f"has no placeholder {{{unknown[0]}}} (known: {_KNOWN})")


def _checked_template(url: str) -> str:
    _checked_names([url])
    if placeholders_in(url.partition("://")[2].partition("/")[0]):
        raise ValueError("must not have a placeholder in its host")
    return url


def _checked_body(body: dict[str, JsonValue]) -> dict[str, JsonValue]:
    _checked_names(list(texts_of(body)))
    return body


_Outcome = Annotated[str, AfterValidator(_checked_outcome)]
_Status = Annotated[str, Field(pattern=r"^[1-5](?:[0-9]{2}|xx)$")]
_Code = Annotated[str, Field(min_length=1, max_length=64)]


_KEY_OCTETS: Final = 32


def _checked_public_key(text: str) -> str:
    try:
        octets = len(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        raise ValueError("must be base64") from None
    if text and octets != _KEY_OCTETS:
        raise ValueError(f"must be {_KEY_OCTETS} octets in base64, not {octets}")
    return text


class HttpCallback(Section):
    """What a generic carrier is told by its API at `callback_token`."""

    format: Literal["json", "form", "query"] = Field(
        default="json",
        description="Where the fields are: in a JSON body, in a form, or in the query of the URL.",
    )
    methods: frozenset[Literal["POST", "GET", "PUT", "PATCH"]] = Field(
        default=frozenset({"POST"}), min_length=1, description="Methods that the API uses."
    )
    list_path: str = Field(
        default="",
        pattern=_PATH,
        max_length=200,
        description="Where the list of reports is; empty: the body is one report, or a list of "
        "them. The other paths begin in a report.",
    )
    id_path: str = Field(
        pattern=r"^[^.\s]+(?:\.[^.\s]+)*$",
        max_length=200,
        description="Where a report has the message id.",
    )
    state_path: str = Field(
        pattern=r"^[^.\s]+(?:\.[^.\s]+)*$",
        max_length=200,
        description="Where a report has the state.",
    )
    code_path: str = Field(
        default="", pattern=_PATH, max_length=200, description="Where a report has an error code."
    )
    states: dict[_Code, Literal["delivered", "failed", "expired", "rejected", "waiting"]] = Field(
        min_length=1,
        max_length=100,
        description="What each state means: `waiting` for a handset that cannot be reached now. "
        "States that are not listed mean nothing.",
    )
    signature_header: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]*$", max_length=100)] = Field(
        default="",
        description="Header with a signature of the raw body, in hex or base64; empty: not signed. "
        'Not with `format = "query"`.',
    )
    signature_secret: SecretStr = Field(
        default=SecretStr(""), description="The key of a signature that is an HMAC."
    )
    signature_digest: Literal["sha1", "sha256", "sha512"] = Field(
        default="sha256", description="The hash function of the HMAC."
    )
    signature_public_key: Annotated[str, AfterValidator(_checked_public_key)] = Field(
        default="",
        max_length=100,
        description="The public key of an Ed25519 signature (RFC 8032), its 32 octets in base64; "
        "instead of `signature_secret`.",
    )
    signature_time_header: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]*$", max_length=100)] = (
        Field(
            default="",
            description="Header with the Unix time of an Ed25519 signature, which is then of the "
            "time, `|` and the body; empty: of the body alone.",
        )
    )
    signature_window_s: int = Field(
        default=300,
        ge=1,
        le=86_400,
        description="Seconds by which this time may differ from ours; beyond it the call is "
        "refused as a replay.",
    )

    @model_validator(mode="after")
    def _has_header_and_secret(self) -> HttpCallback:
        keys = [self.signature_secret.get_secret_value(), self.signature_public_key]
        if all(keys):
            raise ValueError("give either signature_secret or signature_public_key")
        if any(keys) != bool(self.signature_header):
            raise ValueError(
                "signature_header needs signature_secret or signature_public_key, and they need it"
            )
        if self.signature_time_header and not self.signature_public_key:
            raise ValueError("signature_time_header needs signature_public_key")
        if self.signature_header and self.format == "query":
            raise ValueError("a signature is of the body: it does not secure a query")
        return self


class HttpReply(Section):
    """Where calls of the API have texts from handsets; they come as `[carriers.callback]` says."""

    when_path: str = Field(
        default="",
        pattern=_PATH,
        max_length=200,
        description="Where a call says what it is; empty: it is a text if it has one.",
    )
    when: str = Field(
        default="", max_length=200, description="What is there if the call is a text."
    )
    list_path: str = Field(
        default="",
        pattern=_PATH,
        max_length=200,
        description="Where the list of texts is; empty: the body is one text, or a list of them. "
        "The other paths begin in a text.",
    )
    id_path: str = Field(
        pattern=r"^[^.\s]+(?:\.[^.\s]+)*$", max_length=200, description="Where a text has its id."
    )
    source_path: str = Field(
        pattern=r"^[^.\s]+(?:\.[^.\s]+)*$",
        max_length=200,
        description="Where a text has the number of the handset.",
    )
    destination_path: str = Field(
        pattern=r"^[^.\s]+(?:\.[^.\s]+)*$",
        max_length=200,
        description="Where a text has the number that it was sent to.",
    )
    text_path: str = Field(
        pattern=r"^[^.\s]+(?:\.[^.\s]+)*$",
        max_length=200,
        description="Where the text is. Without the paths below the API must join the parts of a "
        "long one.",
    )
    part_reference_path: str = Field(
        default="",
        pattern=_PATH,
        max_length=200,
        description="Where one of several parts has the reference that they share, a number or "
        "any text.",
    )
    part_total_path: str = Field(
        default="",
        pattern=_PATH,
        max_length=200,
        description="Where a part has the number of parts, at most 255.",
    )
    part_number_path: str = Field(
        default="",
        pattern=_PATH,
        max_length=200,
        description="Where a part has its own number; the first is 1.",
    )

    @model_validator(mode="after")
    def _has_all(self) -> HttpReply:
        if bool(self.when_path) != bool(self.when):
            raise ValueError("when_path and when need each other")
        parts = [self.part_reference_path, self.part_total_path, self.part_number_path]
        if any(parts) and not all(parts):
            raise ValueError(
                "part_reference_path, part_total_path and part_number_path need each other"
            )
        return self


class HttpCarrierSettings(CallbackUpstreamSettings):
    """A carrier reached by HTTP: simpost calls its API, one request per message."""

    type: Literal["http"] = Field(description="The type of carrier.")
    url: Annotated[Url, AfterValidator(_checked_template)] = Field(
        description="URL that sends a message. It may have placeholders after its host, such as "
        "`https://api.example.com/esims/{destination}/sms`.",
    )
    method: Literal["POST", "PUT", "PATCH", "GET"] = Field(
        default="POST", description="Method of the request. A GET has no body."
    )
    headers: Annotated[dict[str, SecretStr], AfterValidator(checked_headers)] = Field(
        default={},
        max_length=20,
        description='Headers of each request, such as `{ Authorization = "Bearer ..." }`.',
    )
    request_id_header: str = Field(
        default="",
        pattern=r"^[A-Za-z0-9-]*$",
        max_length=100,
        description="Header with `{request_id}`, such as `Idempotency-Key`; empty for none.",
    )
    auth: HttpAuth | None = Field(
        default=None, description="Credentials of each request: one of the tables below."
    )
    body: Annotated[dict[str, JsonValue], AfterValidator(_checked_body)] = Field(
        default={},
        validate_default=True,
        description="Template of the body. Texts may have the placeholders `{destination}`, "
        "`{text}`, `{sender}`, `{message_id}`, `{part}`, `{parts}`, `{encoding}` and "
        "`{request_id}`; URL or body must have the first two.",
    )
    body_format: Literal["json", "form"] = Field(
        default="json",
        description="How the body is written: as JSON, or as a form "
        "(`application/x-www-form-urlencoded`), whose lists repeat their name.",
    )
    encodings: dict[Literal["gsm7", "ucs2"], JsonValue] = Field(
        default={"gsm7": "gsm7", "ucs2": "ucs2"},
        description="What `{encoding}` is for a text in the GSM 7 bit alphabet, and for others.",
    )
    text_limit: int = Field(
        default=0,
        ge=0,
        le=100_000,
        description="Longest text of a request, in units of `text_unit`; 0 for no limit but "
        "`max_parts`.",
    )
    text_unit: Literal["sms", "characters", "utf16", "octets"] = Field(
        default="characters",
        description="What `text_limit` counts: SMS, characters of Unicode, UTF-16 units (as "
        "JavaScript, Java and .NET count), or octets of UTF-8.",
    )
    long_texts: LongTexts = LONG_TEXTS
    response_format: Literal["json", "xml"] = Field(
        default="json",
        description="How the body of responses is written. Paths of XML begin in its root element.",
    )
    id_path: str = Field(
        default="",
        pattern=_PATH,
        max_length=200,
        description="Where the response has the message id: keys and list positions, separated by "
        "dots, such as `messages.0.id`. Empty if the carrier returns no id.",
    )
    outcome_path: str = Field(
        default="",
        pattern=_PATH,
        max_length=200,
        description="Where the response says whether the message was accepted. Empty: its status "
        "says so.",
    )
    accepted: frozenset[str] = Field(
        default=frozenset({"true"}),
        max_length=50,
        description="Values at `outcome_path` that mean accepted. Any other one is refused, unless "
        "`errors` has its code.",
    )
    code_path: str = Field(
        default="",
        pattern=_PATH,
        max_length=200,
        description="Where the response has its error code. Empty: the value at `outcome_path`.",
    )
    errors: dict[_Code, _Outcome] = Field(
        default={},
        max_length=500,
        description='The outcome of error codes, such as `{ 1 = "throttled", 21610 = '
        '"refused/opted_out" }`: an outcome, and a reason after a slash.',
    )
    statuses: dict[_Status, _Outcome] = Field(
        default={},
        max_length=100,
        description="The outcome of statuses that differs from the usual one, such as `{ 409 = "
        '"accepted", 4xx = "refused" }`.',
    )

    callback: HttpCallback | None = Field(
        default=None,
        description="What the API reports of messages, and how: the table below. Without it "
        "nothing is reported.",
    )

    reply: HttpReply | None = Field(
        default=None,
        description="Which calls of the API are texts from handsets: the table below. Without it "
        "none is.",
    )

    @field_validator("reply")
    @classmethod
    def _has_a_callback(cls, reply: HttpReply | None, info: ValidationInfo) -> HttpReply | None:
        if reply and not info.data.get("callback"):
            raise ValueError("needs [carriers.callback]")
        return reply

    @field_validator("callback")
    @classmethod
    def _has_a_token(
        cls, callback: HttpCallback | None, info: ValidationInfo
    ) -> HttpCallback | None:
        token = info.data.get("callback_token")
        if callback and not (token and token.get_secret_value()):
            raise ValueError("needs callback_token")
        return callback

    @field_validator("body")
    @classmethod
    def _has_recipient_and_text(
        cls, body: dict[str, JsonValue], info: ValidationInfo
    ) -> dict[str, JsonValue]:
        texts = (info.data.get("url", ""), *texts_of(body))
        named = {name for text in texts for name in placeholders_in(text)}
        for name in ("destination", "text"):
            if name not in named:
                raise ValueError(f"must have the placeholder {{{name}}}")
        if body and info.data.get("method") == "GET":
            raise ValueError("a GET has no body: put the placeholders into url")
        return body

    @field_validator("encodings")
    @classmethod
    def _has_both(cls, encodings: dict[str, JsonValue]) -> dict[str, JsonValue]:
        if encodings.keys() != {"gsm7", "ucs2"}:
            raise ValueError("must have gsm7 and ucs2")
        return encodings

    @property
    def repeats_are_safe(self) -> bool:
        """Also if each request has its id: who sets that says that the API knows it."""
        texts = [self.url, *texts_of(self.body)]
        has_id = any("request_id" in placeholders_in(text) for text in texts)
        return self.repeat_in_doubt or has_id or bool(self.request_id_header)

    @property
    def called_url(self) -> str:
        return self.url
