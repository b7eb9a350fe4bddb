"""Options shared by several commands, and the clients made from them."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from simpost.cli.client import Server
from simpost.domain.api_keys import key_id_of
from simpost.errors import ConfigError

if TYPE_CHECKING:
    from simpost.config import SmppCarrierSettings

_WHERE = "Service and credentials"
_FILE = Path("simpost.toml")
_LOCAL = "http://127.0.0.1:8080"
_ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104  recognised, not bound

Url: TypeAlias = Annotated[
    str | None,
    typer.Option(
        envvar="SIMPOST_URL",
        help="URL of the service. Default: from the configuration.",
        rich_help_panel=_WHERE,
    ),
]
Config: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        envvar="SIMPOST_CONFIG",
        help="Configuration file. Default: simpost.toml of this folder, if it exists.",
        rich_help_panel=_WHERE,
    ),
]
AccessCode: TypeAlias = Annotated[
    str | None,
    typer.Option(
        envvar="SIMPOST_ACCESS_CODE", help="Access code of the account.", rich_help_panel=_WHERE
    ),
]
Secret: TypeAlias = Annotated[
    str | None,
    typer.Option(
        envvar="SIMPOST_SECRET",
        help="Secret of the account. Prefer the variable: options show in process lists.",
        rich_help_panel=_WHERE,
    ),
]
ApiKey: TypeAlias = Annotated[
    str | None,
    typer.Option(
        envvar="SIMPOST_API_KEY",
        help="API key of the account, used instead of access code and secret.",
        rich_help_panel=_WHERE,
    ),
]
AdminToken: TypeAlias = Annotated[
    str | None,
    typer.Option(
        envvar="SIMPOST_ADMIN_TOKEN",
        help="Admin token. Default: from the configuration.",
        rich_help_panel=_WHERE,
    ),
]
Account: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--account",
        help="Access code of the account to show; needs the admin token.",
        rich_help_panel=_WHERE,
    ),
]
AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Write JSON.")]


def finite(value: float) -> float:
    """The seconds. Refuses `nan` and `inf`, which are floats but no numbers of seconds."""
    if not math.isfinite(value):
        raise typer.BadParameter("must be a number")
    return value


def account_server(
    url: str | None,
    config: Path | None,
    access_code: str | None,
    secret: str | None,
    api_key: str | None = None,
) -> Server:
    """A client with the account's credentials. Raises ConfigError when something is missing."""
    if api_key:
        if key_id_of(api_key) is None:
            raise ConfigError("the API key is mistyped or cut off: it must look like sp_live_...")
        headers = {"Authorization": f"Bearer {api_key}"}
    elif access_code and secret:
        headers = {"RT-AccessCode": access_code, "RT-SecretKey": secret}
    else:
        raise ConfigError(
            "which account? Give --access-code and --secret, or set SIMPOST_ACCESS_CODE and "
            "SIMPOST_SECRET, or give an API key by --api-key or SIMPOST_API_KEY."
        )
    return Server(url or _configured(config)[0], headers)


def is_admins(
    account: str | None,
    access_code: str | None,
    secret: str | None,
    api_key: str | None,
    config: Path | None,
    token: str | None,
) -> bool:
    """Whether to use the admin token: for a named account, or if there are no credentials."""
    if account or access_code or secret or api_key:
        return bool(account)
    return bool(token or _configured(config)[1])


def admin_server(url: str | None, config: Path | None, token: str | None) -> Server:
    """A client with the admin token. Raises ConfigError when something is missing."""
    if not url or not token:
        configured_url, configured_token = _configured(config)
        url, token = url or configured_url, token or configured_token
    if not token:
        raise ConfigError("no admin token: give --config, --admin-token or SIMPOST_ADMIN_TOKEN.")
    return Server(url, {"Authorization": f"Bearer {token}"})


def service_url(url: str | None, config: Path | None) -> str:
    """The address of the service."""
    return url or _configured(config)[0]


def configured_carrier(config: Path | None, name: str) -> SmppCarrierSettings:
    """The carrier of the configuration. Raises ConfigError if no carrier has the name."""
    from simpost.config import load

    carriers = load(config or _FILE, os.environ).carriers
    for carrier in carriers:
        if carrier.name == name and carrier.type == "smpp":
            return carrier
        if carrier.name == name:
            raise ConfigError(f"the carrier {name!r} is of type http: it splits texts itself.")
    known = ", ".join(carrier.name for carrier in carriers) or "none"
    raise ConfigError(f"the configuration has no carrier {name!r} (it has: {known}).")


def configured_url(config: Path | None) -> str:
    """The address of the service in the configuration, without its secrets."""
    return _configured(config)[0]


def _configured(config: Path | None) -> tuple[str, str]:
    """Address and admin token of the configuration; the token is empty without one."""
    if config is None:
        config = _FILE
        if not config.exists():
            return _LOCAL, ""
    from simpost.config import load

    server = load(config, os.environ).server
    host = _ANY_ADDRESS.get(server.host, f"[{server.host}]" if ":" in server.host else server.host)
    return f"http://{host}:{server.port}", server.admin_token.get_secret_value()
