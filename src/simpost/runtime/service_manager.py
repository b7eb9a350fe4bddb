"""What the process reports to systemd: datagrams to the socket in `NOTIFY_SOCKET`, sd_notify(3)."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import MutableMapping

from simpost.observe import get_logger

_SOCKET = "NOTIFY_SOCKET"
_WATCHDOG_PERIOD = "WATCHDOG_USEC"
_WATCHDOG_PROCESS = "WATCHDOG_PID"

log = get_logger(__name__)


class ServiceManager:
    """Reports the state of this process; does nothing where no service manager listens.

    `address`: the path of a Unix datagram socket, or `@` and an abstract name; empty: none.
    `watchdog_s`: the process is killed if it reports nothing for so long; 0: no watchdog.
    """

    def __init__(self, address: str = "", watchdog_s: float = 0.0) -> None:
        self.watchdog_s = watchdog_s
        self._address = f"\0{address[1:]}" if address.startswith("@") else address

    def ready(self) -> None:
        """The process serves; or it has read its configuration again."""
        self._send("READY=1\nSTATUS=Serves.")

    def reloading(self) -> None:
        """The process reads its configuration again; `ready` ends that."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """The process is about to stop."""
        self._send("STOPPING=1\nSTATUS=Stops.")

    async def run_watchdog(self) -> None:
        """Report twice in each period that the event loop runs, until cancelled."""
        while self.watchdog_s:
            self._send("WATCHDOG=1")
            await asyncio.sleep(self.watchdog_s / 2)

    def _send(self, state: str) -> None:
        """Must not block, and must not stop a service whose manager does not listen."""
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                sender.setblocking(False)
                sender.sendto(state.encode(), self._address)
        except OSError as error:
            log.warning("service_manager_unreachable", problem=error.strerror)


def service_manager_of(environment: MutableMapping[str, str]) -> ServiceManager:
    """The service manager of this process.

    Removes its variables from the environment: processes that this one starts do not report.
    """
    address = environment.pop(_SOCKET, "")
    period = environment.pop(_WATCHDOG_PERIOD, "")
    process = environment.pop(_WATCHDOG_PROCESS, "")
    is_watched = period.isdecimal() and process in ("", str(os.getpid()))
    return ServiceManager(address, int(period) / 1_000_000 if is_watched else 0.0)
