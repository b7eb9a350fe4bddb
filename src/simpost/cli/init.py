"""`simpost init`: a configuration to begin with."""

from __future__ import annotations

import base64
import json
import os
import secrets
from pathlib import Path
from typing import Annotated

import typer

from simpost.errors import ConfigError
from simpost.text.display import visible_lines

_SYSTEM_STORE = Path("/var/lib/simpost/simpost.db")
_MAKE_FOLDER = "  0. install -d -m 700 {folder}   (owned by the user that runs simpost)\n"
_NEXT = """\
{path} is created, readable by you alone. It holds new secrets: keep a copy of it, apart from
the store; without secrets_key the store cannot be read.

Next:
{make}  1. Put your carrier under [[carriers]] and [[routes]] in {path}.
  2. simpost check --config {path}
  3. simpost serve --config {path}
  4. simpost accounts add NAME --config {path}
"""

_TEMPLATE = """\
# The configuration of simpost. Every setting is explained in docs/configuration.md;
# what is commented out stands at its default. `simpost check` validates it.

[server]
host = "127.0.0.1"  # put a proxy that speaks TLS in front before others may reach it
port = 8080
# For the administrator's commands and endpoints (accounts, plans, eSIMs). Made for you alone.
admin_token = "{admin_token}"
# metrics_token = "..."           # for Prometheus alone; without it admin_token opens /metrics
# drain_s = 0                     # how long to say no at /readyz before stopping
# allowed_hosts = ["sms.example.com"]  # names that a proxy in front passes on; localhost without
# trusted_proxies = ["127.0.0.1"]      # whose X-Forwarded-For says who the client is
# max_body_octets = 131072
# timestamp_window_s = 300        # how old a signed request may be
# allow_private_webhooks = false  # true lets webhooks reach your own network

[store]
# The file that holds what was accepted. Back it up with `simpost backup FILE`.
database_url = "sqlite:///{store}"
# Seals secrets in the store. Losing it loses them: keep a copy.
secrets_key = "{secrets_key}"

[node]
# name = ""             # one of several processes on one PostgreSQL; see docs/nodes.md
# roles = ["api", "dispatch", "carrier"]

[messages]
# validity_s = 172800  # how long a message is tried when the request does not say
# When bytes left and no answer came, these are sent again; one-time codes are not, because
# a code that is shown twice confuses more than one that is asked for again.
# repeat_in_doubt = ["service", "support", "notice", "promotion"]
# How long messages stay in the log with their texts; 0 keeps them for ever.
keep_days = 90

[events]
# How long the events of accounts are kept that keep them (`simpost accounts change CODE --events`).
# keep_days = 30

[log]
# level = "info"        # debug, info, warning, error
# format = "console"    # json for machines

[tracing]
# endpoint = ""         # where a collector takes OTLP over HTTP; needs simpost[otel]
# sample_ratio = 0.01   # fraction of messages to trace

# One block for each carrier you send through. To try without one, run `simpost smsc`,
# which prints what to put here.
#
# [[carriers]]
# type = "smpp"
# name = "carrier-one"
# host = "smsc.example.com"
# port = 2775
# system_id = "..."
# password = "..."          # at most 8 octets, as SMPP has it
# bind = "transceiver"      # or "transmitter_receiver"
# window = 10               # what the carrier allows
# rate_per_s = 0            # what the carrier allows; 0 sets no limit
# source_address = ""       # the sender handsets show

# The first route that fits a message picks its carrier. One with only a carrier fits all.
#
# [[routes]]
# carrier = "carrier-one"
# msisdn_prefix = "66"      # or imsi_prefix, plan, account

# Numbers and short codes that people text to. The senders of carriers are known already; say it
# here where one belongs to a single account.
#
# [[numbers]]
# number = "12345"
# account = ""
"""


def init(
    path: Annotated[Path, typer.Argument(help="File to create.")] = Path("simpost.toml"),
    store: Annotated[
        Path | None,
        typer.Option(
            help="The file of the store; else simpost.db beside the configuration, or "
            f"{_SYSTEM_STORE} when that is under /etc.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Create a configuration file with new secrets."""
    kept_in = store or store_for(path)
    text = _TEMPLATE.format(
        store=json.dumps(str(kept_in), ensure_ascii=False)[1:-1],
        admin_token=secrets.token_urlsafe(32),
        secrets_key=base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
    )
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise ConfigError(f"{path} is already there and is left as it is.") from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be created: {error.strerror}.") from None
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    folder = (path.parent / kept_in).parent
    make = "" if folder.is_dir() else _MAKE_FOLDER.format(folder=folder)
    print(visible_lines(_NEXT.format(path=path, make=make)), end="")


def store_for(path: Path) -> Path:
    """Data does not belong under /etc, which people copy, back up and read as configuration."""
    return _SYSTEM_STORE if path.absolute().is_relative_to("/etc") else Path("simpost.db")
