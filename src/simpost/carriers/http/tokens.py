"""The token of a carrier: one log-in for all its requests, and pauses after refused ones."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, NoReturn

from simpost.carriers.http.document import find, read_json, text_at
from simpost.carriers.http.outcome import retry_after_s
from simpost.carriers.http.upstream import LogIn
from simpost.net.address_guard import RefusedUrl
from simpost.net.http_client import HttpClient, HttpResponse, NoResponse, NotSent

REFUSED_WAIT_S: Final = 300.0
"""Pause after a refused log-in. emnify locks out for five minutes after three of them."""
_FAILED_WAIT_S: Final = 5.0
_EARLY_S: Final = 30.0
"""A token is replaced this long before it ends, or at half its life if that is later."""
_MAX_LIFE_S: Final = 86_400.0
_REFUSED: Final = (400, 401, 403)
_PATH: Final = re.compile(r"\{([^{}]+)\}")


class NoToken(Exception):
    """There is no token; no request was sent. `wait_s`: no log-in before."""

    def __init__(self, problem: str, wait_s: float) -> None:
        super().__init__(problem)
        self.wait_s = wait_s


class Token:
    """Headers of requests, as the last log-in gave them.

    `clock_s` is a monotonic clock, `clock_ms` the time since the epoch.
    """

    def __init__(
        self, log_in: LogIn, clock_s: Callable[[], float], clock_ms: Callable[[], int]
    ) -> None:
        self._log_in = log_in
        self._clock_s = clock_s
        self._clock_ms = clock_ms
        self._headers: Mapping[str, str] | None = None
        self._ends_s: float | None = None
        self._changing = asyncio.Lock()
        self._not_before_s = 0.0
        self._problem = ""

    async def headers(
        self, client: HttpClient, *, instead_of: Mapping[str, str] | None = None
    ) -> Mapping[str, str]:
        """The headers of a request; logs in if there are none, or the API refused these.

        Requests that need a token at the same time share a log-in. Raises NoToken.
        """
        if self._is_valid(instead_of):
            return self._headers or {}
        async with self._changing:
            if not self._is_valid(instead_of):
                self._headers = None
                await self._renew(client)
            return self._headers or {}

    def _is_valid(self, refused: Mapping[str, str] | None) -> bool:
        if self._headers is None or self._headers is refused:
            return False
        return self._ends_s is None or self._clock_s() < self._ends_s

    async def _renew(self, client: HttpClient) -> None:
        wait_s = self._not_before_s - self._clock_s()
        if wait_s > 0:
            raise NoToken(self._problem, wait_s)
        try:
            response = await client.request(
                self._log_in.request.method,
                self._log_in.request.url,
                self._log_in.request.body,
                self._log_in.request.headers,
            )
        except (NotSent, RefusedUrl, NoResponse) as error:
            self._fail(f"The log-in got no response: {error}.", _FAILED_WAIT_S)
        if response.status in _REFUSED:
            self._fail(
                f"The carrier refused the log-in (HTTP {response.status}): check the credentials.",
                REFUSED_WAIT_S,
            )
        if not 200 <= response.status < 300:
            wait = retry_after_s(response.headers, self._clock_ms()) or _FAILED_WAIT_S
            self._fail(f"The log-in failed (HTTP {response.status}).", wait)
        self._use(response)

    def _use(self, response: HttpResponse) -> None:
        document = read_json(response.body)
        headers: dict[str, str] = {}
        for name, template in self._log_in.headers_with.items():
            value = _PATH.sub(lambda found: _token_at(document, found[1]), template)
            if "\0" in value:
                self._fail(
                    "The response to the log-in has no token where it should.", _FAILED_WAIT_S
                )
            headers[name] = value
        life_s = find(document, self._log_in.expires_path)
        if isinstance(life_s, str) and life_s.isdecimal():
            life_s = float(life_s[:10])
        self._ends_s = None
        if isinstance(life_s, int | float) and not isinstance(life_s, bool) and life_s > 0:
            life_s = float(min(life_s, _MAX_LIFE_S))
            self._ends_s = self._clock_s() + max(life_s - _EARLY_S, life_s / 2)
        self._headers = headers

    def _fail(self, problem: str, wait_s: float) -> NoReturn:
        self._problem = problem
        self._not_before_s = self._clock_s() + wait_s
        raise NoToken(problem, wait_s)


def _token_at(document: Any, path: str) -> str:
    """The token; a NUL, which no header may have, if there is none."""
    found = find(document, path)
    text = found if isinstance(found, str) else text_at(document, path)
    return text if text.isascii() and text.isprintable() and 0 < len(text) <= 8_192 else "\0"
