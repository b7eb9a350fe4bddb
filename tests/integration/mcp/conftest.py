"""A gateway in this process, `simpost mcp` as a process, and the reference client."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from simpost.api import build
from simpost.config.mcp import McpSendingSettings
from simpost.domain.api_keys import KeyScope
from tests import prestarted
from tests.integration.api.conftest import GOOD, NOW_MS, Service, filled, serve, serving, store

__all__ = ["filled", "serve", "store"]

EVERY = tuple(scope for scope in KeyScope if scope is not KeyScope.ADMIN)
SENDING = McpSendingSettings(
    account="demo",
    recipients=(GOOD,),
    categories=frozenset({"support"}),
    templates=("welcome",),
    free_text=True,
    per_hour=5,
)


class Clock:
    """Milliseconds since 1970 that a test sets."""

    now_ms = NOW_MS

    def __call__(self) -> int:
        return self.now_ms


class World:
    """A gateway with the accounts demo, which may send, and other, which may not."""

    def __init__(self, service: Service, port: int) -> None:
        self.service = service
        self.url = f"http://127.0.0.1:{port}"
        self.mcp_url = ""

    async def key(self, *scopes: KeyScope, account: str = "demo") -> str:
        """A new key of an account; without scopes with all of them."""
        owner = self.service.services.accounts.get(account)
        assert owner
        added = await self.service.services.api_keys.add(owner, "mcp", scopes or EVERY, None)
        assert added
        return added.text

    @contextlib.asynccontextmanager
    async def client(self, key: str, **options: Any) -> AsyncIterator[Client]:
        """The reference client over HTTP with a key."""
        headers = {"Authorization": f"Bearer {key}"}
        async with httpx2.AsyncClient(headers=headers, timeout=30) as http:
            transport = streamable_http_client(self.mcp_url, http_client=http)
            async with Client(transport, **options) as client:
                yield client

    async def queued(self) -> list[str]:
        """The texts that wait for the carrier."""
        found = await self.service.store.routing.queued_messages("down", after=None, limit=99)
        return [each.text for each in found]

    async def audit(self) -> list[tuple[str, str]]:
        """Act and target of each row of the audit log, the oldest first."""
        rows = await self.service.store.console.list_audit(None, before=None, limit=100)
        return [(row.action, row.target) for row in reversed(rows)]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest_asyncio.fixture
async def world(serve: Any, clock: Clock) -> AsyncIterator[World]:
    service = await serve(mcp_sending=[SENDING], clock_ms=clock)
    async with serving(build(service.services), grace_s=1) as port:
        yield World(service, port)


@pytest_asyncio.fixture
async def served(world: World) -> AsyncIterator[World]:
    """The same with `simpost mcp --transport http` before it."""
    options = ["--transport=http", "--port=0", "--allow-origin=http://localhost:6274"]
    process = prestarted.Popen(
        [sys.executable, "-m", "simpost", "mcp", *options],
        env={**os.environ, "SIMPOST_URL": world.url},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    try:
        line = await asyncio.to_thread(process.stdout.readline)
        world.mcp_url = line.split()[2]
        yield world
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait, 30)
        process.stdout.close()
    assert process.returncode == 0
