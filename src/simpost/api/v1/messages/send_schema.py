"""The request of POST /v1/messages."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    model_validator,
)
from pydantic.json_schema import models_json_schema

from simpost.api.shared.error_messages import Matching
from simpost.api.shared.paging import Instant
from simpost.api.shared.schemas import Schema, to_ms
from simpost.api.v1.templates.fields import (
    LanguageTag,
    TemplateName,
    ValuesIn,
    VersionNumber,
)
from simpost.domain.messages import Category
from simpost.domain.options import Ports
from simpost.domain.senders import is_sender
from simpost.features.templates.service import TemplateRequest
from simpost.messaging.plan import DEFAULT_SEND_OPTIONS, SendOptions

MAX_CHARACTERS = 5000
MAX_OCTETS = 5000
MAX_VALIDITY_S = 30 * 86_400
MAX_BATCH = 1000
"""Messages of a request."""


def _check_no_nul(text: str) -> str:
    if "\x00" in text:
        raise ValueError("must not contain a NUL character")
    return text


def _check_sender(text: str) -> str:
    if not is_sender(text):
        raise ValueError("must be up to 15 digits, or up to 11 letters and digits")
    return text


Identifier = Annotated[
    StrictStr,
    Matching(r"^[!-~]{1,64}$", "must be 1 to 64 visible ASCII characters, without spaces"),
]
Msisdn = Annotated[
    str,
    Matching(r"^\+?[0-9]{1,15}$", "must be the eSIM's number: 1 to 15 digits, with + or without"),
    AfterValidator(lambda number: number.removeprefix("+")),
]
IdempotencyKey = Annotated[
    StrictStr, Matching(r"^[ -~]{1,128}$", "must be 1 to 128 printable ASCII characters")
]
Reference = Annotated[
    StrictStr,
    Matching(
        r"^[!-~](?:[ -~]{0,126}[!-~])?$",
        "must be 1 to 128 printable ASCII characters, without a space at the beginning or end",
    ),
]
Port = Annotated[StrictInt, Field(ge=0, le=65_535)]


Sender = Annotated[StrictStr, AfterValidator(_check_sender)]


class PortsIn(Schema):
    """Application ports on the handset, sent in the user data header."""

    destination: Port
    source: Port = 0
    bits: Annotated[
        Literal[8, 16], Field(description="Width of a port: 8 (element 0x04) or 16 (element 0x05).")
    ] = 16

    @model_validator(mode="after")
    def _check_width(self) -> PortsIn:
        if max(self.destination, self.source) >= 1 << self.bits:
            raise ValueError(f"a port does not fit into {self.bits} bits")
        return self


def _requires(name: str) -> dict[str, Any]:
    """JSON Schema: the field is present and not null."""
    return {"required": [name], "properties": {name: {"type": "string"}}}


NAMES_AN_ESIM: dict[str, Any] = {
    "anyOf": [_requires("esimTranNo"), _requires("iccid"), _requires("msisdn")]
}
"""JSON Schema: at least one field names the eSIM."""


class MessageRequest(Schema):
    """A message to one eSIM, with `text`, `binary` or `template`.

    `esimTranNo`, `iccid` or `msisdn` names the eSIM; if several are given, they must agree.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "allOf": [
                NAMES_AN_ESIM,
                {"oneOf": [_requires("text"), _requires("binary"), _requires("template")]},
            ]
        }
    )

    esim_tran_no: Identifier | None = None
    iccid: Identifier | None = None
    msisdn: Msisdn | None = None
    text: (
        Annotated[
            StrictStr,
            Field(
                min_length=1,
                max_length=MAX_CHARACTERS,
                json_schema_extra={"pattern": "^[^\\x00]*$"},
            ),
            AfterValidator(_check_no_nul),
        ]
        | None
    ) = None
    binary: (
        Annotated[
            StrictStr,
            Field(max_length=2 * MAX_OCTETS, description="Octets in hex digits."),
            Matching(r"^(?:[0-9a-fA-F]{2})+$", "must be octets in hex digits, two per octet"),
        ]
        | None
    ) = None
    ports: PortsIn | None = None
    from_: Sender | None = Field(
        default=None,
        alias="from",
        description="Shown by the handset: up to 15 digits, or up to 11 letters and digits.",
    )
    message_class: Annotated[StrictInt, Field(ge=0, le=3)] | None = Field(
        default=None, alias="class", description="0 is flash (TS 23.038 4)."
    )
    receipt: StrictBool = True
    look_alikes: StrictBool | None = Field(
        default=None,
        description="Replace characters by look-alikes, such as curly quotes by straight ones, "
        "where that saves parts. null: as set for the account.",
    )
    category: Category | None = None
    reference: Reference | None = Field(
        default=None,
        description="Your own string for the message, such as an order number. It is stored, shown "
        "and sent to webhooks; nobody on the way sees it.",
    )
    template: TemplateName | None = Field(
        default=None, description="Name of the template to render instead of a text."
    )
    template_version: VersionNumber | None = Field(
        default=None, description="null: the latest version."
    )
    values: ValuesIn | None = Field(
        default=None, description="Values of the variables of the template, by name."
    )
    language: LanguageTag | None = Field(
        default=None,
        description="Language of the recipient; null: that of the preferences of the eSIM. Without "
        "a close text the template is rendered in its default language.",
    )
    validity_seconds: Annotated[StrictInt, Field(ge=1, le=MAX_VALIDITY_S)] | None = None
    send_at: Instant | None = Field(
        default=None,
        description="Time to send it, up to 60 days ahead; null sends it now. The validity period "
        "begins at that time.",
    )
    expires_at: Instant | None = Field(
        default=None,
        description="Time after which it is not worth sending, instead of `validitySeconds`: at "
        "most 30 days after `sendAt`, or from now. Quiet hours do not move it.",
    )
    idempotency_key: IdempotencyKey | None = Field(
        default=None,
        description="Sends with one key send it once. Default: the Idempotency-Key header.",
    )
    dry_run: StrictBool = Field(
        default=False,
        description="Decide, but commit and send nothing; as the query parameter. In a batch it "
        "belongs beside `messages`.",
    )

    @model_validator(mode="after")
    def _check_fields(self) -> MessageRequest:
        if self.esim_tran_no is None and self.iccid is None and self.msisdn is None:
            raise ValueError("give esimTranNo, iccid or msisdn")
        if sum(each is not None for each in (self.text, self.binary, self.template)) != 1:
            raise ValueError("give one of text, binary and template")
        if self.template is None and self._has_template_fields:
            raise ValueError("templateVersion, values and language need template")
        if self.ports and self.binary is None:
            raise ValueError("ports need binary")
        if self.expires_at is not None and self.validity_seconds is not None:
            raise ValueError("give expiresAt or validitySeconds")
        return self

    @property
    def _has_template_fields(self) -> bool:
        fields = (self.template_version, self.values, self.language)
        return any(each is not None for each in fields)

    @property
    def template_request(self) -> TemplateRequest | None:
        """What to render; `None` if the message has no template."""
        if self.template is None:
            return None
        return TemplateRequest(
            self.template, self.values or {}, self.template_version, self.language
        )

    @property
    def content(self) -> str:
        """The text, or the octets of a binary message in hex digits; empty with a template."""
        return self.text if self.text is not None else (self.binary or "").lower()

    @property
    def send_at_ms(self) -> int | None:
        """Milliseconds since 1970; `None` to send now."""
        return None if self.send_at is None else to_ms(self.send_at)

    @property
    def expires_at_ms(self) -> int | None:
        """Milliseconds since 1970; `None` without a time of its own."""
        return None if self.expires_at is None else to_ms(self.expires_at)

    @property
    def options(self) -> SendOptions:
        """The options of the message, as the decision reads them."""
        ports = self.ports
        options = SendOptions(
            sender=self.from_,
            message_class=self.message_class,
            receipt=self.receipt,
            binary=self.binary is not None,
            ports=Ports(ports.destination, ports.source, ports.bits) if ports else None,
            look_alikes=self.look_alikes,
        )
        return DEFAULT_SEND_OPTIONS if options == DEFAULT_SEND_OPTIONS else options


class MessageBatch(Schema):
    """Messages of one request. Each is accepted or refused by itself."""

    messages: Annotated[list[MessageRequest], Field(min_length=1, max_length=MAX_BATCH)]
    dry_run: StrictBool = Field(default=False, description="As in a message, for all of them.")


def message_schemas() -> dict[str, Any]:
    """The JSON schemas of a message and of a batch, by name, with those that they refer to."""
    models: list[tuple[type[Schema], Literal["validation"]]] = [
        (MessageRequest, "validation"),
        (MessageBatch, "validation"),
    ]
    _, document = models_json_schema(models, ref_template="#/components/schemas/{model}")
    schemas: dict[str, Any] = document["$defs"]
    return schemas
