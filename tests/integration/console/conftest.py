"""The console on a real embedded store, asked as a browser asks."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest
import pytest_asyncio

from simpost.api import Services, build
from simpost.console import build_console
from simpost.domain.console_users import (
    ConsoleRole,
    ConsoleSession,
    ConsoleUser,
    form_token,
    generate_token,
    password_digest,
    token_digest,
)
from simpost.store import SqliteStore
from tests.integration.api import conftest as api

filled, store = api.filled, api.store

PASSWORD = "correct horse battery"
COOKIE = "simpost_console"
OWN = {"Sec-Fetch-Site": "same-origin"}


class Browser:
    """One browser: it keeps no cookies by itself, so that a test says what it sends."""

    def __init__(self, services: Services, client: httpx2.AsyncClient) -> None:
        self.services = services
        self.client = client
        self.token = ""

    async def get(self, path: str, **headers: str) -> httpx2.Response:
        return await self.client.get(path, headers=self._headers(headers))

    async def post(
        self, path: str, fields: dict[str, str] | None = None, **headers: str
    ) -> httpx2.Response:
        """A form that our own page sends, with the token of its session."""
        given = {"token": form_token(self.token)} if self.token else {}
        return await self.post_raw(path, given | (fields or {}), OWN | self._headers(headers))

    async def post_raw(
        self, path: str, fields: dict[str, str], headers: dict[str, str]
    ) -> httpx2.Response:
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        return await self.client.post(path, content=urlencode(fields), headers=form | headers)

    async def sign_in(self, name: str, password: str = PASSWORD, **more: str) -> httpx2.Response:
        response = await self.post("/console/sign-in", {"name": name, "password": password} | more)
        if response.status_code == 303:
            self.token = token_of(response)
        return response

    def cookies(self) -> dict[str, str]:
        return {"Cookie": f"{COOKIE}={self.token}"} if self.token else {}

    def _headers(self, given: dict[str, str]) -> dict[str, str]:
        return self.cookies() | {name.replace("_", "-"): value for name, value in given.items()}


def token_of(response: httpx2.Response) -> str:
    """The session token that a response sets."""
    found = re.match(r"(?:__Host-)?simpost_console=([^;]*)", response.headers["set-cookie"])
    assert found
    return found[1]


def text_of(response: httpx2.Response) -> str:
    """What a page says, without its tags."""
    text = re.sub(r"<script.*?</script>|<[^>]+>", " ", response.text, flags=re.DOTALL)
    return " ".join(unescape(text).split())


@pytest.fixture(scope="session")
def digest() -> str:
    """The digest of PASSWORD, made once: it is costly by intent."""
    return password_digest(PASSWORD)


@pytest.fixture
def settings() -> dict[str, Any]:
    return {}


@pytest_asyncio.fixture
async def services(store: SqliteStore, settings: dict[str, Any]) -> Services:
    return await api.wire(store, **settings)


@pytest_asyncio.fixture
async def open_browser(services: Services) -> AsyncIterator[Callable[..., Browser]]:
    clients: list[httpx2.AsyncClient] = []
    app = build(services, build_console(services))

    def open_browser(base_url: str = "http://simpost") -> Browser:
        clients.append(httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url=base_url))
        return Browser(services, clients[-1])

    yield open_browser
    for client in clients:
        await client.aclose()


@pytest.fixture
def browser(open_browser: Callable[..., Browser]) -> Browser:
    return open_browser()


async def add_user(
    services: Services,
    name: str,
    role: ConsoleRole,
    account_id: int | None = None,
    digest: str = "$argon2id$",
) -> ConsoleUser:
    user = ConsoleUser(name, role, account_id, digest, services.clock_ms())
    await services.store.console.add_user(user)
    return user


async def signed_in(
    browser: Browser, role: ConsoleRole, account_id: int | None = None, name: str = ""
) -> Browser:
    """The browser with a session of a new user, without the cost of a password."""
    services, name = browser.services, name or f"{role.value}-{account_id or 'all'}"
    user = await add_user(services, name, role, account_id)
    browser.token = generate_token()
    now_ms = services.clock_ms()
    octets = token_digest(browser.token)
    assert octets
    session = ConsoleSession(octets, name, now_ms, now_ms, "192.0.2.7")
    assert await services.store.console.add_session(session, expected_digest=user.password_digest)
    return browser


CONSOLE = Path("src/simpost/console")
