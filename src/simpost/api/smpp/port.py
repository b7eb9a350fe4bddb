"""The SMPP port as a component: listens, delivers receipts, and ends with the process."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from simpost.api.shared.smpp_clients import SmppClient
from simpost.api.smpp.binds import BindCheck
from simpost.api.smpp.clients import Clients
from simpost.api.smpp.delivery import ReceiptDelivery
from simpost.api.smpp.part_assembly import PartAssembly
from simpost.api.smpp.sends import Sends
from simpost.config import Settings
from simpost.config.smpp_server import SmppServerSettings
from simpost.errors import ConfigError
from simpost.messaging.accounts import Accounts
from simpost.messaging.intake import Intake
from simpost.messaging.smpp_logins import SmppLogins
from simpost.observe import get_logger, metrics
from simpost.observe.metrics import Sample
from simpost.ports.store import Store
from simpost.runtime.clock import Clock
from simpost.runtime.component import Component, count_samples
from simpost.smpp import SMPP_5_0, SessionSettings, SmppServer
from simpost.smpp.tls import load_certificate, server_context

MAX_UNREAD_OCTETS: Final = 262_144
"""Unsent octets at which simpost stops reading from a client that does not read."""

log = get_logger(__name__)


class SmppPort(Component):
    """Off unless `smpp_server.enabled`; then it does nothing."""

    def __init__(
        self,
        settings: SmppServerSettings,
        store: Store,
        accounts: Accounts,
        logins: SmppLogins,
        intake: Intake,
        *,
        new_id: Callable[[], bytes],
        clock_ms: Clock,
        delivery: ReceiptDelivery,
    ) -> None:
        self.settings = settings
        self.delivery = delivery
        self.parts = PartAssembly(store.smpp_parts, intake, new_id=new_id, clock_ms=clock_ms)
        self.clients = Clients(
            logins,
            Sends(
                accounts,
                intake,
                self.parts,
                clock_ms=clock_ms,
                alphabets=lambda: self.settings.alphabets,
            ),
            intake,
            store.log,
            window=settings.window,
        )
        self.binds = BindCheck(
            logins, self.clients.bound_count, max_binds=settings.max_binds_per_account
        )
        self._listener: socket.socket | None = None
        self._server: SmppServer | None = None
        self._tls: ssl.SSLContext | None = None

    @property
    def listens_on(self) -> int | None:
        """The port; `None` while it is closed."""
        return self._server.port if self._server else None

    def bound_clients(self) -> Sequence[SmppClient]:
        """The clients that are bound, in the order of their binds."""
        return [
            SmppClient(
                system_id=login.system_id,
                account_id=login.account_id,
                bind=session.state.value,
                peer=session.peer,
                unanswered=session.unacked,
            )
            for session, login in self.clients.bound.items()
        ]

    def prepare(self, listener: socket.socket) -> None:
        """Listen on the socket once `start` is called.

        Raises ConfigError without a usable certificate.
        """
        self._listener = listener
        if self.settings.tls_cert_file:
            self._tls = server_context(*self.settings.certificate)

    async def start(self) -> None:
        """Accept connections, if there is a socket."""
        if self._listener is None:
            return
        settings = self.settings
        self._server = SmppServer(
            self.binds.check,
            self.clients,
            session_settings(settings),
            system_id=settings.system_id,
            max_sessions=settings.max_connections,
            max_unbound=max(1, settings.max_connections // 2),
        )
        await self._server.listen_on(
            self._listener, self._tls, handshake_timeout_s=settings.bind_timeout_s
        )
        log.info("smpp_listening", port=self._server.port, tls=self._tls is not None)

    async def run(self) -> None:
        """Deliver receipts and drop old parts until cancelled."""
        if not self.settings.enabled:
            return
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.delivery.run(self.clients))
            tasks.create_task(self.parts.run())

    async def reconfigure(self, settings: Settings) -> None:
        """Read the certificate again: it may have been renewed. All else applies after a restart.

        A certificate that cannot be read leaves the present one in use, and a line in the log.
        """
        del settings
        if self._tls is not None:
            try:
                load_certificate(self._tls, *self.settings.certificate)
            except ConfigError as error:
                log.error("smpp_certificate_unreadable", problem=str(error))

    async def stop(self) -> None:
        """Accept no more requests, answer those in progress, and unbind every client."""
        if self._server is not None:
            await self.clients.stop()
            await self._server.close()

    def samples(self) -> Iterable[Sample]:
        """The present values of its metrics."""
        if not self.settings.enabled:
            return
        yield Sample(metrics.SMPP_BINDS, (), len(self.clients.bound))
        yield from count_samples(metrics.SMPP_RESPONSES, self.clients.responses)
        yield from count_samples(metrics.SMPP_RECEIPTS, self.delivery.outcomes)
        yield from self.binds.wrong.read()


def session_settings(settings: SmppServerSettings) -> SessionSettings:
    """The limits of each connection."""
    return SessionSettings(
        window=settings.receipt_window,
        max_unacked=settings.window + 1,  # the handler answers the one beyond the window
        session_init_timeout_s=settings.bind_timeout_s,
        response_timeout_s=settings.response_timeout_s,
        enquire_link_s=settings.enquire_link_s,
        inactivity_timeout_s=settings.idle_timeout_s or None,
        max_pdu_octets=settings.max_pdu_octets,
        max_unread_octets=MAX_UNREAD_OCTETS,
        interface_version=SMPP_5_0,
    )
