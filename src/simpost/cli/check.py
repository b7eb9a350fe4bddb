"""`simpost check`: check and explain a configuration without starting anything."""

from __future__ import annotations

import asyncio
import ipaddress
import math
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from simpost.cli.output import print_lines
from simpost.cli.text_key_warnings import warnings_of_database, warnings_of_file
from simpost.config import (
    CarrierSettings,
    HttpUpstreamSettings,
    RouteSettings,
    Settings,
    StoreSettings,
    load,
)
from simpost.config.console import ConsoleSettings
from simpost.config.credentials import has_secrets
from simpost.config.esim_access_carrier import ESIM_ACCESS_PER_S, esim_access_rates
from simpost.config.http_upstream import EXAMPLE_TOKEN, CallbackUpstreamSettings
from simpost.config.smpp_server import SmppServerSettings, is_loopback
from simpost.errors import ConfigError, StoreError
from simpost.smpp.tls import server_context
from simpost.store.sqlite.files import open_to_others

_OTHERS = 0o077
_WIDE = 1 << 24
"""A network with more addresses than 10.0.0.0/8 cannot consist of trusted proxies only."""


def check(
    config: Annotated[
        Path, typer.Option(envvar="SIMPOST_CONFIG", help="Configuration file.")
    ] = Path("simpost.toml"),
) -> None:
    """Check a configuration file and explain it."""
    settings = load(config, os.environ)
    embedded = settings.store.is_embedded
    store = _about_store(settings.store.path) if embedded else _about_database(settings.store)
    print_lines([f"{config} is valid.", "", *_summary(settings, store)])
    for warning in (*_warnings(settings, config), *_about_text_keys(settings.store)):
        print_lines(["", f"warning: {warning}"])


def _summary(settings: Settings, store: str) -> Iterator[str]:
    yield f"server    http://{settings.server.host}:{settings.server.port}"
    yield f"store     {store}"
    if settings.smpp_server.enabled:
        yield f"smpp      {_smpp_port(settings.smpp_server)}"
    if settings.console.enabled:
        yield f"console   /console, users sign in {_ways_in(settings.console)}"
    for carrier in settings.carriers:
        rate = f"{carrier.rate_per_s:g} a second" if carrier.rate_per_s else "any rate"
        if isinstance(carrier, HttpUpstreamSettings):
            host = host_of(carrier.called_url)
            yield f"carrier   {carrier.name}: {carrier.type} to {host}, {rate}"
            continue
        yield (
            f"carrier   {carrier.name}: {carrier.type} to {carrier.host}:{carrier.port} as "
            f"{carrier.system_id}, {carrier.bind}, window {carrier.window}, {rate}"
        )
    for source in settings.sources:
        host = host_of(source.url)
        yield f"source    {source.name}: {source.type} at {host}, for the account {source.account}"
    for number, route in enumerate(settings.routes, 1):
        yield f"route {number}   {', then '.join(route.order)}: {_conditions(route)}"


def _smpp_port(smpp: SmppServerSettings) -> str:
    """Where clients bind. Raises ConfigError if the certificate cannot be used."""
    if not smpp.tls_cert_file:
        return f"{smpp.host}:{smpp.port}, without TLS"
    server_context(*smpp.certificate)
    return f"{smpp.host}:{smpp.port}, TLS"


def _ways_in(console: ConsoleSettings) -> str:
    """How users sign in. Raises ConfigError if the extra for single sign-on is not installed."""
    if not console.oidc_issuer:
        return "with a password"
    from simpost.features.console_users.oidc.id_token import require_joserfc

    require_joserfc()
    either = " or with a password" if console.password_sign_in else ""
    return f"at {host_of(console.oidc_issuer)}{either}"


def _conditions(route: RouteSettings) -> str:
    given = route.model_dump(exclude={"carrier", "carriers"})
    return ", ".join(f"{name} {value}" for name, value in given.items() if value) or "everything"


def _about_store(path: Path) -> str:
    """What is known of the file. Raises ConfigError when simpost could not serve it."""
    if not path.parent.is_dir():
        raise ConfigError(f"store.database_url: the folder {path.parent} does not exist.")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise ConfigError(f"store.database_url: the folder {path.parent} is not writable.")
    if not path.exists():
        return f"{path} (will be created)"
    if not path.is_file() or not os.access(path, os.R_OK | os.W_OK):
        raise ConfigError(f"store.database_url: {path} is not a writable file.")
    from simpost.store.sqlite.inspection import describe

    try:
        return describe(path)
    except StoreError as error:
        raise ConfigError(f"store.database_url: {error}.") from None


def _about_database(store: StoreSettings) -> str:
    """What is known of the database. Raises ConfigError when it is unreachable or unknown."""
    from simpost.store.postgres.inspection import describe

    try:
        return asyncio.run(describe(store.database_url))
    except StoreError as error:
        raise ConfigError(f"store.database_url: {error}.") from None


def _warnings(settings: Settings, config: Path) -> Iterator[str]:
    yield from _kept_warnings(settings, config)
    if not is_loopback(settings.server.host):
        yield (
            "the server uses HTTP without TLS beyond this machine: put a proxy with TLS in front "
            "of it"
        )
    smpp = settings.smpp_server
    if smpp.enabled and smpp.is_plain_beyond_loopback:
        yield (
            "smpp_server: SMPP without TLS beyond this machine: anyone on the way reads texts and "
            "passwords. Set tls_cert_file, or use a VPN"
        )
    if smpp.enabled and smpp.tls_cert_file and smpp.key_is_open_to_others:
        key = smpp.certificate[1]
        yield f"other users can read the TLS key in {key}: chmod 600 {key}"
    yield from _about_tls(settings.carriers)
    yield from _about_callbacks(settings.carriers)
    yield from _about_shared_rates(settings)
    yield from _about_database_tls(settings.store)
    yield from _about_proxies(settings)
    if not settings.carriers:
        yield "no carrier is configured: every message is refused with no_route"
    used = {name for route in settings.routes for name in route.order}
    for carrier in settings.carriers:
        if carrier.name not in used:
            yield f"carrier {carrier.name} is not used by any route: add one under [[routes]]"
    for number, route in enumerate(settings.routes):
        for earlier_number, earlier in enumerate(settings.routes[:number]):
            if _covers(earlier, route):
                yield f"route {number + 1} is never used: route {earlier_number + 1} matches first"
                break


def _kept_warnings(settings: Settings, config: Path) -> Iterator[str]:
    """Warnings about readable files and unlimited retention."""
    if config.stat().st_mode & _OTHERS and has_secrets(settings, config.read_text("utf-8-sig")):
        yield f"other users can read the secrets in {config}: chmod 600 {config}"
    if settings.store.is_embedded:
        for path in open_to_others(settings.store.path):
            yield f"other users can read {path}, which contains message texts: chmod 600 {path}"
    if not settings.messages.keep_days:
        yield "messages.keep_days = 0: messages and their texts are never deleted"


def host_of(url: str) -> str:
    """Scheme and host. The rest of a URL may contain a key."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _about_text_keys(store: StoreSettings) -> list[str]:
    if not store.is_embedded:
        return warnings_of_database(store)
    return warnings_of_file(store, store.path) if store.path.exists() else []


def _about_tls(carriers: Sequence[CarrierSettings]) -> Iterator[str]:
    for carrier in carriers:
        if isinstance(carrier, HttpUpstreamSettings):
            parts = urlsplit(carrier.called_url)
            if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
                yield (
                    f"carrier {carrier.name}: HTTP without TLS beyond this machine: anyone on the "
                    "way reads texts and keys. Use an https:// URL"
                )
            continue
        if not carrier.tls and not is_loopback(carrier.host):
            yield (
                f"carrier {carrier.name}: SMPP without TLS beyond this machine: anyone on the way "
                "reads texts and the password. Set tls = true, or use a VPN"
            )
        if carrier.tls and not carrier.tls_verify:
            yield (f"carrier {carrier.name}: tls_verify = false allows man-in-the-middle attacks")


def _about_callbacks(carriers: Sequence[CarrierSettings]) -> Iterator[str]:
    known = [each for each in carriers if isinstance(each, CallbackUpstreamSettings)]
    for carrier in known:
        if carrier.callback_token.get_secret_value() == EXAMPLE_TOKEN:
            yield (
                f"carrier {carrier.name}: callback_token is that of the examples: anyone can "
                "report receipts. Set a secret of your own"
            )


def _about_shared_rates(settings: Settings) -> Iterator[str]:
    for users, rate in esim_access_rates(settings.carriers, settings.sources):
        if len(users) > 1 and rate > ESIM_ACCESS_PER_S:
            sent = f"{rate:g}" if math.isfinite(rate) else "unlimited"
            yield (
                f"{' and '.join(users)} use one account of eSIM Access: together {sent} requests "
                f"per second, and it allows {ESIM_ACCESS_PER_S}. Lower their rate_per_s"
            )


def _about_database_tls(store: StoreSettings) -> Iterator[str]:
    if store.is_embedded:
        return
    from simpost.store.postgres.dsn import unverified_hosts

    for key, url in (("database_url", store.database_url), ("listen_url", store.listen_url)):
        for host in unverified_hosts(url, os.environ) if url else ():
            yield (
                f"store.{key}: PostgreSQL at {host} without verified TLS: anyone on the way reads "
                "texts and the password. Add ?sslmode=verify-full (and sslrootcert=FILE)"
            )


def _about_proxies(settings: Settings) -> Iterator[str]:
    server = settings.server
    for network in server.trusted_proxies:
        if (found := ipaddress.ip_network(network, strict=False)).num_addresses > _WIDE:
            yield (
                f"server.trusted_proxies: every host in {found} can claim any address: list only "
                "the proxies"
            )
    if is_loopback(server.host):
        if server.trusted_proxies and not server.allowed_hosts:
            yield (
                "server.allowed_hosts is empty: a proxied request with a Host other than "
                "localhost gets 421. List the names that clients use"
            )
        if "*" in server.allowed_hosts:
            yield "server.allowed_hosts: * allows DNS rebinding from any web page"
    elif not server.trusted_proxies:
        yield (
            "server.trusted_proxies is empty: behind a proxy every client has the proxy's "
            "address, so ipAllow of an account refuses or allows all of them"
        )


def _covers(earlier: RouteSettings, later: RouteSettings) -> bool:
    return (
        later.msisdn_prefix.startswith(earlier.msisdn_prefix)
        and later.imsi_prefix.startswith(earlier.imsi_prefix)
        and earlier.plan in ("", later.plan)
        and earlier.account in ("", later.account)
    )
