"""`simpost mcp` on its pipes, started as desktop programs start it, and the inspector from npm."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

from simpost.mcp.gateway import Gateway, GatewayUnreachable
from tests import prestarted
from tests.integration.api.conftest import GOOD
from tests.integration.downloads import install_npm
from tests.integration.mcp.conftest import World
from tests.integration.mcp.test_mcp_http import HI, call, refusal

HERE = Path(__file__).parent
COMMAND = [sys.executable, "-m", "simpost", "mcp"]


def parameters(world: World, key: str) -> StdioServerParameters:
    known = {"SIMPOST_URL": world.url, "SIMPOST_API_KEY": key}
    return StdioServerParameters(command=COMMAND[0], args=COMMAND[1:], env=known)


async def test_a_client_prepares_and_sends_over_pipes(world: World, tmp_path: Path) -> None:
    with (tmp_path / "stderr").open("w") as errors:
        transport = stdio_client(parameters(world, await world.key()), errlog=errors)
        async with Client(transport) as client:
            assert (await call(client, "look_up_esim", esimTranNo=GOOD))["esimTranNo"] == GOOD
            token = (await call(client, "prepare_message", **HI))["confirmToken"]
            await call(client, "send_message", confirmToken=token)
            assert "unknown field" in await refusal(client, "send_message", text="Hi")
    assert await world.queued() == [HI["text"]]
    assert (tmp_path / "stderr").read_text() == ""
    assert [action for action, _ in await world.audit()] == [
        "mcp.look_up_esim",
        "mcp.prepare_message",
        "mcp.send_message",
    ]


async def run(world: World, key: str) -> tuple[int | None, str]:
    """Status and errors of the command where nobody writes to it."""

    def finish() -> tuple[int | None, str]:
        process = prestarted.Popen(
            COMMAND,
            env={"SIMPOST_URL": world.url, "SIMPOST_API_KEY": key},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        _, errors = process.communicate(timeout=60)
        return process.returncode, errors

    return await asyncio.to_thread(finish)


async def test_a_key_that_is_no_use_ends_the_command_with_a_sentence(world: World) -> None:
    key = await world.key()
    await world.service.services.api_keys.revoke(
        world.service.services.accounts.get("demo"), key[8:18]
    )
    status, errors = await run(world, key)
    assert (status, errors) == (1, "simpost: The API key is wrong, revoked or expired.\n")
    status, errors = await run(world, "")
    assert status == 2
    assert "SIMPOST_API_KEY" in errors


async def test_a_gateway_that_is_down_is_a_sentence() -> None:
    gateway = Gateway("http://127.0.0.1:9")
    try:
        with pytest.raises(GatewayUnreachable, match="No simpost answers"):
            await gateway.access("sp_live_")
    finally:
        await gateway.close()


@pytest.fixture(scope="session")
def inspector() -> Path:
    purpose = "the inspector does not look at `simpost mcp`"
    modules = install_npm(HERE, "mcp-inspector", purpose)
    # It reads who it is from the package that it is usually part of, which is four times as large.
    about = '{"name": "@modelcontextprotocol/inspector", "version": "0.18.0"}'
    (modules / "@modelcontextprotocol" / "package.json").write_text(about)
    return modules / ".bin" / "mcp-inspector-cli"


async def test_the_inspector_lists_and_calls_tools(served: World, inspector: Path) -> None:
    key = await served.key()

    async def inspect(method: str, *options: str) -> Any:
        process = await asyncio.create_subprocess_exec(
            *("node", str(inspector), "--cli", served.mcp_url, "--transport", "http"),
            *("--header", f"Authorization: Bearer {key}", "--method", method, *options),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        printed, errors = await asyncio.wait_for(process.communicate(), 60)
        assert process.returncode == 0, errors.decode()
        return json.loads(printed)

    tools = (await inspect("tools/list"))["tools"]
    hints = {tool["name"]: tool["annotations"] for tool in tools}
    assert hints["look_up_esim"]["readOnlyHint"] is True
    assert hints["send_message"]["destructiveHint"] is True
    wanted = ("--tool-name", "look_up_esim", "--tool-arg", f'esimTranNo="{GOOD}"')
    assert (await inspect("tools/call", *wanted))["structuredContent"]["esimTranNo"] == GOOD
