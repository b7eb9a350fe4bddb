"""Responses by HTTP, with the faults of their script: none, altered, or a lost connection."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

import msgspec
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from simpost.http.connection import cut_off
from simpost.smsc import faults as f
from simpost.smsc.behaviour import SubmitScript
from simpost.smsc.upstreams.shape import UpstreamReply
from simpost.smsc.wire_faults import mangle_octets

SILENT_S: Final = 600.0
"""Seconds after which a connection without a response is closed."""


class FaultyResponse(Response):
    """A response that is written as its script says; then `deliver` is called."""

    def __init__(
        self, reply: UpstreamReply, script: SubmitScript, deliver: Callable[[], None] | None = None
    ) -> None:
        super().__init__(_body_of(reply, script), reply.status, dict(reply.headers))
        self._fault = script.response_fault
        self._deliver = deliver

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        fault = self._fault
        if fault is None or isinstance(fault, f.MangleResponse):
            await super().__call__(scope, receive, send)
        elif isinstance(fault, f.Drop):
            cut_off(scope)
        elif isinstance(fault, f.Reset):
            cut_off(scope, after=self._octets()[: fault.octets])
        elif not isinstance(fault, f.Silent | f.HalfOpen):  # a fault of SMPP alone
            await super().__call__(scope, receive, send)
            fault = None
        if self._deliver:
            self._deliver()
        if isinstance(fault, f.Silent | f.HalfOpen):
            await _keep_silent(scope, receive, getattr(fault, "seconds", SILENT_S))
        elif isinstance(fault, f.Drop | f.Reset):
            await _wait_for_end(receive)

    def _octets(self) -> bytes:
        lines = b"".join(b"%b: %b\r\n" % header for header in self.raw_headers)
        return b"HTTP/1.1 %d \r\n%b\r\n%b" % (self.status_code, lines, bytes(self.body))


def written(reply: UpstreamReply) -> Response:
    """A response without faults."""
    return Response(reply.body, reply.status, dict(reply.headers))


def without_body(reply: UpstreamReply) -> UpstreamReply:
    """A response with the same status and nothing else."""
    return UpstreamReply(reply.status, b"", {})


def with_rows(reply: UpstreamReply, most: int) -> UpstreamReply:
    """A response whose list has at most this many rows; its total is unchanged."""
    document = _cut(msgspec.json.decode(reply.body), most)
    return reply._replace(body=msgspec.json.encode(document))


def _cut(document: Any, most: int) -> Any:
    if isinstance(document, dict):
        return {name: _cut(value, most) for name, value in document.items()}
    return document[:most] if isinstance(document, list) else document


def _body_of(reply: UpstreamReply, script: SubmitScript) -> bytes:
    fault = script.response_fault
    if isinstance(fault, f.MangleResponse):
        return mangle_octets(fault.changes, script.seed, header=True)(reply.body)
    return reply.body


async def _keep_silent(scope: Scope, receive: Receive, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await _wait_for_end(receive)
    except TimeoutError:
        cut_off(scope)
        await _wait_for_end(receive)


async def _wait_for_end(receive: Receive) -> None:
    """Return when the connection is gone: a request without a response would be an error."""
    while (await receive())["type"] != "http.disconnect":
        pass
