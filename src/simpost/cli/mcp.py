"""`simpost mcp`: an account as tools of the Model Context Protocol."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from simpost.cli.options import ApiKey, Config, Url, service_url
from simpost.domain.api_keys import key_id_of
from simpost.errors import ConfigError

_MISSING = "simpost mcp needs more packages: pip install 'simpost[mcp]'"


def mcp(
    transport: Annotated[
        Literal["stdio", "http"],
        typer.Option(help="stdio: for one client that starts this command; http: for several."),
    ] = "stdio",
    host: Annotated[str, typer.Option(help="With http: address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="With http: port; 0: a free one.")
    ] = 8090,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(help="With http: name that clients may call; loopback names always may."),
    ] = None,
    allow_origin: Annotated[
        list[str] | None,
        typer.Option(
            help="With http: origin of a web page that may call, such as http://localhost:6274. "
            "Without it no web page may."
        ),
    ] = None,
    url: Url = None,
    config: Config = None,
    api_key: ApiKey = None,
) -> None:
    """Offer an account as tools to language models (MCP)."""
    import uvloop

    from simpost.observe import configure_logging

    try:
        from simpost.mcp import transports
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("mcp", "mcp_types"):
            raise
        raise ConfigError(_MISSING) from None
    configure_logging("warning", "console")
    gateway = service_url(url, config)
    if transport == "stdio":
        if not api_key or key_id_of(api_key) is None:
            raise ConfigError(
                "no API key: set SIMPOST_API_KEY to a key with the scope mcp (`simpost keys add`)."
            )
        uvloop.run(transports.serve_pipes(gateway, api_key))
        return
    from simpost.runtime.process import listen

    with listen(host, port) as listener:
        uvloop.run(
            transports.serve_http(
                gateway,
                listener,
                host=host,
                allowed_hosts=allow_host or [],
                allowed_origins=allow_origin or [],
                on_ready=lambda shown: print(f"simpost mcp: {shown}  (Ctrl-C ends it)", flush=True),
            )
        )
