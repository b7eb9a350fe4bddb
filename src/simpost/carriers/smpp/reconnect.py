"""Keeps a bind open: connect, bind, wait until it is lost, back off, repeat."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Final

from simpost.carriers.smpp.bind import BindConnection
from simpost.carriers.smpp.command_status import StatusClass, StatusMap
from simpost.config import SmppCarrierSettings as Settings
from simpost.config import TlsMistake, tls_context
from simpost.errors import ProtocolError
from simpost.net.resolver import NameResolver
from simpost.observe import get_logger
from simpost.smpp import (
    Bind,
    BindRejected,
    ConnectFailed,
    SessionSettings,
    connect,
    status_meaning,
)

_TEMPORARY: Final = (StatusClass.RETRY, StatusClass.THROTTLE)
_FIRST_DELAY_S: Final = 0.05
"""Delay of the first attempt after a healthy bind."""

log = get_logger(__name__)


class Backoff:
    """Delays between attempts, with jitter: doubled each time, up to a maximum.

    The first attempt after a healthy bind follows at once: what ended it is likely over.
    """

    def __init__(self, min_s: float, max_s: float, jitter: random.Random) -> None:
        self._min_s = min_s
        self._max_s = max_s
        self._next_s = min_s
        self._jitter = jitter

    def succeeded(self) -> None:
        """Start again with a short delay, after a healthy bind."""
        self._next_s = min(_FIRST_DELAY_S, self._min_s)

    def next_delay_s(self) -> float:
        """Return the delay before the next attempt and double it."""
        delay_s = self._next_s
        self._next_s = min(max(2 * delay_s, self._min_s), self._max_s)
        return self.jittered(delay_s)

    def jittered(self, delay_s: float) -> float:
        """Reduce a delay by up to half: binds lost together must not return together."""
        return delay_s * self._jitter.uniform(0.5, 1.0)


async def keep_bound(
    bind_pdu: Callable[[], Bind], statuses: StatusMap, names: NameResolver, bind: BindConnection
) -> None:
    """Keep a bind open until cancelled. After a refused bind, wait longer.

    The first attempt after a healthy bind does not count as refused: an SMSC that has not noticed
    the end of that bind responds ESME_RALYBND.
    """
    settings = bind.settings
    backoff = Backoff(
        settings.reconnect_min_s,
        settings.reconnect_max_s,
        random.Random(),  # noqa: S311  jitter is no secret
    )
    was_healthy = False
    while True:
        delay_s = None
        follows_healthy, was_healthy = was_healthy, False
        try:
            if was_healthy := await _bound_once(bind_pdu, names, bind):
                backoff.succeeded()
        except BindRejected as error:
            bind.lost(f"{error}. {status_meaning(error.command_status)}")
            if statuses.classify(error.command_status) not in _TEMPORARY and not follows_healthy:
                delay_s = backoff.jittered(settings.bind_refused_wait_s)
        except (ProtocolError, TlsMistake) as error:
            bind.lost(str(error))
        except Exception:
            log.exception("bind_task_failed", carrier=settings.name)
            bind.lost("Internal error in simpost: see bind_task_failed in the log.")
        await asyncio.sleep(backoff.next_delay_s() if delay_s is None else delay_s)


async def _bound_once(
    bind_pdu: Callable[[], Bind], names: NameResolver, bind: BindConnection
) -> bool:
    """Bind and wait until the bind is lost. Returns whether it was healthy."""
    settings = bind.settings
    bind.begin()
    addresses = await _resolve(names, bind)
    session = await connect(
        settings.host,
        settings.port,
        bind_pdu(),
        bind,
        session_settings(settings),
        ssl=await asyncio.to_thread(tls_context, settings) if settings.tls else None,
        server_hostname=settings.tls_server_name or None,
        addresses=addresses,
    )
    await session.wait_closed()
    return bind.was_healthy


async def _resolve(names: NameResolver, bind: BindConnection) -> list[str]:
    """Return the addresses of the host. Raises `ConnectFailed`, at the latest after the timeout."""
    settings = bind.settings
    try:
        async with asyncio.timeout(settings.bind_timeout_s):
            found = await names.resolve(
                settings.host, settings.port, owner=f"{settings.name} {bind.kind} {bind.number}"
            )
    except TimeoutError:
        problem = f"{settings.host}: the name was not resolved within {settings.bind_timeout_s:g} s"
        raise ConnectFailed(problem) from None
    except UnicodeError:
        problem = f"{settings.host}:{settings.port}: not a valid host name"
        raise ConnectFailed(problem) from None
    except OSError as error:
        problem = f"{settings.host}:{settings.port}: {error.strerror or error}"
        raise ConnectFailed(problem) from error
    return [address for _, address in found]


def session_settings(settings: Settings) -> SessionSettings:
    """Return the settings of a session with this carrier."""
    return SessionSettings(
        window=settings.window,
        connect_timeout_s=settings.bind_timeout_s,
        session_init_timeout_s=settings.bind_timeout_s,
        response_timeout_s=settings.response_timeout_s,
        enquire_link_s=settings.enquire_link_s,
    )
