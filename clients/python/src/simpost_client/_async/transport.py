"""Sends calls over HTTP, repeats them, and reads their responses."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeVar

from simpost_client.attempts import Attempts, Retries, Timeouts
from simpost_client.calls import MAX_RESPONSE_OCTETS, Call, Response
from simpost_client.error_table import problem_error
from simpost_client.errors import NoResponse, NotConnected, SimpostError, UnexpectedResponse

if TYPE_CHECKING:
    import httpx2

T = TypeVar("T")

Sign = Callable[[Call[Any]], Mapping[str, str]]
"""The headers that prove who sends a call, made for each attempt."""

USER_AGENT: Final = "simpost-client-python/0.1"


class AsyncTransport:
    """One host and its connections."""

    def __init__(
        self,
        base_url: str,
        sign: Sign,
        *,
        timeouts: Timeouts,
        retries: Retries,
        http: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        import httpx2

        try:
            url = httpx2.URL(base_url)
        except httpx2.InvalidURL as error:
            raise ValueError(f"the base URL is invalid: {error}") from None
        if url.scheme not in {"http", "https"} or not url.host:
            raise ValueError("the base URL begins with https:// or http://, and has a host")
        self._errors: Final = httpx2
        self._sign = sign
        self._timeouts = timeouts
        self._retries = retries
        self._base_url = base_url.rstrip("/")
        self._timeout = httpx2.Timeout(timeouts.read_s, connect=timeouts.connect_s)
        self._http = httpx2.AsyncClient(
            timeout=self._timeout,
            transport=http,
            trust_env=http is None,
            headers={"User-Agent": USER_AGENT},
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def send(self, call: Call[T]) -> T:
        """What the API answers to a call. Raises a SimpostError."""
        attempts = Attempts(call, self._retries, self._timeouts)
        while True:
            try:
                response = await self._exchange(call, attempts.ends_at)
            except self._errors.RequestError as error:
                wait_s: float | None = attempts.after_failure(error, is_sent=self._is_sent(error))
            else:
                wait_s = attempts.after_response(response)
                if wait_s is None:
                    return _read(call, response)
            await asyncio.sleep(wait_s or 0)

    async def stream(self, call: Call[Any], silence_s: float) -> AsyncGenerator[bytes, None]:
        """The octets of a stream as they come. Raises NoResponse when it breaks or is silent."""
        timeout = self._errors.Timeout(silence_s, connect=self._timeouts.connect_s)
        request = self._request(call, timeout)
        try:
            response = await self._http.send(request, stream=True)
            try:
                if response.status_code != 200:
                    body = await self._body(response, time.monotonic() + self._timeouts.read_s)
                    _refuse(Response(response.status_code, _headers(response), body))
                async for octets in response.aiter_bytes():
                    yield octets
            finally:
                await response.aclose()
        except self._errors.RequestError as error:
            kind = NoResponse if self._is_sent(error) else NotConnected
            raise kind(f"{call.method} {call.path}: {type(error).__name__}") from error

    async def _exchange(self, call: Call[Any], ends_at: float) -> Response:
        response = await self._http.send(self._request(call, self._timeout), stream=True)
        try:
            body = await self._body(response, ends_at)
        finally:
            await response.aclose()
        return Response(response.status_code, _headers(response), body)

    def _request(self, call: Call[Any], timeout: Any) -> httpx2.Request:
        headers = {"Accept": "application/json", **call.headers, **self._sign(call)}
        if call.body is not None:
            headers.setdefault("Content-Type", "application/json")
        return self._http.build_request(
            call.method,
            self._base_url + call.path,
            params=dict(call.query) or None,
            content=call.body,
            headers=headers,
            timeout=timeout,
        )

    async def _body(self, response: httpx2.Response, ends_at: float) -> bytes:
        """The whole body: in time, and below the limit."""
        pieces, octets = [], 0
        async for piece in response.aiter_bytes():
            octets += len(piece)
            if octets > MAX_RESPONSE_OCTETS:
                raise UnexpectedResponse(f"a response of more than {MAX_RESPONSE_OCTETS} octets")
            if time.monotonic() > ends_at:
                raise self._errors.ReadTimeout("the response came too slowly")
            pieces.append(piece)
        return b"".join(pieces)

    def _is_sent(self, error: Exception) -> bool:
        """Whether the host may have got the request."""
        unsent = (
            self._errors.ConnectError,
            self._errors.ConnectTimeout,
            self._errors.PoolTimeout,
            self._errors.UnsupportedProtocol,
            self._errors.ProxyError,
        )
        return not isinstance(error, unsent)


def _headers(response: httpx2.Response) -> dict[str, str]:
    return {name.lower(): value for name, value in response.headers.items()}


def _read(call: Call[T], response: Response) -> T:
    """The result of the last attempt; its errors have the key of the call."""
    try:
        if call.path.startswith("/v1/") and not 200 <= response.status < 300:
            _refuse(response)
        return call.read(response)
    except SimpostError as error:
        error.idempotency_key = call.idempotency_key
        raise


def _refuse(response: Response) -> None:
    """Raise the error of a response of the native API."""
    body = response.json()
    if response.status < 400 or not isinstance(body, Mapping):
        raise UnexpectedResponse(f"HTTP {response.status} is not documented")
    raise problem_error(response.status, body, response.retry_after_s())
