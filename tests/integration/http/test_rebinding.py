"""DNS rebinding in real Chromium: a page whose name leads to 127.0.0.1 reads and does nothing."""

import asyncio
import shutil

import pytest

from simpost.http import HostRules
from simpost.smsc import Simulator, SimulatorOptions
from tests.integration.api.conftest import serving
from tests.integration.http.test_rfc import app

PAGE = b"""<script>
fetch("http://evil.example:%d/done", {method: "POST", mode: "no-cors", body: "x"})
  .finally(() => { document.title = "tried" })
</script>"""


async def shown(url, folder):
    """What a browser shows at a URL, when every name leads to this machine."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("needs Chromium, such as Debian's package chromium")
    process = await asyncio.create_subprocess_exec(
        browser,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        f"--user-data-dir={folder}",
        "--host-resolver-rules=MAP *.example 127.0.0.1",
        "--virtual-time-budget=5000",
        "--dump-dom",
        url,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    output, _ = await asyncio.wait_for(process.communicate(), 100)
    return output.decode()


async def test_a_rebound_page_reads_nothing_and_does_nothing(tmp_path):
    asked = []

    async def noting(scope, receive, send):
        asked.append(scope["path"])
        await app(scope, receive, send)

    async def evil(scope, receive, send):
        body = PAGE % port
        headers = [(b"content-type", b"text/html"), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async with serving(noting, hosts=HostRules.of("127.0.0.1"), grace_s=1) as port:
        assert "/own" in await shown(f"http://localhost:{port}/own", tmp_path)
        assert "/own" in asked
        assert "/read" not in await shown(f"http://evil.example:{port}/read", tmp_path)
        async with serving(evil, grace_s=1) as evil_port:
            page = await shown(f"http://evil.example:{evil_port}/", tmp_path)
    assert "tried" in page
    assert not {"/read", "/done"} & set(asked)


async def test_a_rebound_page_does_not_see_the_handsets(tmp_path):
    simulator = Simulator(SimulatorOptions())
    await simulator.start()
    try:
        port = simulator.http_port
        assert "[]" in await shown(f"http://localhost:{port}/handsets", tmp_path)
        assert "[]" not in await shown(f"http://evil.example:{port}/handsets", tmp_path)
    finally:
        await simulator.stop()
