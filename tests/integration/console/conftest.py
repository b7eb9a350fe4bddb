"""The console on a real store, asked as a browser asks.

Tests use the embedded store; those of a module with `pytestmark = BOTH_STORES` run on both.
"""

from __future__ import annotations

import asyncio
import itertools
import re
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
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
from simpost.ports.store import Store
from simpost.store import SqliteStore
from simpost.store.postgres import PostgresStore
from tests.contract.postgres_server import PostgresServer
from tests.integration.api import conftest as api

filled = api.filled

PASSWORD = "correct horse battery"
COOKIE = "simpost_console"
OWN = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture(autouse=True)
def _streams_end_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client of the tests reads a response as a whole."""
    monkeypatch.setattr("simpost.console.live_page.MAX_STREAM_S", 0.0)
    monkeypatch.setattr("simpost.console.live_page._TICK_S", 0.0)


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

    async def post_file(
        self, path: str, octets: bytes, name: str = "list.csv", **fields: str
    ) -> httpx2.Response:
        """A form with a file, as browsers write it (RFC 7578)."""
        given = {"token": form_token(self.token)} if self.token else {}
        head = '--limit\r\nContent-Disposition: form-data; name="'
        parts = [
            f'{head}{field}"\r\n\r\n{value}\r\n'.encode()
            for field, value in (given | fields).items()
        ]
        parts.append(f'{head}file"; filename="{name}"\r\nContent-Type: text/csv\r\n\r\n'.encode())
        body = b"".join(parts) + octets + b"\r\n--limit--\r\n"
        headers = {"Content-Type": "multipart/form-data; boundary=limit"} | OWN | self._headers({})
        return await self.client.post(path, content=body, headers=headers)

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


# The first PostgreSQL of a process waits for a server to be made and started.
_postgres = pytest.param("postgres", marks=pytest.mark.timeout(120))
BOTH_STORES = pytest.mark.parametrize("open_store", ["embedded", _postgres], indirect=True)
_count = itertools.count()


async def _open_shared(url: str) -> PostgresStore:
    return await PostgresStore.open(url, seal_key=api.SEAL_KEY, node="embedded")


@pytest.fixture(scope="session")
def filled_database(postgres: PostgresServer) -> str:
    """The name of a database made and filled once; every test gets a copy."""

    async def fill() -> None:
        await postgres.create_database("console")
        store = await _open_shared(postgres.url("console"))
        await api.fill(store)
        await store.close()

    asyncio.run(fill())
    return "console"


@pytest.fixture
def open_store(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Callable[[], AbstractAsyncContextManager[Store]]:
    if getattr(request, "param", "embedded") == "embedded":
        filled = request.getfixturevalue("filled")
        return partial(_embedded, filled, tmp_path / "simpost.db")
    postgres = request.getfixturevalue("postgres")
    return partial(_shared, postgres, request.getfixturevalue("filled_database"))


@asynccontextmanager
async def _embedded(filled: Path, path: Path) -> AsyncIterator[Store]:
    shutil.copy(filled, path)
    store = await SqliteStore.open(path, seal_key=api.SEAL_KEY)
    yield store
    await store.close()


@asynccontextmanager
async def _shared(postgres: PostgresServer, template: str) -> AsyncIterator[Store]:
    name = f"console_{next(_count)}"
    await postgres.create_database(name, template)
    store = await _open_shared(postgres.url(name))
    yield store
    await store.close()
    await postgres.drop_database(name)


@pytest_asyncio.fixture
async def store(
    open_store: Callable[[], AbstractAsyncContextManager[Store]],
) -> AsyncIterator[Store]:
    async with open_store() as opened:
        yield opened


@pytest.fixture
def settings() -> dict[str, Any]:
    return {}


@pytest_asyncio.fixture
async def services(store: Store, settings: dict[str, Any]) -> Services:
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
