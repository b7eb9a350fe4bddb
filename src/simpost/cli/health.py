"""`simpost health`: whether a service runs, for health checks of containers without curl."""

from __future__ import annotations

from typing import Annotated

import typer

from simpost.cli.client import Server
from simpost.cli.options import Config, Url, configured_url

_TIMEOUT_S = 5.0


def health(
    url: Url = None,
    config: Config = None,
    ready: Annotated[
        bool, typer.Option("--ready", help="Ask whether it is ready: whether the store commits.")
    ] = False,
) -> None:
    """Ask a service whether it runs."""
    server = Server(url or configured_url(config), {}, timeout_s=_TIMEOUT_S, tries=1)
    print(server.get("/readyz" if ready else "/healthz")["status"])
