"""The trace context of who asks (W3C `traceparent`), for the spans of what is asked."""

from __future__ import annotations

from opentelemetry.context import attach, detach
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.types import ASGIApp, Receive, Scope, Send

_HEADERS = (b"traceparent", b"tracestate")


def with_trace_context(app: ASGIApp) -> ASGIApp:
    """The app, with the caller's trace as the current one of each request; a wrong one is none."""
    propagator = TraceContextTextMapPropagator()

    async def traced(scope: Scope, receive: Receive, send: Send) -> None:
        given = {
            name.decode(): value.decode("latin-1")
            for name, value in scope.get("headers", ())
            if name in _HEADERS
        }
        if not given:
            await app(scope, receive, send)
            return
        token = attach(propagator.extract(given))
        try:
            await app(scope, receive, send)
        finally:
            detach(token)

    return traced
