"""The service: components that run beside a server, started and stopped in order."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from simpost.observe import get_logger
from simpost.runtime.component import Component
from simpost.runtime.process import end_on_hangup, tune_interpreter
from simpost.runtime.readiness import ReadinessCheck
from simpost.runtime.reload import Reload
from simpost.runtime.service_manager import ServiceManager

GRACE_S = 10
"""Longest wait for requests in progress, and then for results that are not committed yet."""

log = get_logger(__name__)

Step = Callable[[], Awaitable[object]]


class ApiServer(Protocol):
    """Serves the APIs on listening sockets."""

    async def serve(self, listeners: Sequence[socket.socket]) -> None:
        """Serve until `end`, then finish the requests in progress."""
        ...

    def end(self) -> None:
        """Have `serve` return. Must not block: called by a signal."""
        ...


@dataclass(frozen=True, slots=True)
class Phases:
    """What is awaited around the run of the components, each step after the one before it.

    Attributes:
        prepare: before any component runs.
        started: once all components run; then the service is ready.
        stop: after the last request, while the components still run.
        finish: after `stop`; all steps together end after `GRACE_S`.
        leave: once no component runs any more.
    """

    prepare: Sequence[Step] = ()
    started: Sequence[Step] = ()
    stop: Sequence[Step] = ()
    finish: Sequence[Step] = ()
    leave: Sequence[Step] = ()


class Service:
    """Runs components in one event loop. Those of `phases` are among them."""

    def __init__(
        self,
        components: Sequence[Component],
        phases: Phases,
        readiness: ReadinessCheck,
        reload: Reload,
        *,
        drain_s: float,
    ) -> None:
        """`drain_s`: how long /readyz reports "stopping" before the port closes."""
        self._components = components
        self._phases = phases
        self._readiness = readiness
        self._reload = reload
        self._drain_s = drain_s

    async def run(
        self,
        server: ApiServer,
        listeners: Sequence[socket.socket],
        ready: Callable[[], None],
        *,
        ends_on_hangup: bool = False,
        manager: ServiceManager | None = None,
    ) -> None:
        """Serve until SIGINT or SIGTERM, then stop in order. Calls `ready` once it serves.

        SIGHUP reads the configuration again; with `ends_on_hangup` it stops as SIGINT does.
        `manager` is told when the service is ready, reads its configuration again, and stops.

        A component that raises stops the process: its error is raised from here.
        """
        tune_interpreter()
        manager = manager or ServiceManager()
        await _run_in_order(self._phases.prepare)
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGINT, server.end)
        loop.add_signal_handler(signal.SIGTERM, self._end_after_drain, server, manager)
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(each.run()) for each in self._components]
            await _run_in_order(self._phases.started)
            if ends_on_hangup:
                end_on_hangup(loop, server.end)
            else:
                loop.add_signal_handler(
                    signal.SIGHUP, lambda: tasks.create_task(self._reload_after_signal(manager))
                )
            ready()
            manager.ready()
            running.append(tasks.create_task(manager.run_watchdog()))
            await server.serve(listeners)
            manager.stopping()
            await self.stop()
            for task in running:
                task.cancel()
        await _run_in_order(self._phases.leave)

    async def stop(self) -> None:
        """Stop accepting and commit pending work, while the components still run."""
        await _run_in_order(self._phases.stop)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GRACE_S):
                await _run_in_order(self._phases.finish)

    async def _reload_after_signal(self, manager: ServiceManager) -> None:
        manager.reloading()
        try:
            await self._reload.run_and_log()
        finally:
            manager.ready()

    def _end_after_drain(self, server: ApiServer, manager: ServiceManager) -> None:
        """Report "stopping" at /readyz, then close the port; a second signal closes it at once."""
        wait_s = 0.0 if self._readiness.is_draining else self._drain_s
        self._readiness.is_draining = True
        manager.stopping()
        log.info("stopping", seconds_left=wait_s)
        asyncio.get_running_loop().call_later(wait_s, server.end)


async def _run_in_order(steps: Sequence[Step]) -> None:
    for step in steps:
        await step()
