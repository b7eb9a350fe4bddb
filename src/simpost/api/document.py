"""`/openapi.json`: the document takes seconds to make, so a thread makes it, once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from threading import Lock
from typing import Any

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

router = APIRouter(include_in_schema=False)


class Document:
    """The OpenAPI document, made when it is first read; call it from any thread."""

    def __init__(self, make: Callable[[], dict[str, Any]]) -> None:
        self._make = make
        self._lock = Lock()
        self._document: dict[str, Any] | None = None
        self._octets = b""

    def read(self) -> dict[str, Any]:
        """The document; callers must not change it."""
        with self._lock:
            if self._document is None:
                self._document = self._make()
            return self._document

    def octets(self) -> bytes:
        """The document as JSON."""
        if not self._octets:
            self._octets = msgspec.json.encode(self.read())
        return self._octets


@router.get("/openapi.json")
async def send_document(request: Request) -> Response:
    """The document, while other requests go on."""
    octets = await asyncio.to_thread(request.app.state.document.octets)
    return Response(octets, media_type="application/json")
