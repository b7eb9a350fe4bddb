"""HTTP requests that change something: faults, handsets, connections."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simpost.errors import ConfigError
from simpost.smsc.fault_file import (
    MAX_OCTETS,
    faults_toml,
    faults_view,
    parse_faults_json,
    write_faults,
)
from simpost.smsc.handsets import MAX_TEXTS
from simpost.smsc.offline_handsets import MAX_OFF
from simpost.smsc.request_body import body_of, refuse_cross_site
from simpost.smsc.upstreams.catalogue import MAX_OCTETS as MAX_CATALOGUE_OCTETS
from simpost.smsc.upstreams.catalogue import parse_catalogue
from simpost.smsc.upstreams.replies import ReplyName
from simpost.smsc.views import HandsetView, encode_json, handset_view, message_view
from simpost.text import TextError

if TYPE_CHECKING:
    from simpost.smsc.reassembly import HandsetMessage
    from simpost.smsc.simulator import Simulator

MAX_DIGITS: Final = 20
MAX_DELAY_S: Final = 86_400
_TOO_MANY: Final = f"{MAX_OFF:,} handsets are off, delayed or full already."
_NO_RECEIVER: Final = "No receiver is bound."


class HandsetText(Struct, forbid_unknown_fields=True):
    """Body of a request to send a text from a handset; without `by` it goes by SMPP."""

    to: str
    text: str
    by: ReplyName | None = None


class HandsetDelay(Struct, forbid_unknown_fields=True):
    """Body of a request to delay the texts of a handset: seconds until it shows one."""

    seconds: Annotated[float, Meta(gt=0, le=MAX_DELAY_S)]


class ControlRoutes:
    """The routes by which a test or a person controls a running simulator."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._packed = simulator.options.gsm7_packed

    def routes(self) -> list[Route]:
        """All routes of this class."""
        return [
            Route("/faults", self.get_faults),
            Route("/faults", self.put_faults, methods=["PUT"]),
            Route("/faults", self.delete_faults, methods=["DELETE"]),
            Route("/faults/file", self.get_fault_file),
            Route("/faults/file", self.write_fault_file, methods=["PUT"]),
            Route("/handsets/{number}", self.delete, methods=["DELETE"]),
            Route("/handsets/{number}/off", self.switch_off, methods=["POST"]),
            Route("/handsets/{number}/full", self.fill, methods=["POST"]),
            Route("/handsets/{number}/delay", self.delay, methods=["POST"]),
            Route("/handsets/{number}/on", self.switch_on, methods=["POST"]),
            Route("/handsets/{number}/messages", self.send, methods=["POST"]),
            Route("/catalogue", self.get_catalogue),
            Route("/catalogue", self.put_catalogue, methods=["PUT"]),
            Route("/disconnect", self.disconnect, methods=["POST"]),
        ]

    async def get_faults(self, _: Request) -> Response:
        return json_response(faults_view(self._simulator.faults))

    async def put_faults(self, request: Request) -> Response:
        body = await body_of(request, MAX_OCTETS)
        try:
            self._simulator.set_faults(parse_faults_json(body))
        except ConfigError as error:
            raise HTTPException(400, str(error)) from None
        return json_response(faults_view(self._simulator.faults))

    async def delete_faults(self, _: Request) -> Response:
        self._simulator.set_faults(None)
        return Response(status_code=204)

    async def get_fault_file(self, _: Request) -> Response:
        """The active rules as a file to save."""
        headers = {
            "content-disposition": "attachment; filename=faults.toml",
            "x-content-type-options": "nosniff",
        }
        text = faults_toml(self._simulator.faults)
        return Response(text, headers=headers, media_type="application/toml")

    async def write_fault_file(self, request: Request) -> Response:
        """Write the active rules to the file that the simulator read them from."""
        refuse_cross_site(request)
        path = self._simulator.options.faults_file
        if path is None:
            raise HTTPException(409, "The simulator was started without --faults.")
        try:
            await asyncio.to_thread(write_faults, path, self._simulator.faults)
        except ConfigError as error:
            raise HTTPException(500, str(error)) from None
        return json_response({"file": path.name})

    async def get_catalogue(self, _: Request) -> Response:
        return json_response(self._simulator.catalogue)

    async def put_catalogue(self, request: Request) -> Response:
        refuse_cross_site(request)
        body = await body_of(request, MAX_CATALOGUE_OCTETS)
        try:
            self._simulator.set_catalogue(parse_catalogue(body))
        except ConfigError as error:
            raise HTTPException(400, str(error)) from None
        return Response(status_code=204)

    async def delete(self, request: Request) -> Response:
        if not self._simulator.delete_handset(_handset_number(request)):
            raise HTTPException(404, "There is no handset with this number.")
        return Response(status_code=204)

    async def switch_off(self, request: Request) -> Response:
        number = _handset_number(request)
        if not self._simulator.handset_off(number):
            raise HTTPException(409, _TOO_MANY)
        return json_response(self._handset_view(number))

    async def fill(self, request: Request) -> Response:
        number = _handset_number(request)
        if not self._simulator.fill_handset(number):
            raise HTTPException(409, _TOO_MANY)
        return json_response(self._handset_view(number))

    async def delay(self, request: Request) -> Response:
        number = _handset_number(request)
        body = await body_of(request, MAX_OCTETS)
        try:
            seconds = msgspec.json.decode(body, type=HandsetDelay).seconds
        except (msgspec.ValidationError, msgspec.DecodeError) as error:
            raise HTTPException(400, str(error)) from None
        if not self._simulator.delay_handset(number, seconds):
            raise HTTPException(409, _TOO_MANY)
        return json_response(self._handset_view(number))

    async def switch_on(self, request: Request) -> Response:
        number = _handset_number(request)
        self._simulator.handset_on(number)
        return json_response(self._handset_view(number))

    async def send(self, request: Request) -> Response:
        number = _handset_number(request)
        body = await body_of(request, MAX_OCTETS)
        try:
            reply = msgspec.json.decode(body, type=HandsetText)
        except ValueError as error:
            raise HTTPException(400, str(error)) from None
        if number in self._simulator.offline:
            raise HTTPException(409, "The handset is off.")
        try:
            message = await self._send(number, reply)
        except (TextError, ValueError) as error:
            raise HTTPException(400, f"The text cannot be sent: {error}") from None
        if message is None:
            problem = f"There is no --callback {reply.by}=URL." if reply.by else _NO_RECEIVER
            raise HTTPException(409, problem)
        return json_response(message_view(message, packed=self._packed))

    async def _send(self, number: str, reply: HandsetText) -> HandsetMessage | None:
        if reply.by:
            return await self._simulator.reply_by_http(reply.by, number, reply.to, reply.text)
        return await self._simulator.send_from_handset(number, reply.to, reply.text)

    async def disconnect(self, request: Request) -> Response:
        refuse_cross_site(request)
        return json_response({"disconnected": self._simulator.disconnect()})

    def _handset_view(self, number: str) -> HandsetView:
        handset = self._simulator.handsets.touch(number)
        return handset_view(handset, self._simulator.offline, packed=self._packed, texts=MAX_TEXTS)


def number_of(request: Request) -> str:
    """The number in the path, without `+`."""
    return str(request.path_params["number"]).strip().removeprefix("+")


def json_response(body: Any, status: int = 200, headers: Any = None) -> Response:
    return Response(encode_json(body), status, headers, media_type="application/json")


def _handset_number(request: Request) -> str:
    """The number of the handset to control. Raises HTTPException for an invalid request."""
    refuse_cross_site(request)
    number = number_of(request)
    if not (number.isascii() and number.isdigit() and len(number) <= MAX_DIGITS):
        raise HTTPException(400, f"A number has 1 to {MAX_DIGITS} digits.")
    return number
