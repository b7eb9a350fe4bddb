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
