"""Keep a bind open: connect, bind, wait until it is lost, back off, repeat."""

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

_PASSING: Final = (StatusClass.RETRY, StatusClass.THROTTLE)
_AT_ONCE_S: Final = 0.05
"""Before the first try after a link of use, jittered as well."""

log = get_logger(__name__)


class Backoff:
    """How long to wait before the next try, jittered: twice as long each time up to a cap.

    After a link that was of use the first try comes at once: what ended it is likely over.
    """

    def __init__(self, least_s: float, most_s: float, jitter: random.Random) -> None:
        self._least_s = least_s
        self._most_s = most_s
        self._next_s = least_s
        self._jitter = jitter

    def succeeded(self) -> None:
        self._next_s = min(_AT_ONCE_S, self._least_s)

    def wait_s(self) -> float:
        wait_s = self._next_s
        self._next_s = min(max(2 * wait_s, self._least_s), self._most_s)
        return self.jittered(wait_s)

    def jittered(self, wait_s: float) -> float:
        """Between half of it and all of it, so that links lost together do not come together."""
        return wait_s * self._jitter.uniform(0.5, 1.0)


async def keep_bound(
    bind_pdu: Callable[[], Bind], statuses: StatusMap, names: NameResolver, bind: BindConnection
) -> None:
    """Keep a bind open until cancelled. After a refused bind, wait longer.

    But not right after a healthy bind: the message centre may not have noticed that it ended, and
    responds ESME_RALYBND.
    """
    settings = bind.settings
    backoff = Backoff(
        settings.reconnect_min_s,
        settings.reconnect_max_s,
        random.Random(),  # noqa: S311  jitter is no secret
    )
    was_healthy = False
    while True:
        wait_s = None
        follows_healthy, was_healthy = was_healthy, False
        try:
            if was_healthy := await _bound_once(bind_pdu, names, bind):
                backoff.succeeded()
        except BindRejected as error:
            bind.lost(f"{error}. {status_meaning(error.command_status)}")
            if statuses.classify(error.command_status) not in _PASSING and not follows_healthy:
                wait_s = backoff.jittered(settings.bind_refused_wait_s)
        except (ProtocolError, TlsMistake) as error:
            bind.lost(str(error))
        except Exception:
            log.exception("bind_task_failed", carrier=settings.name)
            bind.lost("A fault of our own; the log says more.")
        await asyncio.sleep(backoff.wait_s() if wait_s is None else wait_s)


async def _bound_once(
    bind_pdu: Callable[[], Bind], names: NameResolver, bind: BindConnection
) -> bool:
    """Bind and wait until the bind is lost. Returns whether it was healthy."""
    settings = bind.settings
    bind.binding()
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
    """The addresses of the carrier's host. Never waits for another carrier's name server."""
    settings = bind.settings
    try:
        async with asyncio.timeout(settings.bind_timeout_s):
            found = await names.resolve(
                settings.host, settings.port, owner=f"{settings.name} {bind.kind} {bind.number}"
            )
    except TimeoutError:
        late = f"{settings.host}: the name was not resolved within {settings.bind_timeout_s:g} s"
        raise ConnectFailed(late) from None
    except UnicodeError:
        impossible = f"{settings.host}:{settings.port}: no host can be called that"
        raise ConnectFailed(impossible) from None
    except OSError as error:
        failed = f"{settings.host}:{settings.port}: {error.strerror or error}"
        raise ConnectFailed(failed) from error
    return [address for _, address in found]


def session_settings(settings: Settings) -> SessionSettings:
    return SessionSettings(
        window=settings.window,
        connect_timeout_s=settings.bind_timeout_s,
        session_init_timeout_s=settings.bind_timeout_s,
        response_timeout_s=settings.response_timeout_s,
        enquire_link_s=settings.enquire_link_s,
    )
