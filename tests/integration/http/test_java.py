"""Java's HttpClient offers h2c with every request over http: its bodies arrive all the same."""

import asyncio
import shutil
from pathlib import Path

import pytest

from tests.integration.api.conftest import serving
from tests.integration.http.test_rfc import app

SOURCE = Path(__file__).with_name("Lossless.java")


async def test_java_loses_nothing():
    if not shutil.which("javac"):
        pytest.skip("needs a JDK, of 11 or later")
    async with serving(app, grace_s=1) as port:
        process = await asyncio.create_subprocess_exec(
            "java", str(SOURCE), f"http://127.0.0.1:{port}/", stdout=asyncio.subprocess.PIPE
        )
        output, _ = await asyncio.wait_for(process.communicate(), 100)
    sizes = [0, 1, 100, 16_384, 70_000, 300_000]
    assert output.decode().split("\n")[:-1] == [f"200 {size + len('/ ')}" for size in sizes]
