"""The process: its listening socket, its interpreter, its terminal."""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
import sys
from collections.abc import Callable

from simpost.errors import ConfigError

_SWITCH_S = 0.0001
"""How long the writer's thread may wait for the interpreter's lock; Python's own 5 ms, several
times a commit, was most of the time a caller waited."""
_BACKLOG = 2048


def listen(host: str, port: int) -> socket.socket:
    """Take the HTTP port. Raises ConfigError when it cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise ConfigError(
            f"cannot listen on {host} port {port}: {error.strerror}. Is another simpost running? "
            "Choose another port."
        ) from None


def tune_interpreter() -> None:
    """What was loaded to start stays; looking for garbage in it again and again costs 4 %."""
    sys.setswitchinterval(_SWITCH_S)
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)


def end_on_hangup(loop: asyncio.AbstractEventLoop, end: Callable[[], None]) -> None:
    """Call `end` when the terminal is closed, unless the caller ignores that (`nohup`)."""
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        loop.add_signal_handler(signal.SIGHUP, end)
