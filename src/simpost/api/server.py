"""The HTTP server of the APIs, built from the settings."""

from __future__ import annotations

from starlette.types import ASGIApp

from simpost.api.admin_only import admin_only
from simpost.api.router import build
from simpost.api.shared.services import Services
from simpost.api.tracing import with_trace_context
from simpost.config import Settings
from simpost.http import HostRules, HttpServer, Limits, TrustedProxies


def build_server(
    services: Services,
    settings: Settings,
    *,
    is_traced: bool,
    grace_s: float,
    console: ASGIApp | None = None,
) -> HttpServer:
    """Return a server with the APIs of this node; without the role `api`, administration only."""
    server = settings.server
    app = build(services, console)
    if "api" not in settings.node.roles:
        app = admin_only(app)
    return HttpServer(
        with_trace_context(app) if is_traced else app,
        limits=Limits(keep_alive_s=server.keep_alive_s, unread_s=server.unread_response_timeout_s),
        hosts=HostRules.of(server.host, server.allowed_hosts),
        proxies=TrustedProxies(server.trusted_proxies, server.proxy_hops),
        grace_s=grace_s,
    )
