"""`simpost init`: create a first configuration."""

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
_KEEP_FILE = """\
{path} is created, readable by you alone. It holds new secrets: keep a copy of it, apart from
the store; without secrets_key the store cannot be read.
"""
_KEEP_CREDENTIALS = """\
{path} is created, without secrets. New secrets are in {credentials}, readable by you alone:
keep a copy of that folder, apart from the store; without secrets_key the store cannot be read.
For commands on this machine: export CREDENTIALS_DIRECTORY={credentials}
"""
_NEXT = """\

Next:
{make}  1. Put your carrier under [[carriers]] and [[routes]] in {path}.
  2. simpost check --config {path}
  3. simpost serve --config {path}
  4. simpost accounts add NAME --config {path}
"""

_TEMPLATE = """\
# Configuration of simpost. docs/configuration.md explains every setting.
# Commented settings show their defaults. Check this file with `simpost check`.

[server]
host = "127.0.0.1"  # put a TLS proxy in front before other hosts may connect
port = 8080
# Token of the admin endpoints and commands (accounts, plans, eSIMs). Generated for this file.
admin_token = "{admin_token}"
# public_url = "https://sms.example.com"  # for links in messages, on which travellers choose
# metrics_token = "..."           # opens /metrics only; without it admin_token opens /metrics
# drain_s = 0                     # seconds in which /readyz fails before the port closes
# allowed_hosts = ["sms.example.com"]  # names in `Host` that a proxy passes on; localhost if empty
# trusted_proxies = ["127.0.0.1"]      # proxies whose X-Forwarded-For is used
# max_body_octets = 131072
# timestamp_window_s = 300        # largest age of a signed request
# allow_private_webhooks = false  # true allows webhooks to your own network

[store]
# File of the store. Back it up with `simpost backup FILE`.
database_url = "sqlite:///{store}"
# Encrypts secrets in the store. Without it they are lost: keep a copy.
secrets_key = "{secrets_key}"

[node]
# name = ""             # name of this process among several on one PostgreSQL; see docs/nodes.md
# roles = ["api", "dispatch", "carrier"]

[messages]
# validity_s = 172800  # validity of a message if the request gives none
# Categories that are sent again when they are in doubt: sent, without a response. Codes are not,
# because a code that arrives twice confuses more than one that has to be requested again.
# repeat_in_doubt = ["service", "support", "notice", "promotion"]
# Days that messages stay in the log with their texts; 0 keeps them without a limit.
keep_days = 90

[events]
# Days that events are kept. `simpost accounts change CODE --events` turns events on.
# keep_days = 30

[policy]
# Limits of notices and promotions per eSIM and day, and of the parts of one message.
# daily_limit = {{ notice = 5, promotion = 2 }}
# max_parts = {{ promotion = 3 }}
# quiet_hours = true    # hold them at night, where the traveller is

[preferences]
# Words that act besides STOP, START and HELP, and what STOP ends.
# stop_words = []
# stop_categories = ["notice", "promotion"]

[verifications]
# One-time codes that simpost makes and checks.
# digits = 6
# life_s = 600          # after each send
# esim_wait_s = 60      # between two codes to an eSIM, of any account
# mode = "allow"        # monitor, filter, block; per country and prefix in modes

[lifecycle]
# What suppliers report of eSIMs.
# keep_days = 90        # history of eSIMs; 1 to 3,650

[conversations]
# Texts of travellers that people answer.
# reopen_hours = 72
# first_reply_minutes = 240

[smpp_server]
# Clients of accounts bind here: `simpost smpp add CODE` makes a login.
# enabled = false
# port = 2775           # of 127.0.0.1; another host needs TLS
# tls_cert_file = ""    # PEM, beside this file
# tls_key_file = ""

[console]
# A web console at /console: `simpost users add NAME --role admin` adds a user.
# enabled = false
# require_totp = "none"  # "admins" or "all" must use an authenticator
# oidc_issuer = ""       # single sign-on; needs simpost[oidc]
# oidc_client_id = ""
# oidc_client_secret = ""

[log]
# level = "info"        # debug, info, warning, error
# format = "console"    # json for programs

[tracing]
# endpoint = ""         # URL of an OTLP/HTTP collector; needs simpost[otel]
# sample_ratio = 0.01   # fraction of messages to trace

# One block per carrier. To try simpost without a carrier, run `simpost smsc`: it prints the block
# to put here.
#
# [[carriers]]
# type = "smpp"
# name = "carrier-one"
# host = "smsc.example.com"
# port = 2775
# system_id = "..."
# password = "..."          # at most 8 octets, a limit of SMPP
# bind = "transceiver"      # or "transmitter_receiver"
# window = 10               # unanswered PDUs that the carrier allows
# rate_per_s = 0            # rate that the carrier allows; 0: no limit
# source_address = ""       # default sender

# The first matching route selects the carrier. A route with only a carrier matches every message.
#
# [[routes]]
# carrier = "carrier-one"
# msisdn_prefix = "66"      # or imsi_prefix, plan, account

# Own numbers and short codes that people text to. Senders of carriers need no entry, unless one
# belongs to a single account.
#
# [[numbers]]
# number = "12345"
# account = ""

# Hours in which notices and promotions may arrive; without a row those of docs/policy.md.
#
# [[open_hours]]
# countries = ["FR"]
# hours = ["Mon-Sat 08:00-20:00"]

# Senders that countries do not show as they are; without a rule those of docs/policy.md.
#
# [[sender_rules]]
# countries = ["US", "CA"]
# rule = "not_supported"    # or registration, replaced, form
# action = "warn"           # or pass, refuse
#
# [[registered_senders]]
# sender = "EXAMPLE"
# countries = ["TH"]
# until = 2027-12-31

# Accounts that may send by `simpost mcp`: see docs/mcp.md. Without a block none may.
#
# [[mcp_sending]]
# account = "shop"
# recipients = ["..."]      # esimTranNo of each eSIM; "*": all of the account
# categories = ["support"]
# templates = ["welcome"]   # or free_text = true
# per_hour = 20

# Suppliers whose plans and eSIMs are copied: see docs/suppliers.md.
#
# [[sources]]
# type = "esim_access"
# name = "supplier"
# account = "shop"
# access_code = ""
# secret_key = ""
"""


def init(
    path: Annotated[Path, typer.Argument(help="File to create.")] = Path("simpost.toml"),
    store: Annotated[
        Path | None,
        typer.Option(
            help="File of the store. Default: simpost.db beside the configuration, or "
            f"{_SYSTEM_STORE} if that is under /etc.",
            show_default=False,
        ),
    ] = None,
    credentials: Annotated[
        Path | None,
        typer.Option(
            help="Folder for the secrets, each in a file of its own, as LoadCredential of systemd, "
            "Compose and Kubernetes hand them over. Default: they are in the configuration file.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Create a configuration file with new secrets."""
    kept_in = store or store_for(path)
    made = {
        "admin_token": secrets.token_urlsafe(32),
        "secrets_key": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
    }
    written = {name: f"credential:{name}" for name in made} if credentials else made
    text = _TEMPLATE.format(store=json.dumps(str(kept_in), ensure_ascii=False)[1:-1], **written)
    if credentials:
        _write_credentials(credentials, made)
    _create(path, text, 0o644 if credentials else 0o600)
    folder = (path.parent / kept_in).parent
    make = "" if folder.is_dir() else _MAKE_FOLDER.format(folder=folder)
    keep = _KEEP_CREDENTIALS if credentials else _KEEP_FILE
    told = (keep + _NEXT).format(path=path, make=make, credentials=credentials)
    print(visible_lines(told), end="")


def _write_credentials(folder: Path, made: dict[str, str]) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{folder} cannot be created: {error.strerror}.") from None
    for name, secret in made.items():
        _create(folder / name, secret, 0o600)


def _create(path: Path, text: str, mode: int) -> None:
    """Create a file. Raises ConfigError if it is there already: it may have the only copy."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError:
        raise ConfigError(f"{path} is already there and is left as it is.") from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be created: {error.strerror}.") from None
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        os.fchmod(descriptor, mode)  # whatever the umask
        file.write(text)


def store_for(path: Path) -> Path:
    """The default path of the store. Not under /etc: people copy and publish configuration."""
    return _SYSTEM_STORE if path.absolute().is_relative_to("/etc") else Path("simpost.db")
