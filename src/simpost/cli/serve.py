"""`simpost serve`: the service, as configured."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from simpost import app, config
from simpost.observe import set_up


def serve(
    config_file: Annotated[
        Path, typer.Option("--config", envvar="SIMPOST_CONFIG", help="The TOML file.")
    ] = Path("simpost.toml"),
    role: Annotated[
        str,
        typer.Option(help="What this node does: api, dispatch, carrier; several with commas."),
    ] = "",
    node: Annotated[str, typer.Option(help="What this node is called.")] = "",
) -> None:
    """Run the service until SIGINT or SIGTERM."""
    environment = {**os.environ, **_overrides(role, node)}

    def read() -> config.Settings:
        return config.load(config_file, environment)

    settings = read()
    set_up(settings.log.level, settings.log.format)
    run(settings, read)


def _overrides(role: str, node: str) -> dict[str, str]:
    """Options as the variables of the environment that stand above the file in the same way."""
    given = {}
    if role:
        given["SIMPOST_NODE__ROLES"] = json.dumps([each.strip() for each in role.split(",")])
    if node:
        given["SIMPOST_NODE__NAME"] = node
    return given


def run(settings: config.Settings, reread: Callable[[], config.Settings]) -> None:
    import uvloop

    uvloop.run(_serve(settings, reread))


async def _serve(settings: config.Settings, reread: Callable[[], config.Settings]) -> None:
    with app.listen(settings.server.host, settings.server.port) as listener:
        host, port = listener.getsockname()[:2]
        async with app.open_app(settings, reread) as service:
            await service.run(
                listener, lambda: print(f"simpost listens on http://{host}:{port}", flush=True)
            )
