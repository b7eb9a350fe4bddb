"""The process: its listening socket, its interpreter, its terminal."""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
import sys
from collections.abc import Callable

from simpost.errors import ConfigError
from simpost.runtime.allocator import return_freed_memory

_SWITCH_S = 0.0001
"""Switch interval of the interpreter: the longest wait of the writer's thread for its lock. With
Python's default of 5 ms this wait was most of the time of a request."""
_BACKLOG = 2048


def listen(host: str, port: int) -> socket.socket:
    """Bind a port. Raises ConfigError if that fails."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise ConfigError(
            f"cannot listen on {host} port {port}: {error.strerror}. Is another simpost running? "
            "Choose another port."
        ) from None


def tune_interpreter() -> None:
    """Tune the interpreter. Objects loaded at start stay: collecting garbage in them costs 4 %."""
    return_freed_memory()
    sys.setswitchinterval(_SWITCH_S)
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)


def end_on_hangup(loop: asyncio.AbstractEventLoop, end: Callable[[], None]) -> None:
    """Call `end` when the terminal is closed, unless SIGHUP is ignored (`nohup`)."""
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        loop.add_signal_handler(signal.SIGHUP, end)
