"""The trace context of the caller (W3C `traceparent`), as the parent of our spans."""

from __future__ import annotations

from opentelemetry.context import attach, detach
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.types import ASGIApp, Receive, Scope, Send

_HEADERS = (b"traceparent", b"tracestate")


def with_trace_context(app: ASGIApp) -> ASGIApp:
    """Wrap an app: the trace context of each request is current. An invalid one is ignored."""
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
