"""Runs the requests of all shapes: reads, decides, responds with the faults, and delivers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simpost.smpp import Status
from simpost.smsc.behaviour import SubmitScript
from simpost.smsc.faults import CallName, HttpError
from simpost.smsc.request_body import body_of, refuse_cross_site
from simpost.smsc.submit_handler import is_accepted
from simpost.smsc.upstreams.catalogue import UpstreamCatalogue
from simpost.smsc.upstreams.responses import FaultyResponse, with_rows, without_body, written
from simpost.smsc.upstreams.shape import Call, RefusedCall, UpstreamReply, UpstreamShape
from simpost.text import TextError

if TYPE_CHECKING:
    from simpost.smsc.counters import Counters
    from simpost.smsc.upstreams.messages import UpstreamMessages
    from simpost.smsc.upstreams.texts import UpstreamTexts

MAX_OCTETS: Final = 65_536
_THROTTLED: Final = HttpError(status=429)
_INVALID: Final = HttpError(status=400)
_INVALID_STATUSES: Final = frozenset(
    {
        Status.ESME_RINVSRCADR,
        Status.ESME_RINVDSTADR,
        Status.ESME_RINVESMCLASS,
        Status.ESME_RINVMSGLEN,
    }
)
_FULL: Final = frozenset({Status.ESME_RTHROTTLED, Status.ESME_RMSGQFUL})


class UpstreamApi:
    """What the routes of a shape are made of.

    Attributes:
        messages: messages by their id.
        secret: what callers must prove to know; empty: any secret will do.
        catalogue: plans and eSIMs that are listed.
    """

    def __init__(
        self,
        texts: UpstreamTexts,
        messages: UpstreamMessages,
        counters: Counters,
        secret: str,
        catalogue: UpstreamCatalogue,
    ) -> None:
        self.messages = messages
        self.secret = secret
        self.catalogue = catalogue
        self._texts = texts
        self._counters = counters

    def send_route(self, path: str, shape: UpstreamShape) -> Route:
        """A route whose requests are texts."""

        async def send(request: Request) -> Response:
            return await self._send(shape, request)

        return Route(path, send, methods=["POST"])

    def route(
        self,
        path: str,
        shape: UpstreamShape,
        name: CallName,
        answer: Callable[[Call], UpstreamReply],
        method: str = "GET",
    ) -> Route:
        """A route whose requests are no texts. A request that is refused has no faults."""

        async def respond(request: Request) -> Response:
            try:
                call = await self._call_of(request)
                reply = answer(call)
            except RefusedCall as refused:
                return written(refused.reply)
            script = self._texts.script_of_call(shape, name, call.path.get("iccid", ""))
            if script.response_delay_s > 0:
                await asyncio.sleep(script.response_delay_s)
            return FaultyResponse(_faulty(shape, reply, script), script)

        return Route(path, respond, methods=[method])

    async def _call_of(self, request: Request) -> Call:
        refuse_cross_site(request)
        body = await body_of(request, MAX_OCTETS)
        return Call(request.path_params, request.query_params, request.headers, body, self.secret)

    async def _send(self, shape: UpstreamShape, request: Request) -> Response:
        """The response to a text, which is on its handset after the response was written."""
        peer = f"{request.client.host}:{request.client.port}" if request.client else ""
        try:
            text = shape.read(await self._call_of(request))
            decided = self._texts.decide(shape, text, peer)
        except RefusedCall as refused:
            return self._counted(shape, refused.reply)
        except TextError:
            return self._counted(shape, shape.error(_INVALID))
        script = decided.script
        if script.response_delay_s > 0:
            await asyncio.sleep(script.response_delay_s)
        error = script.http_error or _error_of(shape, script.status)
        reply = shape.error(error) if error else shape.accepted(decided.message)
        if script.has_empty_body and not error:
            reply = without_body(reply)
        is_taken = is_accepted(script) and (not error or error.accepted)
        self._count(shape, reply)
        if not is_taken:
            return FaultyResponse(reply, script)
        if script.receipt.before_response_s is None:
            return FaultyResponse(reply, script, lambda: self._texts.deliver(decided))
        self._texts.deliver(decided)
        await asyncio.sleep(script.receipt.before_response_s)
        return FaultyResponse(reply, script)

    def _counted(self, shape: UpstreamShape, reply: UpstreamReply) -> Response:
        self._count(shape, reply)
        return written(reply)

    def _count(self, shape: UpstreamShape, reply: UpstreamReply) -> None:
        self._counters.upstreams[shape.name, reply.status] += 1


def _faulty(shape: UpstreamShape, reply: UpstreamReply, script: SubmitScript) -> UpstreamReply:
    """The response to a call as its script wants it."""
    if script.http_error:
        return shape.error(script.http_error)
    if script.most_rows is not None:
        reply = with_rows(reply, script.most_rows)
    return without_body(reply) if script.has_empty_body else reply


def _error_of(shape: UpstreamShape, status: int) -> HttpError | None:
    """The error that stands for an SMPP status."""
    if not status:
        return None
    if status in _INVALID_STATUSES:
        return _INVALID
    return _THROTTLED if status in _FULL else shape.refusal
