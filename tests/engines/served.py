"""What the engines are shown: the console with all kinds of rows, and the handsets."""

from __future__ import annotations

from typing import Any

from starlette.types import ASGIApp

from simpost.api import Services
from simpost.console.page import POLICY
from simpost.domain.console_users import ConsoleRole
from simpost.smsc.http_server import serve_http
from simpost.smsc.page_routes import PAGE_HEADERS
from tests.browser.conftest import SimulatorThread
from tests.browser.full_console import FullConsole
from tests.browser.test_console import PASSWORD
from tests.engines.watch import Watched


class WatchedConsole(FullConsole):
    """The console, with what browsers report about its pages."""

    watched: Watched

    def app(self, services: Services) -> ASGIApp:
        """The console behind the watch."""
        self.watched = Watched(super().app(services), POLICY)
        return self.watched

    def add_user(self, name: str) -> None:
        """Another administrator."""
        add = self.services.console_users.add(name, ConsoleRole.ADMIN, None, PASSWORD)
        self.run(add)


class WatchedSimulator(SimulatorThread):
    """The simulator, with what browsers report about its page."""

    watched: Watched

    async def serve(self, app: ASGIApp, *others: Any) -> Any:
        """Serve the page behind the watch."""
        self.watched = Watched(app, PAGE_HEADERS["content-security-policy"])
        return await serve_http(self.watched, *others)  # type: ignore[arg-type]  # an ASGI app too
