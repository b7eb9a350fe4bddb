"""Workers: several processes on one port of one machine, and a parent that supervises them.

The parent reserves the port and does no work. Each API worker listens on it with its own socket
(SO_REUSEPORT): the kernel then spreads connections evenly, and only over workers that run. Each
worker is a node: N with the role `api`, and one with `dispatch` and `carrier`. A worker that dies
is logged and started again, after a growing pause. If the parent dies, the workers stop as after
SIGTERM.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from simpost.cluster.node_name import host_name, new_name
from simpost.observe import get_logger
from simpost.runtime.service_manager import ServiceManager

SHARED_PORT: Final = "SIMPOST_SHARED_PORT"
READY_FD: Final = "SIMPOST_READY_FD"
PARENT_FD: Final = "SIMPOST_PARENT_FD"

_FIRST_PAUSE_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 30.0
_SETTLED_S: Final = 60.0
"""A worker that ran this long restarts after the shortest pause."""
_STOP_S: Final = 40.0
"""Longest wait for a worker to stop after its drain time; then it is killed."""

log = get_logger(__name__)


class Inherited(NamedTuple):
    """The handles that a worker gets from its parent.

    Attributes:
        port: the shared port; `None` for the worker without the role `api`.
    """

    port: int | None
    ready_fd: int
    parent_fd: int

    def is_ready(self) -> None:
        """Tell the parent that this worker is ready."""
        os.write(self.ready_fd, b".")
        os.close(self.ready_fd)

    def watch_parent(self) -> None:
        """Stop when the parent dies, because then no worker is restarted."""

        def gone() -> None:
            asyncio.get_running_loop().remove_reader(self.parent_fd)
            log.warning("supervisor_gone")
            signal.raise_signal(signal.SIGTERM)

        asyncio.get_running_loop().add_reader(self.parent_fd, gone)


def inherited() -> Inherited | None:
    """What the parent handed to this process; `None` if it is not a worker."""
    if READY_FD not in os.environ:
        return None
    port = os.environ.get(SHARED_PORT)
    return Inherited(
        int(port) if port else None, int(os.environ[READY_FD]), int(os.environ[PARENT_FD])
    )


def share(host: str, port: int) -> socket.socket:
    """A socket that shares the port; it gets no connections before it listens."""
    shared = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    shared.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    shared.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    shared.bind((host, port))
    return shared


class _Worker:
    """The place of one worker; its process changes with each restart."""

    def __init__(self, roles: str, name: str, port: int | None) -> None:
        self.roles = roles
        self.name = name
        self.port = port
        self.process: asyncio.subprocess.Process | None = None
        self.ready = asyncio.Event()


class Parent:
    """Keeps `count` workers with the role `api` running, and one with the other roles.

    `first_port`: each worker also listens on a port of its own on loopback, counted from this one;
    `None`: only on the shared port.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        port: int,
        count: int,
        name: str,
        first_port: int | None,
        drain_s: float,
        manager: ServiceManager,
    ) -> None:
        self._manager = manager
        self._command = command
        self._port = port
        self._stop_timeout_s = drain_s + _STOP_S
        self._stopping = asyncio.Event()
        self._failed: int | None = None
        self._watched_fd, self._alive_fd = os.pipe()
        ports = [None if first_port is None else first_port + at for at in range(count + 1)]
        base = (name or host_name())[:40]
        self._bind_worker = _Worker("dispatch,carrier", f"{base}-binds", ports[0])
        self._api_workers = [
            _Worker("api", f"{base}-api{at}", ports[at]) for at in range(1, count + 1)
        ]

    async def run(self, ready: Callable[[], None]) -> int:
        """Run until SIGINT or SIGTERM; returns the exit code."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stopping.set)
        loop.add_signal_handler(signal.SIGHUP, self._reload)
        workers = [self._bind_worker, *self._api_workers]
        supervising = [asyncio.create_task(self._supervise(worker)) for worker in workers]
        reporting = asyncio.create_task(self._report_ready(ready))
        await self._stopping.wait()
        self._manager.stopping()
        log.info("stopping", seconds_left=self._stop_timeout_s)
        await asyncio.gather(*(self._stop(worker) for worker in self._api_workers))
        await self._stop(self._bind_worker)
        await asyncio.gather(*supervising)
        reporting.cancel()
        os.close(self._alive_fd)
        os.close(self._watched_fd)
        return self._failed or 0

    async def _report_ready(self, ready: Callable[[], None]) -> None:
        for worker in (self._bind_worker, *self._api_workers):
            await worker.ready.wait()
        if not self._stopping.is_set():
            ready()
            self._manager.ready()
        await self._manager.run_watchdog()

    def _reload(self) -> None:
        """Each worker reads its configuration again; it reports errors in its log."""
        if self._are_ready():
            self._manager.reloading()
        self._signal_all(signal.SIGHUP)
        if self._are_ready():
            self._manager.ready()

    def _are_ready(self) -> bool:
        return all(each.ready.is_set() for each in (self._bind_worker, *self._api_workers))

    def _signal_all(self, number: signal.Signals) -> None:
        for worker in (self._bind_worker, *self._api_workers):
            if worker.process:
                with contextlib.suppress(ProcessLookupError):
                    worker.process.send_signal(number)

    async def _supervise(self, worker: _Worker) -> None:
        pause_s = _FIRST_PAUSE_S
        while not self._stopping.is_set():
            started_s = time.monotonic()
            code = await self._run_once(worker)
            if self._stopping.is_set():
                return
            if not worker.ready.is_set():
                self._failed = code or 1  # it never started: report it by the exit code
                self._stopping.set()
                return
            if time.monotonic() - started_s >= _SETTLED_S:
                pause_s = _FIRST_PAUSE_S
            log.error("worker_died", worker=worker.name, code=code, again_in_s=pause_s)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause_s):
                    await self._stopping.wait()
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    async def _run_once(self, worker: _Worker) -> int:
        """Start a process under a new node name and wait for its end."""
        ready_fd, worker_ready_fd = os.pipe()
        environment = {READY_FD: f"{worker_ready_fd}", PARENT_FD: f"{self._watched_fd}"}
        if worker is not self._bind_worker:
            environment[SHARED_PORT] = f"{self._port}"
        arguments = [f"--role={worker.roles}", f"--node={new_name(worker.name)}"]
        if worker.port is not None:
            arguments.append(f"--worker-port={worker.port}")
        try:
            worker.process = await asyncio.create_subprocess_exec(
                *self._command,
                *arguments,
                env={**os.environ, **environment},
                pass_fds=(worker_ready_fd, self._watched_fd),
                start_new_session=True,  # Ctrl-C is for the parent, which stops them in order
            )
        finally:
            os.close(worker_ready_fd)
        if self._stopping.is_set():
            worker.process.terminate()
        loop = asyncio.get_running_loop()
        loop.add_reader(ready_fd, self._note_ready, worker, ready_fd)
        code = await worker.process.wait()
        loop.remove_reader(ready_fd)
        os.close(ready_fd)
        return code

    def _note_ready(self, worker: _Worker, ready_fd: int) -> None:
        asyncio.get_running_loop().remove_reader(ready_fd)
        if os.read(ready_fd, 1):
            worker.ready.set()

    async def _stop(self, worker: _Worker) -> None:
        process = worker.process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(self._stop_timeout_s):
                await process.wait()
        except TimeoutError:
            log.error("worker_killed", worker=worker.name, reason="it did not stop")
            process.kill()


def command_of(config_file: object) -> list[str]:
    """The command line of a worker: `simpost serve` with the same file."""
    return [sys.executable, "-m", "simpost", "serve", f"--config={config_file}"]
