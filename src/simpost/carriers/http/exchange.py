"""Requests to one API, with the token that they need."""

from __future__ import annotations

from collections.abc import Callable

from simpost.carriers.http.outcome import CREDENTIALS_REFUSED
from simpost.carriers.http.tokens import Token
from simpost.carriers.http.upstream import UpstreamRequest
from simpost.net.http_client import HttpClient, HttpResponse


class Exchange:
    """Sends requests with the connections of one client. Closed with it."""

    def __init__(self, client: HttpClient, token: Token | None) -> None:
        self._client = client
        self._token = token

    async def send(
        self, request: UpstreamRequest, on_sent: Callable[[], None] | None = None
    ) -> HttpResponse:
        """The response to a request, which is sent again once if its token was refused.

        `on_sent` is called before the request leaves; not for a log-in. Raises NoToken, and what
        `HttpClient.request` raises.
        """
        method, url, headers, body = request
        if self._token is None:
            return await self._client.request(method, url, body, headers, on_sent=on_sent)
        token = await self._token.headers(self._client)
        given = {**headers, **token}
        response = await self._client.request(method, url, body, given, on_sent=on_sent)
        if response.status == CREDENTIALS_REFUSED:
            token = await self._token.headers(self._client, instead_of=token)
            response = await self._client.request(method, url, body, {**headers, **token})
        return response

    async def close(self) -> None:
        """Close all connections, those in use included."""
        await self._client.close()
