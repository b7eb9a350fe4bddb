"""What the resources of the native API share."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, TypeVar

from simpost_client._async.transport import AsyncTransport
from simpost_client.calls import Call, to_json
from simpost_client.decoding import query, reader

T = TypeVar("T")


class AsyncResource:
    """Sends the calls of one resource."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def _get(self, kind: type[T], path: str, **given: Any) -> T:
        """Read an object; `given` is the query."""
        call = Call(
            method="GET",
            path=path,
            query=query(**given),
            read=reader(kind),
            changes=False,
            repeatable=True,
        )
        return await self._transport.send(call)

    async def _pages(
        self, kind: type[Any], path: str, rows: Callable[[Any], tuple[T, ...]], **given: Any
    ) -> AsyncIterator[T]:
        """The rows of all pages, which are read as needed; `given` is the query."""
        cursor: str | None = None
        while True:
            page = await self._get(kind, path, cursor=cursor, **given)
            for each in rows(page):
                yield each
            cursor = page.next
            if cursor is None:
                return

    async def _change(
        self,
        kind: type[T],
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        repeatable: bool,
    ) -> T:
        """Change an object without a key."""
        call = Call(
            method=method,
            path=path,
            body=None if body is None else to_json(body),
            read=reader(kind),
            repeatable=repeatable,
        )
        return await self._transport.send(call)

    async def _ask(self, kind: type[T], path: str, body: Mapping[str, Any], **given: Any) -> T:
        """Read what depends on a body, such as a dry run: nothing is changed."""
        call = Call(
            method="POST",
            path=path,
            query=query(**given),
            body=to_json(body),
            read=reader(kind),
            changes=False,
            repeatable=True,
        )
        return await self._transport.send(call)

    async def _keyed(
        self, kind: type[T], path: str, body: Mapping[str, Any], idempotency_key: str | None
    ) -> T:
        """Send with an idempotency key, so that a repeat has no second effect."""
        key = idempotency_key or str(uuid.uuid4())
        call = Call(
            method="POST",
            path=path,
            body=to_json(body),
            read=reader(kind),
            headers={"Idempotency-Key": key},
            idempotency_key=key,
            repeatable=True,
        )
        return await self._transport.send(call)
