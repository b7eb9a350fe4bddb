"""`simpost serve`: the service, as configured."""

from __future__ import annotations

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
) -> None:
    """Run the service until SIGINT or SIGTERM."""

    def read() -> config.Settings:
        return config.load(config_file, os.environ)

    settings = read()
    set_up(settings.log.level, settings.log.format)
    run(settings, read)


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
