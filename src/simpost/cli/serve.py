"""`simpost serve`: run the service."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from simpost import app, config
from simpost.cli.workers import Inherited, Parent, command_of, inherited, share
from simpost.errors import ConfigError
from simpost.observe import configure_logging
from simpost.runtime.process import listen
from simpost.runtime.service_manager import ServiceManager, service_manager_of

_LOOPBACK = "127.0.0.1"


def serve(
    config_file: Annotated[
        Path, typer.Option("--config", envvar="SIMPOST_CONFIG", help="Configuration file.")
    ] = Path("simpost.toml"),
    role: Annotated[
        str,
        typer.Option(help="Roles of this node: api, dispatch, carrier; separated by commas."),
    ] = "",
    node: Annotated[str, typer.Option(help="Name of this node.")] = "",
    workers: Annotated[
        int,
        typer.Option(
            min=1, max=64, help="API processes; if more than 1, one more process has the binds."
        ),
    ] = 1,
    worker_port: Annotated[
        int | None,
        typer.Option(
            min=1, max=65_000,
            help="First loopback port of the workers, for their own /metrics; the first is that of "
            "the process with the binds.",
        ),
    ] = None,
) -> None:  # fmt: skip
    """Run the service until SIGINT or SIGTERM."""
    environment = {**os.environ, **_overrides(role, node)}

    def read() -> config.Settings:
        return config.load(config_file, environment)

    settings = read()
    configure_logging(settings.log.level, settings.log.format)
    manager = service_manager_of(os.environ)
    if workers > 1:
        _keep_workers(settings, config_file, workers, worker_port, manager)
    else:
        run(settings, read, inherited(), worker_port, manager)


def _overrides(role: str, node: str) -> dict[str, str]:
    """The options as environment variables, which override the file."""
    given = {}
    if role:
        given["SIMPOST_NODE__ROLES"] = json.dumps([each.strip() for each in role.split(",")])
    if node:
        given["SIMPOST_NODE__NAME"] = node
    return given


def run(
    settings: config.Settings,
    reread: Callable[[], config.Settings],
    parent: Inherited | None = None,
    own_port: int | None = None,
    manager: ServiceManager | None = None,
) -> None:
    """Run the service until SIGINT or SIGTERM."""
    import uvloop

    uvloop.run(_serve(settings, reread, parent, own_port, manager))


async def _serve(
    settings: config.Settings,
    reread: Callable[[], config.Settings],
    parent: Inherited | None,
    own_port: int | None,
    manager: ServiceManager | None,
) -> None:
    at = settings.server
    with contextlib.ExitStack() as sockets:
        listeners = []
        if parent is None:
            listeners.append(sockets.enter_context(listen(at.host, at.port)))
        elif parent.port is not None:
            listeners.append(sockets.enter_context(share(at.host, parent.port)))
        if own_port is not None or not listeners:
            listeners.append(sockets.enter_context(listen(_LOOPBACK, own_port or 0)))
        host, port = listeners[0].getsockname()[:2]

        def ready() -> None:
            if parent:
                parent.is_ready()
                parent.watch_parent()
            else:
                print(f"simpost listens on http://{host}:{port}", flush=True)

        async with app.open_app(settings, reread) as service:
            smpp = settings.smpp_server
            if smpp.enabled and "api" in settings.node.roles:
                opened = share(smpp.host, smpp.port) if parent else listen(smpp.host, smpp.port)
                service.smpp_port.prepare(sockets.enter_context(opened))
            await service.run(listeners, ready, manager=manager)


def _keep_workers(
    settings: config.Settings,
    config_file: Path,
    count: int,
    first_port: int | None,
    manager: ServiceManager,
) -> None:
    if settings.store.is_embedded:
        raise ConfigError(
            "one process alone has the embedded store: --workers needs PostgreSQL "
            "(store.database_url)"
        )
    if len(settings.node.roles) < len(config.ROLES):
        raise ConfigError("--workers divides the roles itself: leave node.roles and --role out")
    at = settings.server
    with listen(at.host, at.port) as alone:  # nobody else may have it
        host, port = alone.getsockname()[:2]
    with share(at.host, port):

        async def keep() -> int:
            parent = Parent(
                command_of(config_file),
                port=port,
                count=count,
                name=settings.node.name,
                first_port=first_port,
                drain_s=at.drain_s,
                manager=manager,
            )
            return await parent.run(
                lambda: print(f"simpost listens on http://{host}:{port}", flush=True)
            )

        code = asyncio.run(keep())
    raise typer.Exit(code)
