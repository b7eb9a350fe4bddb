"""GET /v1/messages/export: all messages that a search finds, as one CSV or JSON Lines file.

The store is read in pages, each a short read of its own, and only as fast as the client takes them:
a slow reader keeps one page in memory, and no transaction open.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from functools import partial
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse

from simpost.api.shared.auth import Caller, ServicesDep
from simpost.api.shared.head_requests import is_head, no_content
from simpost.api.shared.key_auth import authorization_of, find_key, is_key
from simpost.api.shared.open_streams import TooManyStreams
from simpost.api.shared.problems import Problem, ProblemCode
from simpost.api.shared.services import Services
from simpost.api.v1.messages.export_rows import (
    MEDIA_TYPES,
    ExportFormat,
    export_head,
    export_lines,
)
from simpost.api.v1.messages.search import MessageSearch, search_messages
from simpost.domain.accounts import Account
from simpost.domain.api_keys import KeyScope
from simpost.domain.messages import Message
from simpost.errors import SimpostError, StoreError
from simpost.http.connection import cut_off, is_ending
from simpost.observe import get_logger

router = APIRouter(prefix="/v1", tags=["messages"])
log = get_logger(__name__)

MAX_EXPORT_S: Final = 3_600.0
"""Longest export."""
_PAGE: Final = 200
FILES: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The file. Its connection is closed without an end if it is not whole.",
        "content": {
            media_type.partition(";")[0]: {"schema": {"type": "string"}}
            for media_type in MEDIA_TYPES.values()
        },
    }
}


class ExportQuery(MessageSearch):
    """The filters of the list, and the format of the file."""

    format: ExportFormat


class ExportCut(SimpostError):
    """The export ended before its last message."""


class ExportResponse(StreamingResponse):
    """A file that is written while it is read."""


@router.get(
    "/messages/export",
    summary="Export all messages that a search finds, newest first",
    response_class=ExportResponse,
    responses=FILES,
)
async def export_messages(
    request: Request,
    query: Annotated[ExportQuery, Query()],
    account: Caller,
    services: ServicesDep,
) -> ExportResponse:
    """CSV, or the objects of the list one a line, without the texts of one-time codes."""

    def may_go_on() -> bool:
        return _is_still_allowed(services, account, request)

    return await export_response(request, services, account, query, may_go_on)


def _is_still_allowed(services: Services, account: Account, request: Request) -> bool:
    """Whether the credentials of the request are still valid."""
    scheme, given = authorization_of(request.headers)
    if is_key(scheme, given):
        proven = find_key(services, given)
        return proven is not None and KeyScope.MESSAGES_READ in proven.key.scopes
    now = services.accounts.get(account.access_code)
    return now is not None and now.secret == account.secret


async def export_response(
    request: Request,
    services: Services,
    account: Account,
    query: ExportQuery,
    may_go_on: Callable[[], bool] = lambda: True,
) -> ExportResponse:
    """The file of the account's messages. Raises Problem, or StoreError for the first page.

    `may_go_on` is asked before each page whether the caller may still read.
    """
    if request.scope["http_version"] == "1.0":
        detail = "HTTP/1.0 cannot show that a file is cut. Export with HTTP/1.1."
        raise Problem(505, ProblemCode.INVALID_REQUEST, detail)
    export = Export(services, account, query, may_go_on)
    try:
        services.exports.check(account)
    except TooManyStreams as error:
        code = ProblemCode.TOO_MANY_REQUESTS
        raise Problem(429, code, str(error), headers={"Retry-After": "5"}) from None
    await export.read()
    file = no_content() if is_head(request.scope) else export.file(request)
    return ExportResponse(
        file,
        headers={
            "Content-Type": MEDIA_TYPES[query.format],
            "Content-Disposition": f'attachment; filename="messages.{query.format}"',
            "Cache-Control": "no-store",
        },
    )


class Export:
    """One file, and how far it is read."""

    def __init__(
        self,
        services: Services,
        account: Account,
        query: ExportQuery,
        may_go_on: Callable[[], bool],
    ) -> None:
        self._services = services
        self._account = account
        self._query = query
        self._may_go_on = may_go_on
        self._page: list[Message] = []
        self._before: bytes | None = None
        self._is_last = False
        self._messages = 0

    async def read(self) -> None:
        """Read the next page. Raises StoreError."""
        found = await search_messages(
            self._services, self._account.id, self._query, before=self._before, limit=_PAGE
        )
        self._page, self._before = found.messages, found.examined_to
        if len(found.messages) == _PAGE:
            self._before = found.messages[-1].id
        self._is_last = self._before is None

    async def file(self, request: Request) -> AsyncIterator[str]:
        """The file, in pieces; it cuts the connection if it cannot be written to its end."""
        started_s = time.monotonic()
        facts = {"account": self._account.access_code, "format": self._query.format.value}
        try:
            with self._services.exports.opened(self._account):
                async with contextlib.aclosing(self._pieces(request, started_s)) as pieces:
                    async for piece in pieces:
                        yield piece
        except (ExportCut, StoreError, TooManyStreams) as error:
            log.warning("export_cut", **facts, messages=self._messages, error=type(error).__name__)
            if not cut_off(request.scope):
                raise ExportCut from None
        else:
            log.info("export_written", **facts, messages=self._messages)

    async def _pieces(self, request: Request, started_s: float) -> AsyncGenerator[str, None]:
        costs = self._services.costs
        yield export_head(self._query.format)
        while True:
            page, self._page = self._page, []
            if page:
                write = partial(export_lines, self._query.format, page)
                lines = await costs.work(self._account, write)
                self._messages += len(page)
                del page, write
                yield lines
            if self._is_last:
                return
            await costs.pace(self._account)
            is_over = time.monotonic() - started_s > MAX_EXPORT_S
            if is_over or is_ending(request.scope) or not self._may_go_on():
                raise ExportCut
            await self.read()
