"""Requests to other hosts that are ended here, and not by the host."""

import asyncio

import pytest

from simpost.net.http_client import HttpClient, NoResponse
from simpost.net.resolver import NameResolver
from tests.integration.carriers.upstream_api import Reply, running_api


async def test_a_client_that_closes_ends_its_requests() -> None:
    """They got no response: a reload of settings must not leave a caller without an answer."""
    async with running_api() as api:
        api.script(Reply(act="hang"))
        client = HttpClient(
            "test", NameResolver(), allow_private=True, connect_timeout_s=5, response_timeout_s=600
        )
        sent = asyncio.Event()
        request = asyncio.create_task(
            client.request("POST", f"{api.url}/", b"", {}, on_sent=sent.set)
        )
        await sent.wait()
        await client.close()
        with pytest.raises(NoResponse):
            async with asyncio.timeout(5):
                await request


async def test_each_request_of_a_connection_has_the_whole_time_limit() -> None:
    limit_s = 0.3
    loop = asyncio.get_running_loop()
    async with running_api() as api:
        client = HttpClient(
            "test",
            NameResolver(),
            allow_private=True,
            connect_timeout_s=5,
            response_timeout_s=limit_s,
        )
        api.script(Reply())
        ends_s = loop.time() + 0.8 * limit_s
        while loop.time() < ends_s:
            assert (await client.post(f"{api.url}/", b"", {})).status == 200
        api.script(Reply(act="hang"))
        begun_s = loop.time()
        with pytest.raises(NoResponse, match="time limit"):
            await client.post(f"{api.url}/", b"", {})
        assert loop.time() - begun_s >= limit_s - 0.01  # a loop may count whole milliseconds
        await client.close()
