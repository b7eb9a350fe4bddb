"""The whole file: a class per section, the carriers' and the store's in files of their own.

Every description is the reference text of docs/configuration.md.
"""

from __future__ import annotations

import ipaddress
import math
import re
from typing import Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from simpost.config.carriers import SmppCarrierSettings
from simpost.config.section import Section, SenderOrNone
from simpost.config.store import Node, Store
from simpost.domain.messages import Category

_DAY_S = 86_400
_HOST_NAME = re.compile(r"\.?[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?")


class Server(Section):
    """The HTTP server."""

    host: str = Field(default="127.0.0.1", min_length=1, description="Address to listen on.")
    port: int = Field(
        default=8080, ge=0, le=65_535, description="Port to listen on; 0 takes a free one."
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
        description="How long after SIGTERM requests are still taken while `/readyz` says no, so "
        "that a load balancer asks others before the port closes.",
    )
    allowed_hosts: tuple[str, ...] = Field(
        default=(),
        description="Names that requests may give in `Host`, such as `sms.example.com`, or "
        "`.example.com` for all names under it; others are answered with 421. An address and "
        "`localhost` are always allowed. Empty: any name, but on loopback `localhost` alone, so "
        'that no web page can reach it by a name of its own; `["*"]` allows any there, too.',
    )
    trusted_proxies: tuple[str, ...] = Field(
        default=(),
        description="Addresses or networks of the proxies in front, such as `127.0.0.1` or "
        "`10.0.0.0/8`. Their `X-Forwarded-For` and `X-Forwarded-Proto` say who the client is; "
        "from everybody else, and if empty, the two are ignored.",
    )
    proxy_hops: int = Field(
        default=1,
        ge=1,
        le=16,
        description="How many trusted proxies a request comes through at most: so many entries "
        "at the end of `X-Forwarded-For` are believed.",
    )
    keep_alive_s: int = Field(
        default=75,
        ge=1,
        le=3600,
        description="How long a connection is kept without a request. Longer than clients and "
        "proxies keep theirs, so that it is they who close it.",
    )
    unread_answer_s: int = Field(
        default=30,
        ge=1,
        le=600,
        description="How long an answer waits for a client that does not read it; then the "
        "connection is closed.",
    )
    max_body_octets: int = Field(
        default=131_072,
        ge=65_536,
        le=67_108_864,
        description="Largest request body that is read; a larger one is refused with 413. The "
        "administrator's batches may have 4 MiB. Reading JSON takes some 8 ms for each 131,072.",
    )
    timestamp_window_s: int = Field(
        default=300,
        ge=1,
        le=43_200,
        description="How far the timestamp of a signed request may be from our clock. At most half "
        "of the 24 hours for which signatures are remembered.",
    )
    allow_private_webhooks: bool = Field(
        default=False,
        description="Let webhooks go to loopback, private and link-local addresses.",
    )
    plan_prices: Literal["own", "imported"] = Field(
        default="own",
        description="Prices that `package/list` shows an account: `own`, those imported for it "
        "with `--account`, else 0; `imported`, its own, else the `price` and `retailPrice` that "
        "the plan was imported with, which are usually what you pay.",
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
    max_repeats: int = Field(
        default=3,
        ge=0,
        le=10,
        description="How often a part in doubt is sent again, after 60 s, 120 s, 240 s and so on; "
        "then it waits for a receipt or its end. Also for an answer that says nothing "
        "(ESME_RUNKNOWNERR), after which the part is refused.",
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
        description="How long messages stay in the log, and what came in; what is older is dropped "
        "once an hour, messages on PostgreSQL by whole weeks; 0 keeps all. At least as long as "
        "`validity_s` and `receipt_grace_s` together, so that each has had its end.",
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

    number: SenderOrNone = Field(
        min_length=1, description="As the carrier writes it, with or without plus."
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
    carriers: tuple[SmppCarrierSettings, ...] = ()
    routes: tuple[Route, ...] = ()
    numbers: tuple[Number, ...] = ()
    log: Log = Log()
    tracing: Tracing = Tracing()
