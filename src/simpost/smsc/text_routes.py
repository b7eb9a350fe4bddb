"""HTTP requests of tests: find, wait for, delete, tag, export and import texts."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import Struct
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simpost.smsc.control import MAX_DIGITS, json_response, number_of
from simpost.smsc.fixture import MAX_OCTETS, Fixture, fixture_of, parse_fixture
from simpost.smsc.handsets import MAX_TEXTS
from simpost.smsc.request_body import body_of, refuse_cross_site
from simpost.smsc.run_tags import MAX_TAGGED, TAG
from simpost.smsc.text_query import (
    CONDITIONS,
    FoundText,
    QueryError,
    TextQuery,
    parse_query,
    parse_wait,
)
from simpost.smsc.views import TextView, part_views, text_view, undelivered_view

if TYPE_CHECKING:
    from simpost.smsc.simulator import Simulator

MAX_FOUND: Final = 1000
MAX_UNDELIVERED: Final = 200
_MAX_TAG_OCTETS: Final = 512 * 1024
_HANDSETS_A_TURN: Final = 20
_READING: Final = (*CONDITIONS, "latest", "wait")


class TaggedNumbers(Struct, forbid_unknown_fields=True):
    """Body of a request to tag handsets."""

    numbers: list[str]


class TextRoutes:
    """The routes on which tests are built."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._packed = simulator.options.gsm7_packed

    def routes(self) -> list[Route]:
        """All routes of this class."""
        return [
            Route("/handsets/{number}/messages", self.find_on_handset),
            Route("/messages", self.find),
            Route("/messages", self.delete, methods=["DELETE"]),
            Route("/messages/{id:int}", self.get),
            Route("/messages/{id:int}/parts", self.get_parts),
            Route("/undelivered", self.list_undelivered),
            Route("/tags", self.list_tags),
            Route("/tags/{tag}", self.put_tag, methods=["PUT"]),
            Route("/tags/{tag}", self.delete_tag, methods=["DELETE"]),
            Route("/fixture", self.export),
            Route("/fixture", self.load, methods=["POST"]),
        ]

    async def find_on_handset(self, request: Request) -> Response:
        return json_response(await self._found(request, number_of(request)))

    async def find(self, request: Request) -> Response:
        return json_response(await self._found(request))

    async def get(self, request: Request) -> Response:
        return json_response(self._view(await self._text(request)))

    async def get_parts(self, request: Request) -> Response:
        found = await self._text(request)
        return json_response(part_views(found.message, packed=self._packed))

    async def list_undelivered(self, _: Request) -> Response:
        options = self._simulator.options
        behind = time.time() - time.monotonic()
        views = [
            undelivered_view(
                each, each.at + behind, packed=self._packed, default_coding=options.default_coding
            )
            for each in reversed(self._simulator.submits)
        ]
        return json_response([each for each in views if each][:MAX_UNDELIVERED])

    async def delete(self, request: Request) -> Response:
        refuse_cross_site(request)
        query = _query_of(request, ("number", *CONDITIONS))
        if query == TextQuery():
            raise HTTPException(400, "Give a condition. DELETE /handsets deletes everything.")
        found = await self._all(query)
        self._simulator.delete_texts(found)
        return json_response({"deleted": len(found)})

    async def list_tags(self, _: Request) -> Response:
        return json_response(self._simulator.handsets.tags.all())

    async def put_tag(self, request: Request) -> Response:
        refuse_cross_site(request)
        tag = request.path_params["tag"]
        if not TAG.fullmatch(tag):
            raise HTTPException(
                400, "A tag has 1 to 64 letters, digits, dots, hyphens or underscores."
            )
        body = await body_of(request, _MAX_TAG_OCTETS)
        try:
            given = msgspec.json.decode(body, type=TaggedNumbers).numbers
        except ValueError as error:
            raise HTTPException(400, str(error)) from None
        numbers = [each.removeprefix("+") for each in given]
        if not all(
            each.isascii() and each.isdigit() and len(each) <= MAX_DIGITS for each in numbers
        ):
            raise HTTPException(400, f"A number has 1 to {MAX_DIGITS} digits.")
        if not self._simulator.handsets.tags.put(tag, numbers):
            raise HTTPException(409, f"At most {MAX_TAGGED:,} numbers can have a tag.")
        return json_response({"tag": tag, "numbers": list(dict.fromkeys(numbers))})

    async def delete_tag(self, request: Request) -> Response:
        refuse_cross_site(request)
        self._simulator.handsets.tags.put(request.path_params["tag"], ())
        return Response(status_code=204)

    async def export(self, request: Request) -> Response:
        query = _query_of(request, ("number", *CONDITIONS))
        texts = [
            fixture_of(number, message, packed=self._packed)
            for number, message in await self._all(query)
        ]
        disposition = {"content-disposition": 'attachment; filename="texts.json"'}
        return json_response(Fixture(1, texts), headers=disposition)

    async def load(self, request: Request) -> Response:
        refuse_cross_site(request)
        body = await body_of(request, MAX_OCTETS)
        options = self._simulator.options
        try:
            texts = parse_fixture(
                body, time.time(), packed=self._packed, default=options.default_alphabet
            )
        except (ValueError, msgspec.DecodeError) as error:
            raise HTTPException(400, str(error)) from None
        self._simulator.add_texts(texts)
        return json_response({"added": len(texts)})

    async def _found(self, request: Request, number: str | None = None) -> list[TextView]:
        """The texts of the request, the oldest first; waits for one if it says so."""
        query = _query_of(request, _READING if number else ("number", *_READING), number)
        latest = _latest_of(request)
        wait = request.query_params.get("wait")
        seconds = 0.0 if wait is None else _seconds_of(wait)
        if wait is None:
            return await self._latest(query, latest)
        if self._simulator.waiters.is_full:
            raise HTTPException(503, "Too many requests are waiting for texts.")
        with self._simulator.waiters.waiting(partial(self._is_wanted, query)) as came:
            found = await self._latest(query, latest)
            if not found:
                await asyncio.wait((came,), timeout=seconds)
                found = await self._latest(query, latest)
        if not found:
            raise HTTPException(404, f"No text matched within {wait}.")
        return found

    def _is_wanted(self, query: TextQuery, found: FoundText) -> bool:
        """Whether it is a whole text that its handset received, and meets the query."""
        number, message = found
        return (
            message.is_complete
            and not message.destination
            and query.meets(number, message, packed=self._packed)
        )

    async def _latest(self, query: TextQuery, latest: int) -> list[TextView]:
        found = [each for each in await self._all(query) if self._is_wanted(TextQuery(), each)]
        found.sort(key=lambda each: each.message.serial)
        return [self._view(each) for each in found[-latest:]]

    async def _all(self, query: TextQuery) -> list[FoundText]:
        """Every text that meets the query, without blocking the event loop for long."""
        handsets = self._simulator.handsets
        if query.number is not None:
            handset = handsets.find(query.number)
            return list(query.on(handset, packed=self._packed)) if handset else []
        found: list[FoundText] = []
        for count, handset in enumerate(list(handsets.all()), 1):
            found += query.on(handset, packed=self._packed)
            if count % _HANDSETS_A_TURN == 0:
                await asyncio.sleep(0)
        return found

    async def _text(self, request: Request) -> FoundText:
        """The text of the path. Raises HTTPException if it is unknown."""
        serial = request.path_params["id"]
        for found in await self._all(TextQuery(after=serial - 1, before=serial + 1)):
            return found
        raise HTTPException(404, "There is no text with this id, or it was deleted.")

    def _view(self, found: FoundText) -> TextView:
        return text_view(found.number, found.message, packed=self._packed)


def _query_of(request: Request, allowed: tuple[str, ...], number: str | None = None) -> TextQuery:
    """The conditions. Raises HTTPException for one that is unknown or unreadable."""
    unknown = [name for name in request.query_params if name not in allowed]
    if unknown:
        raise HTTPException(400, f"Unknown parameter; use {', '.join(allowed)}.")
    if number is None:
        number = request.query_params.get("number")
        number = number.lstrip("+ ") if number else None
    try:
        return parse_query(request.query_params, number)
    except QueryError as error:
        raise HTTPException(400, str(error)) from None


def _latest_of(request: Request) -> int:
    text = request.query_params.get("latest", str(MAX_TEXTS))
    if not (text.isascii() and text.isdigit() and len(text) < 5 and 1 <= int(text) <= MAX_FOUND):
        raise HTTPException(400, f"latest must be a number from 1 to {MAX_FOUND}.")
    return int(text)


def _seconds_of(wait: str) -> float:
    try:
        return parse_wait(wait)
    except QueryError as error:
        raise HTTPException(400, str(error)) from None
