"""The whole file: a class per section, the carriers' and the store's in files of their own.

Every description is the reference text of docs/configuration.md.
"""

from __future__ import annotations

import ipaddress
import math
import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr, ValidationInfo, field_validator

from simpost.config.carriers import CarrierSettings
from simpost.config.console import ConsoleSettings
from simpost.config.conversations import ConversationSettings
from simpost.config.lifecycle import LifecycleSettings
from simpost.config.mcp import McpSendingSettings
from simpost.config.policy import OpenHoursSettings, PolicySettings
from simpost.config.preferences import PreferenceSettings
from simpost.config.section import Section, SenderOrNone
from simpost.config.sender_rules import RegisteredSenderSettings, SenderRuleSettings
from simpost.config.smpp_server import SmppServerSettings
from simpost.config.sources import SourceSettings
from simpost.config.store import NodeSettings, StoreSettings
from simpost.config.verifications import VerificationSettings
from simpost.domain.messages import Category

_DAY_S = 86_400
_HOST_NAME = re.compile(r"\.?[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?")


class ServerSettings(Section):
    """The HTTP server."""

    host: str = Field(default="127.0.0.1", min_length=1, description="Address to listen on.")
    port: int = Field(
        default=8080, ge=0, le=65_535, description="Port to listen on; 0: a free one."
    )
    public_url: str = Field(
        default="",
        pattern=r"^(?:https?://[^\s/?#]+(?:/[^\s?#]*)?)?$",
        description="URL under which travellers reach this service, such as "
        "`https://sms.example.com`: for links in messages ([preferences.md](preferences.md)). "
        "Short, since every character is sent; empty: no links.",
    )
    admin_token: SecretStr = Field(
        min_length=16,
        description="Bearer token of the admin endpoints and commands. Choose your own secret.",
    )
    metrics_token: SecretStr = Field(
        default=SecretStr(""),
        description="Bearer token that opens `/metrics` and nothing else, of 16 characters or "
        "more; empty: only `admin_token` opens it.",
    )
    drain_s: float = Field(
        default=0,
        ge=0,
        le=600,
        description="Seconds after SIGTERM in which requests are still served while `/readyz` "
        "fails, so that a load balancer turns to other nodes before the port closes.",
    )
    allowed_hosts: tuple[str, ...] = Field(
        default=(),
        description="Allowed names in `Host`, such as `sms.example.com`, or `.example.com` for "
        "all names under it; others get 421. An address and `localhost` are always allowed. "
        'Empty: any name, but on loopback only `localhost`, against DNS rebinding; `["*"]`: '
        "any name there too.",
    )
    trusted_proxies: tuple[str, ...] = Field(
        default=(),
        description="Addresses or networks of trusted proxies, such as `127.0.0.1` or "
        "`10.0.0.0/8`. Only their `X-Forwarded-For` and `X-Forwarded-Proto` are used. Empty: "
        "these headers are ignored.",
    )
    proxy_hops: int = Field(
        default=1,
        ge=1,
        le=16,
        description="Largest number of trusted proxies a request passes: as many entries at the "
        "end of `X-Forwarded-For` are used.",
    )
    keep_alive_s: int = Field(
        default=75,
        ge=1,
        le=3600,
        description="Seconds an idle connection is kept open. Should be longer than that of "
        "clients and proxies, so that they close first.",
    )
    unread_response_timeout_s: int = Field(
        default=30,
        ge=1,
        le=600,
        description="Seconds to wait for a client that does not read its response; then the "
        "connection is closed.",
    )
    max_body_octets: int = Field(
        default=131_072,
        ge=65_536,
        le=67_108_864,
        description="Largest request body in octets; a larger one is refused with 413. Imports "
        "of the administrator may have 4 MiB, batches of messages 1 MiB. Parsing JSON takes about "
        "8 ms per 131,072 octets.",
    )
    timestamp_window_s: int = Field(
        default=300,
        ge=1,
        le=43_200,
        description="Largest difference in seconds between the timestamp of a signed request "
        "and the clock. At most half of the 24 hours for which signatures are remembered.",
    )
    allow_private_webhooks: bool = Field(
        default=False,
        description="Allow webhooks to loopback, private and link-local addresses.",
    )
    shapes: tuple[Literal["esim_go", "esimfly", "twilio"], ...] = Field(
        default=(),
        description="APIs of other companies that simpost answers too, so that their clients work "
        "unchanged ([shapes.md](shapes.md)). Empty: none.",
    )
    plan_prices: Literal["own", "imported"] = Field(
        default="own",
        description="Prices that `package/list` shows an account. `own`: those imported for it "
        "with `--account`, else 0. `imported`: its own, else `price` and `retailPrice` of the "
        "imported plan, which are usually what you pay.",
    )

    @field_validator("allowed_hosts")
    @classmethod
    def _are_names(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if name != "*" and not _HOST_NAME.fullmatch(name):
                raise ValueError(f"{name!r} must be a name without scheme and port, or *")
        return names

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, networks: tuple[str, ...]) -> tuple[str, ...]:
        for network in networks:
            try:
                ipaddress.ip_network(network, strict=False)
            except ValueError:
                raise ValueError(f"{network!r} must be an address or a network") from None
        return networks

    @field_validator("metrics_token")
    @classmethod
    def _long_enough(cls, token: SecretStr) -> SecretStr:
        if 0 < len(token.get_secret_value()) < 16:
            raise ValueError("must have at least 16 characters")
        return token


def _are_days(days: dict[Category, int]) -> dict[Category, int]:
    for category, each in days.items():
        if not 0 <= each <= 36_500:
            raise ValueError(f"{category} must be between 0 and 36500")
    return days


class MessageSettings(Section):
    """Validity, repeats, failover and retention of messages."""

    validity_s: int = Field(
        default=172_800,
        ge=60,
        le=2_592_000,
        description="Validity of a message in seconds if the request gives none.",
    )
    repeat_in_doubt: frozenset[Category] = Field(
        default=frozenset(
            {Category.SERVICE, Category.SUPPORT, Category.NOTICE, Category.PROMOTION}
        ),
        description="Categories whose parts are sent again when they are in doubt. Other "
        "categories stay in doubt: the handset never shows them twice. An HTTP carrier sends "
        "again only if its API can tell a repeat ([carriers.md](carriers.md#outcome-by-status)).",
    )
    max_repeats: int = Field(
        default=3,
        ge=0,
        le=10,
        description="Most repeats of a part in doubt, after 60 s, 120 s, 240 s and so on; then "
        "it waits for a receipt until it expires. Also the most repeats after an unspecific "
        "error (ESME_RUNKNOWNERR); then the part is refused.",
    )
    failover_after_s: float = Field(
        default=10,
        ge=1,
        le=3600,
        description="Seconds a carrier may be down, or accept nothing, before its queued "
        "messages move to the next carrier of their route.",
    )
    receipt_grace_s: int = Field(
        default=86_400,
        ge=60,
        le=2_592_000,
        description="Seconds after the validity in which a receipt for a sent message is "
        "awaited; then the message expires with `no_receipt`.",
    )
    bulk_undo_s: int = Field(
        default=30,
        ge=0,
        le=3600,
        description="Seconds in which a bulk job can be undone before it begins, if its request "
        "gives none ([bulk.md](bulk.md)).",
    )
    keep_days: int = Field(
        default=0,
        ge=0,
        le=36_500,
        description="Days that messages and inbound messages stay in the log; older ones are "
        "deleted once an hour, on PostgreSQL in whole weeks. 0: keep all. At least "
        "`validity_s` and `receipt_grace_s` together, so that every message is final.",
    )
    redact_days: Annotated[dict[Category, int], AfterValidator(_are_days)] = Field(
        default={Category.CODE: 1},
        description="Days after which the texts of a category are erased, while the messages stay "
        "in the log ([sealing.md](sealing.md#erase-texts)); 0: with the messages.",
    )
    redact_inbound_days: int = Field(
        default=0,
        ge=0,
        le=36_500,
        description="The same for texts of travellers, the words of their preference changes and "
        "flags, and notes of conversations; 0: with their records.",
    )

    @field_validator("redact_days")
    @classmethod
    def _keep_defaults(cls, given: dict[Category, int]) -> dict[Category, int]:
        """A category that is not given keeps its default."""
        return {**cls.model_fields["redact_days"].default, **given}

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


class EventSettings(Section):
    """Retention of events. An account keeps them if its setting `events` is on."""

    keep_days: int = Field(
        default=30,
        ge=1,
        le=3_650,
        description="Days that events are kept; older ones are deleted once an hour.",
    )


class RouteSettings(Section):
    """A rule that selects carriers; the first matching rule is used."""

    carrier: str = Field(default="", description="Name of the carrier, if there is only one.")
    carriers: tuple[str, ...] = Field(
        default=(),
        description="Names of carriers in order: the next one is used when one is down, refuses "
        "or is too slow. Give either this or `carrier`.",
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
    account: str = Field(default="", description="Access code of the sending account.")

    @property
    def order(self) -> tuple[str, ...]:
        """The carriers, the one to try first in front."""
        return self.carriers or (self.carrier,)


class NumberSettings(Section):
    """An own number or short code that people text to. Senders of carriers need no entry."""

    number: SenderOrNone = Field(
        min_length=1, description="The number as the carrier writes it, with or without plus."
    )
    account: str = Field(
        default="",
        description="Access code of the account that owns the number; empty: a text belongs to "
        "the account of the eSIM that sent it.",
    )


class LogSettings(Section):
    """Log lines on stderr."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Lowest level that is written."
    )
    format: Literal["console", "json"] = Field(
        default="console",
        description="Format of log lines: `console` for people, `json` for programs.",
    )


class TracingSettings(Section):
    """OpenTelemetry traces of messages; needs `pip install 'simpost[otel]'`."""

    endpoint: str = Field(
        default="",
        pattern=r"^(?:https?://\S+)?$",
        description="URL of an OTLP/HTTP collector, such as `http://127.0.0.1:4318/v1/traces`; "
        "empty: no tracing.",
    )
    sample_ratio: float = Field(
        default=0.01,
        ge=0,
        le=1,
        description="Fraction of messages to trace. Messages with an incoming trace context are "
        "always traced.",
    )


class Settings(Section):
    """The whole file."""

    server: ServerSettings
    store: StoreSettings
    node: NodeSettings = NodeSettings()
    messages: MessageSettings = MessageSettings()
    events: EventSettings = EventSettings()
    preferences: PreferenceSettings = PreferenceSettings()
    policy: PolicySettings = PolicySettings()
    verifications: VerificationSettings = VerificationSettings()
    lifecycle: LifecycleSettings = LifecycleSettings()
    conversations: ConversationSettings = ConversationSettings()
    carriers: tuple[CarrierSettings, ...] = ()
    routes: tuple[RouteSettings, ...] = ()
    numbers: tuple[NumberSettings, ...] = ()
    open_hours: tuple[OpenHoursSettings, ...] = ()
    sender_rules: tuple[SenderRuleSettings, ...] = ()
    registered_senders: tuple[RegisteredSenderSettings, ...] = ()
    sources: tuple[SourceSettings, ...] = ()
    mcp_sending: tuple[McpSendingSettings, ...] = ()
    smpp_server: SmppServerSettings = SmppServerSettings()
    console: ConsoleSettings = ConsoleSettings()
    log: LogSettings = LogSettings()
    tracing: TracingSettings = TracingSettings()
