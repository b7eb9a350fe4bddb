"""The settings, one class per section of the TOML file.

Every description is the reference text of docs/configuration.md.
"""

from __future__ import annotations

import base64
import binascii
import math
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
)

from simpost.domain.messages import Category
from simpost.domain.senders import is_sender

_NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$"
_SQLITE = "sqlite:///"
_DAY_S = 86_400
_POSTGRES = ("postgresql://", "postgres://")


class Section(BaseModel):
    """A section of the file: unknown keys and other types than documented are refused."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False, hide_input_in_errors=True
    )


class Server(Section):
    """The HTTP server."""

    host: str = Field(default="127.0.0.1", min_length=1, description="Address to listen on.")
    port: int = Field(
        default=8080, ge=0, le=65_535, description="Port to listen on; 0 takes a free one."
    )
    operator_token: SecretStr = Field(
        min_length=16,
        description="Bearer token of the operator's endpoints and commands. A secret of your own.",
    )
    metrics_token: SecretStr = Field(
        default=SecretStr(""),
        description="Bearer token that opens `/metrics` and nothing else, of 16 characters or "
        "more; empty: only `operator_token` opens it.",
    )
    drain_s: float = Field(
        default=0,
        ge=0,
        le=600,
        description="How long after SIGTERM requests are still taken while `/readyz` says no, so "
        "that a load balancer asks others before the port closes.",
    )
    max_body_octets: int = Field(
        default=1_048_576,
        ge=65_536,
        le=67_108_864,
        description="Largest request body that is read; a larger one is refused with 413.",
    )
    timestamp_window_s: int = Field(
        default=300,
        ge=1,
        le=86_400,
        description="How far the timestamp of a signed request may be from our clock.",
    )
    allow_private_webhooks: bool = Field(
        default=False,
        description="Let webhooks go to loopback, private and link-local addresses.",
    )

    @field_validator("metrics_token")
    @classmethod
    def _long_enough(cls, token: SecretStr) -> SecretStr:
        if 0 < len(token.get_secret_value()) < 16:
            raise ValueError("must have at least 16 characters")
        return token


class Store(Section):
    """Where what was accepted is kept."""

    database_url: str = Field(
        default="sqlite:///simpost.db",
        validate_default=True,
        repr=False,
        description="`sqlite:///FILE`; a relative FILE is relative to the configuration file, "
        "`sqlite:////FILE` is absolute. Or `postgresql://USER:PASSWORD@HOST/DATABASE`, see "
        "[postgres.md](postgres.md).",
    )
    listen_url: str = Field(
        default="",
        repr=False,
        description="PostgreSQL without the pooler, to hear at once what other nodes accepted; "
        "empty: `database_url`, or only asking where that says `pgbouncer=true`.",
    )
    secrets_key: SecretStr = Field(
        description="Fernet key (32 octets, URL-safe base64) that seals secrets in the store. "
        "Without it they cannot be read again: keep a copy apart from the store.",
    )

    @property
    def is_embedded(self) -> bool:
        return self.database_url.startswith(_SQLITE)

    @property
    def path(self) -> Path:
        """The file of the embedded store; absolute when loaded from a file."""
        return Path(self.database_url.removeprefix(_SQLITE))

    @field_validator("database_url")
    @classmethod
    def _a_file_or_database(cls, url: str, info: ValidationInfo) -> str:
        if url.startswith(_POSTGRES):
            return url
        if not url.startswith(_SQLITE) or not (name := url.removeprefix(_SQLITE)):
            raise ValueError("must be sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE")
        if ":memory:" in name or "?" in name:
            raise ValueError("must be a plain file: what is accepted has to survive")
        folder = (info.context or {}).get("folder", Path())
        return _SQLITE + str(folder / name)

    @field_validator("listen_url")
    @classmethod
    def _a_database(cls, url: str) -> str:
        if url and not url.startswith(_POSTGRES):
            raise ValueError("must be postgresql://USER:PASSWORD@HOST/DATABASE")
        return url

    @field_validator("secrets_key")
    @classmethod
    def _a_fernet_key(cls, key: SecretStr) -> SecretStr:
        try:
            octets = base64.b64decode(key.get_secret_value(), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            octets = b""
        if len(octets) != 32:
            raise ValueError("must be a Fernet key: 32 octets in URL-safe base64")
        return key


Role = Literal["api", "dispatch", "carrier"]
ROLES: tuple[Role, ...] = ("api", "dispatch", "carrier")


class Node(Section):
    """One process among several on one PostgreSQL ([nodes.md](nodes.md))."""

    name: str = Field(
        default="",
        pattern=rf"^$|{_NAME[:-1]}$",
        description="What the node is called; no two have the same name. Empty: the host and four "
        "characters of chance.",
    )
    roles: frozenset[Role] = Field(
        default=frozenset(ROLES),
        min_length=1,
        description="What it does: takes requests, keeps the queue in order, keeps binds.",
    )
    lease_s: float = Field(
        default=15,
        ge=3,
        le=300,
        description="How long a node that says nothing still owns its binds. After half of it "
        "without an answer of the database it gives them up.",
    )


class Messages(Section):
    """What holds for every message."""

    validity_s: int = Field(
        default=172_800,
        ge=60,
        le=2_592_000,
        description="How long a message is tried when the request does not say.",
    )
    repeat_in_doubt: frozenset[Category] = Field(
        default=frozenset(
            {Category.SERVICE, Category.SUPPORT, Category.NOTICE, Category.PROMOTION}
        ),
        description="Categories whose parts are sent again when bytes left and no answer came. "
        "The others are left in doubt: the handset never shows them twice.",
    )
    failover_after_s: float = Field(
        default=10,
        ge=1,
        le=3600,
        description="How long a carrier may be closed, or take nothing it is given, before what "
        "waits for it goes by the next carrier of its route.",
    )
    receipt_grace_s: int = Field(
        default=86_400,
        ge=60,
        le=2_592_000,
        description="How long after its validity a message that was sent may still be reported on; "
        "then it ends as expired with `no_receipt`.",
    )
    keep_days: int = Field(
        default=0,
        ge=0,
        le=36_500,
        description="How long messages stay in the log, those older are dropped once an hour, on "
        "PostgreSQL by whole weeks; 0 keeps all. At least as long as `validity_s` and "
        "`receipt_grace_s` together, so that each has had its end.",
    )

    @field_validator("keep_days")
    @classmethod
    def _past_the_end(cls, days: int, info: ValidationInfo) -> int:
        end_s = info.data.get("validity_s", 0) + info.data.get("receipt_grace_s", 0)
        if 0 < days < end_s / _DAY_S:
            raise ValueError(
                f"must be 0 or at least {math.ceil(end_s / _DAY_S)}: "
                "validity_s and receipt_grace_s together"
            )
        return days


def _is_sender(text: str) -> str:
    if text and not is_sender(text):
        raise ValueError("must be up to 15 digits, or up to 11 letters and digits")
    return text


def _is_sender_or_any(text: str) -> str:
    if not text:
        raise ValueError("must not be empty")
    return text if text == "*" else _is_sender(text)


def _fits_c_octets(limit: int) -> AfterValidator:
    def check(secret: SecretStr) -> SecretStr:
        text = secret.get_secret_value()
        if not text.isascii() or len(text) > limit:
            raise ValueError(f"must be ASCII of at most {limit} octets")
        return secret

    return AfterValidator(check)


def _beside_the_file(name: str, info: ValidationInfo) -> str:
    folder = (info.context or {}).get("folder", Path())
    return str(folder / name) if name else ""


_File = Annotated[str, AfterValidator(_beside_the_file)]
_Ascii = Annotated[str, Field(pattern=r"^[\x20-\x7e]*$")]
_Octet = Annotated[int, Field(ge=0, le=255)]
_TonNpi = Annotated[str, Field(pattern=r"^[0-7]/(?:1[0-8]|[0-9])$")]
_TonNpiOrNone = Annotated[str, Field(pattern=r"^(?:[0-7]/(?:1[0-8]|[0-9]))?$")]


class SmppCarrier(Section):
    """A carrier reached by SMPP: we are the ESME that binds to its SMSC."""

    type: Literal["smpp"] = Field(description="The kind of carrier.")
    name: str = Field(pattern=_NAME, description="Name used by routes, logs and metrics.")
    host: str = Field(min_length=1, description="Host name or address of the SMSC.")
    port: int = Field(default=2775, ge=1, le=65_535, description="TCP port of the SMSC.")
    system_id: _Ascii = Field(
        min_length=1, max_length=15, description="Name to bind with, 1 to 15 characters."
    )
    password: Annotated[SecretStr, _fits_c_octets(8)] = Field(
        description="Password to bind with, at most 8 octets."
    )
    system_type: _Ascii = Field(
        default="", max_length=12, description="Only where the operator asks."
    )
    bind: Literal["transceiver", "transmitter_receiver", "transmitter"] = Field(
        default="transceiver",
        description="One link for both directions, one link for each, or one that only sends.",
    )
    binds: int = Field(
        default=1, ge=1, le=32, description="How many such links, or pairs of links, at a time."
    )
    tls: bool = Field(default=False, description="Connect by TLS.")
    tls_verify: bool = Field(
        default=True,
        description="Check whose certificate it is; without it anyone on the way can read and "
        "send.",
    )
    tls_ca_file: _File = Field(
        default="",
        description="Certificate authorities to trust, in PEM; empty takes the system's.",
    )
    tls_server_name: str = Field(
        default="", description="Name the certificate must have, where it is not `host`."
    )
    tls_cert_file: _File = Field(
        default="", description="Our certificate in PEM, where the operator asks for one."
    )
    tls_key_file: _File = Field(
        default="", description="Its key in PEM; empty when it is in `tls_cert_file`, too."
    )
    interface_version: Literal["3.4", "5.0"] = Field(
        default="3.4", description="SMPP version announced in the bind."
    )
    window: int = Field(
        default=10, ge=1, le=1000, description="Most PDUs on the way without an answer, per link."
    )
    rate_per_s: float = Field(
        default=0,
        ge=0,
        le=100_000,
        description="Most submit_sm per second and link; 0 sets no limit.",
    )
    enquire_link_s: float = Field(
        default=30, ge=1, le=3600, description="Silence after which the link is asked if it lives."
    )
    response_timeout_s: float = Field(
        default=30,
        ge=1,
        le=600,
        description="How long an answer is waited for; then the part is in doubt.",
    )
    bind_timeout_s: float = Field(
        default=10, ge=1, le=120, description="How long connecting and binding may take together."
    )
    reconnect_min_s: float = Field(
        default=1,
        ge=0.1,
        le=600,
        description="First wait after a lost link; doubled each time, jittered.",
    )
    reconnect_max_s: float = Field(
        default=60, ge=0.1, le=3600, description="Longest wait between tries."
    )
    bind_refused_wait_s: float = Field(
        default=120,
        ge=0.1,
        le=86_400,
        description="Wait after a bind was refused: bound already, wrong password, unknown name.",
    )
    statuses: dict[str, Literal["retry", "throttle", "refuse", "bind", "doubt"]] = Field(
        default={},
        description='What an error status means here, where it is not the usual: `"0x00000045" = '
        '"retry"`.',
    )
    retry_after_s: float = Field(
        default=0,
        ge=0,
        le=86_400,
        description="Pause before a part is offered again after a passing fault; 0 begins with 5 s "
        "and doubles it up to 300 s.",
    )
    outbind_port: int = Field(
        default=0,
        ge=0,
        le=65_535,
        description="Port on which the operator calls us and asks us to bind as a receiver; 0 "
        "takes no calls.",
    )
    outbind_host: str = Field(
        default="127.0.0.1", min_length=1, description="Address to take such calls on."
    )
    outbind_system_id: _Ascii = Field(
        default="", max_length=15, description="Name the caller must give; empty takes any."
    )
    outbind_password: Annotated[SecretStr, _fits_c_octets(8)] = Field(
        default=SecretStr(""),
        description="Password the caller must give; wanted with `outbind_port`.",
    )
    source_address: Annotated[str, AfterValidator(_is_sender)] = Field(
        default="",
        description="Sender the handset shows: up to 15 digits, or up to 11 letters and digits; "
        "empty leaves it to the operator.",
    )
    senders: frozenset[Annotated[str, AfterValidator(_is_sender_or_any)]] = Field(
        default=frozenset(),
        description='Other senders a message may ask for with `from`; `"*"` lets it ask for any.',
    )
    number_ton_npi: _TonNpi = Field(
        default="1/1",
        description="Type of number and numbering plan of a sender of 9 digits or more.",
    )
    short_code_ton_npi: _TonNpi = Field(
        default="3/0",
        description='The same of a sender of up to 8 digits; some operators want `"0/0"`.',
    )
    name_ton_npi: _TonNpi = Field(default="5/0", description="The same of a sender with letters.")
    destination_ton_npi: _TonNpiOrNone = Field(
        default="",
        description='The same of the destination; empty takes `"1/1"` for an MSISDN, `"0/6"` for '
        'an IMSI and `"0/0"` for the others.',
    )
    address: Literal["msisdn", "imsi", "iccid", "esim_tran_no"] = Field(
        default="msisdn", description="Which identifier of the eSIM is the destination."
    )
    reference_bits: Literal[8, 16] = Field(
        default=16, description="Width of the concatenation reference of long messages."
    )
    concatenation: Literal["udh", "sar", "payload"] = Field(
        default="udh",
        description="How a long message goes: in parts with a user data header, in parts with the "
        "TLVs `sar_*`, or whole in the TLV `message_payload`.",
    )
    default_alphabet: Literal["gsm7", "latin1", "ascii"] = Field(
        default="gsm7",
        description="What the operator takes `default_data_coding` for; a text that does not fit "
        "this alphabet goes as UCS-2.",
    )
    default_data_coding: _Octet = Field(
        default=0, description="`data_coding` of texts in the default alphabet."
    )
    languages: frozenset[Annotated[int, Field(ge=1, le=13)]] = Field(
        default=frozenset(),
        description="National language tables the operator passes on (TS 23.038 6.2.1.2.4): "
        "1 Turkish, 2 Spanish, 3 Portuguese, 4 Bengali, 5 Gujarati, 6 Hindi, 7 Kannada, "
        "8 Malayalam, 9 Oriya, 10 Punjabi, 11 Tamil, 12 Telugu, 13 Urdu.",
    )
    gsm7: Literal["unpacked", "packed"] = Field(
        default="unpacked", description="How the operator takes septets: one an octet, or packed."
    )
    message_class: Literal["general", "group_f", "subunit", "off"] = Field(
        default="general",
        description="How class 0 (flash) is told: `data_coding` 0x10, 0x14 and 0x18; 0xF0 and 0xF4 "
        "(UCS-2: 0x18); the TLV `dest_addr_subunit`; or not at all.",
    )
    binary: bool = Field(
        default=True, description="The operator takes binary and port-addressed messages."
    )
    binary_data_coding: _Octet = Field(
        default=4, description="`data_coding` of binary messages; some operators want 0xF5."
    )
    max_parts: int = Field(default=10, ge=1, le=255, description="Most parts of one message.")
    service_type: _Ascii = Field(
        default="", max_length=5, description="Only where the operator asks."
    )
    validity: Literal["relative", "absolute", "off"] = Field(
        default="relative",
        description="How `validity_period` tells the operator when a message expires.",
    )


class Route(Section):
    """A rule that picks the carriers; the first one that fits is taken."""

    carrier: str = Field(default="", description="Name of the carrier, where there is one only.")
    carriers: tuple[str, ...] = Field(
        default=(),
        description="Names of carriers in order: the next takes over where one is down, refuses us "
        "or is too slow. Either this or `carrier`.",
    )
    msisdn_prefix: str = Field(
        default="",
        pattern=r"^[0-9]*$",
        description="First digits of the eSIM's MSISDN, without plus.",
    )
    imsi_prefix: str = Field(
        default="", pattern=r"^[0-9]*$", description="First digits of the IMSI."
    )
    plan: str = Field(default="", description="Slug or package code of the eSIM's plan.")
    account: str = Field(default="", description="Access code of the account that sends.")

    @property
    def order(self) -> tuple[str, ...]:
        """The carriers, the one to try first in front."""
        return self.carriers or (self.carrier,)


class Number(Section):
    """A number or short code that people text to; those that messages are sent from are known."""

    number: Annotated[str, AfterValidator(_is_sender)] = Field(
        min_length=1, description="As the operator writes it, with or without plus."
    )
    account: str = Field(
        default="",
        description="Access code of the one account whose number it is; empty: a text belongs to "
        "the account of the eSIM that it came from.",
    )


class Log(Section):
    """What is written to stderr."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least important lines that are written."
    )
    format: Literal["console", "json"] = Field(
        default="console", description="For people, or machines."
    )


class Tracing(Section):
    """Traces of messages by OpenTelemetry; needs `pip install 'simpost[otel]'`."""

    endpoint: str = Field(
        default="",
        pattern=r"^(?:https?://\S+)?$",
        description="Where a collector takes OTLP over HTTP, such as "
        "`http://127.0.0.1:4318/v1/traces`; empty: nothing is traced.",
    )
    share: float = Field(
        default=0.01,
        ge=0,
        le=1,
        description="Of all messages, how many are traced; those whose caller traces them, too.",
    )


class Settings(Section):
    """The whole file."""

    server: Server
    store: Store
    node: Node = Node()
    messages: Messages = Messages()
    carriers: tuple[SmppCarrier, ...] = ()
    routes: tuple[Route, ...] = ()
    numbers: tuple[Number, ...] = ()
    log: Log = Log()
    tracing: Tracing = Tracing()
