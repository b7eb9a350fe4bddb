"""Processes of simpost forked from one that has imported it: a start costs 50 ms, not a second.

`Popen` is `subprocess.Popen`; a command `python -m MODULE ...` is run by the server below, which
has its own process for each, with the given arguments, environment and files. A real start stays
tested by `tests/scenarios/test_demo.py`. When the tests end, also by SIGKILL, the server kills all.
A server that ended is replaced, and standard error says how it ended.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import gc
import importlib
import io
import json
import os
import pkgutil
import runpy
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import traceback
from collections.abc import Sequence
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any, NoReturn

_FORKED = ("simpost", "bench.", "tests.scenarios.faults.")
_HEAD = struct.Struct("!I")
_STATUS = struct.Struct("!i")
_CANNOT_FLUSH = 120
"""Python's status where standard output cannot be written at the end."""


class Popen(subprocess.Popen[Any]):
    _end: socket.socket | None = None
    """Brings the status of a process that is not our child; none where it is."""

    def _execute_child(self, args, executable, preexec_fn, close_fds, pass_fds, cwd, env, *rest):
        command = [os.fsdecode(each) for each in args] if not isinstance(args, str) else [args]
        if command[:2] != [sys.executable, "-m"] or not command[2].startswith(_FORKED):
            super()._execute_child(  # type: ignore[misc]
                args, executable, preexec_fn, close_fds, pass_fds, cwd, env, *rest
            )
            return
        stdin, _, _, stdout, _, stderr = pipes = rest[3:9]
        wanted = (stdin, stdout, stderr)
        files = [own if given == -1 else given for own, given in enumerate(wanted)]
        environment = {os.fsdecode(k): os.fsdecode(v) for k, v in (env or os.environ).items()}
        order = {"command": command[2:], "environment": environment, "cwd": str(cwd or Path.cwd())}
        self.pid, self._end = _start(order, files)
        self._child_created = True
        self._close_pipe_fds(*pipes)  # type: ignore[attr-defined]

    def _internal_poll(self, *deadstate: Any, **options: Any) -> int | None:
        if self._end is None:
            return super()._internal_poll(*deadstate, **options)  # type: ignore[misc]
        if self.returncode is None:
            pid, status = self._try_wait(os.WNOHANG)
            if pid:
                self._handle_exitstatus(status)  # type: ignore[attr-defined]
        return self.returncode

    def _try_wait(self, flags: int) -> tuple[int, int]:
        if self._end is None:
            return super()._try_wait(flags)  # type: ignore[misc]
        if flags and not select.select([self._end], [], [], 0)[0]:
            return 0, 0
        said = self._end.recv(_STATUS.size)
        self._end.close()
        return self.pid, _STATUS.unpack(said)[0] if said else signal.SIGKILL


def run(command: Sequence[Any], *, timeout: float, **options: Any) -> CompletedProcess[str]:
    """What a command printed and how it ended; `input` is a text."""
    given = options.pop("input", None)
    if given is not None:
        options["stdin"] = subprocess.PIPE
    with Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
    ) as process:
        try:
            printed = process.communicate(given, timeout=timeout)
        except BaseException:
            process.kill()
            raise
    return CompletedProcess(command, process.returncode, *printed)


def _start(order: dict[str, Any], files: list[int]) -> tuple[int, socket.socket]:
    """The number of the new process, and where its status will come."""
    try:
        return _server().start(order, files)
    except (OSError, EOFError) as failed:
        sys.stderr.write(f"tests/prestarted.py ended: {failed!r}, {_server().status()}\n")
        _server.cache_clear()
        return _server().start(order, files)


class _Server:
    """The client side of the process that forks."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.prestarted", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                cwd=Path(__file__).parents[1],  # the first test may be in another folder
                start_new_session=True,
            )
        atexit.register(self._close)

    def start(self, order: dict[str, Any], files: list[int]) -> tuple[int, socket.socket]:
        body = json.dumps(order).encode()
        ours, theirs = socket.socketpair()
        try:
            with theirs, self._lock:
                socket.send_fds(self._socket, [_HEAD.pack(len(body))], [*files, theirs.fileno()])
                self._socket.sendall(body)
                (pid,) = _HEAD.unpack(_exactly(self._socket, _HEAD.size))
        except BaseException:
            # A limit of time may end a test here: what answers later is not of the next order.
            _server.cache_clear()
            ours.close()
            raise
        return pid, ours

    def status(self) -> int:
        """How the process ended; one that still runs is killed."""
        self._process.kill()
        return self._process.wait()

    def _close(self) -> None:
        self._socket.close()
        self._process.wait()


@functools.cache
def _server() -> _Server:
    return _Server()


def _exactly(stream: socket.socket, count: int) -> bytes:
    octets = b""
    while len(octets) < count:
        some = stream.recv(count - len(octets))
        if not some:
            raise EOFError
        octets += some
    return octets


def _serve(control: socket.socket) -> dict[str, Any]:
    """Fork for each order; returns the order in the new process, and never in this one."""
    ends: dict[int, socket.socket] = {}
    woken, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    while True:
        ready, _, _ = select.select([control.fileno(), woken], [], [])
        if woken in ready:
            os.read(woken, 4_096)
            _report_ends(ends)
        if control.fileno() not in ready:
            continue
        head, files = b"", list[int]()
        with contextlib.suppress(ConnectionError):  # a reset, where an answer was never read
            head, files, _, _ = socket.recv_fds(control, _HEAD.size, 4)
        if not head:
            for pid in ends:
                os.kill(pid, signal.SIGKILL)
            os._exit(0)
        order: dict[str, Any] = json.loads(_exactly(control, _HEAD.unpack(head)[0]))
        pid = os.fork()
        if not pid:
            _take(files[:3])
            for each in (
                *files,
                woken,
                wake,
                control.detach(),
                *(e.detach() for e in ends.values()),
            ):
                os.close(each)
            return order
        ends[pid] = socket.socket(fileno=files.pop())
        for each in files:
            os.close(each)
        control.sendall(_HEAD.pack(pid))


def _take(files: list[int]) -> None:
    """Have files as standard input, output and error, and signals as in a new process."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for own, given in enumerate(files):
        os.dup2(given, own)


def _report_ends(ends: dict[int, socket.socket]) -> None:
    with contextlib.suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            with ends.pop(ended[0]) as end, contextlib.suppress(OSError):
                end.sendall(_STATUS.pack(ended[1]))


def _import_all() -> None:
    import simpost

    for module in pkgutil.walk_packages(simpost.__path__, "simpost."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    native_app = importlib.import_module("tests.native_app")
    native_app.share_routes()
    native_app.build_routes(simpost.__version__)
    gc.collect()
    gc.freeze()


def _become(order: dict[str, Any]) -> NoReturn:
    """Run the module as `python -m MODULE ARGUMENTS` would, and end with its status.

    It ends without freeing its objects: all memory is shared with the server until it is written,
    and freeing writes to it all, which takes longer than most commands.
    """
    os.environ.clear()
    os.environ.update(order["environment"])
    os.chdir(order["cwd"])
    sys.stdin = os.fdopen(0, encoding="utf-8", errors="surrogateescape", closefd=False)
    sys.stdout, sys.stderr = _writer(1, "strict"), _writer(2, "backslashreplace")
    module, *arguments = order["command"]
    sys.argv = [module, *arguments]
    status = 0
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        status = _status_of(ended.code)
    except KeyboardInterrupt:
        traceback.print_exc()
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    except BaseException:  # noqa: BLE001  what the interpreter would do
        traceback.print_exc()
        status = 1
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        status = _CANNOT_FLUSH
    os._exit(status)


def _status_of(code: object) -> int:
    """The status of a process that ends with SystemExit of this code; a text is printed."""
    if code is None or isinstance(code, int):
        return (code or 0) & 0xFF
    print(code, file=sys.stderr)  # noqa: T201
    return 1


def _writer(number: int, errors: str) -> io.TextIOWrapper:
    is_line_by_line = number == 2 or os.isatty(number)
    stream = os.fdopen(number, "wb", closefd=False)
    return io.TextIOWrapper(stream, "utf-8", errors, line_buffering=is_line_by_line)


if __name__ == "__main__":
    _import_all()
    _become(_serve(socket.socket(fileno=int(sys.argv[1]))))
