"""The streams of pages that refresh themselves: what they say, and when they end."""

import asyncio
import contextlib
import re

import pytest

from simpost.api import build
from simpost.console import build_console, live_page
from simpost.console.grants import GRANT_MS, grant
from simpost.console.live_streams import MAX_STREAMS_OF_SESSION
from simpost.domain.console_users import ConsoleRole
from tests.integration.api.conftest import GOOD, serving
from tests.integration.api.test_exchanges import result
from tests.integration.console.conftest import signed_in
from tests.integration.console.test_console_pages import SECRET_TEXT, send

VIEWER, SUPPORT, SENDER, ADMIN = ConsoleRole
CHANGED = b"event: changed\ndata: {}\n\n"


@pytest.fixture
def long_streams(monkeypatch):
    monkeypatch.setattr(live_page, "MAX_STREAM_S", 60.0)
    monkeypatch.setattr(live_page, "_TICK_S", 0.01)


class Stream:
    """A response that is read while it comes."""

    def __init__(self, reader, writer):
        self._reader, self._writer = reader, writer
        self.head = b""

    @classmethod
    async def open(cls, port, path, token):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        cookie = f"Cookie: simpost_console={token}\r\n" if token else ""
        writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{cookie}\r\n".encode())
        stream = cls(reader, writer)
        stream.head = await reader.readuntil(b"\r\n\r\n")
        return stream

    @property
    def status(self):
        return int(self.head.split()[1])

    async def until(self, octets):
        async with asyncio.timeout(60):
            return await self._reader.readuntil(octets)

    async def end(self):
        async with asyncio.timeout(60):
            return await self._reader.readuntil(b"0\r\n\r\n")

    async def close(self):
        self._writer.close()
        with contextlib.suppress(ConnectionError):
            await self._writer.wait_closed()


@pytest.fixture
async def serve(services):
    """Opens a stream of the console on a real socket, as a signed-in user."""
    opened = []
    async with serving(build(services, build_console(services)), grace_s=1) as port:

        async def open_stream(path, token):
            opened.append(await Stream.open(port, path, token))
            return opened[-1]

        yield open_stream
        for each in opened:
            await each.close()


async def test_a_stream_says_when_its_page_has_changed(services, browser, serve, long_streams):
    await signed_in(browser, VIEWER)
    id_ = await send(browser)
    stream = await serve(f"/console/messages/{id_}/live", browser.token)
    assert stream.status == 200
    assert b"text/event-stream" in stream.head
    await stream.until(CHANGED)
    await services.store.queue.record([result(id_)])
    await stream.until(CHANGED)


async def test_the_stream_ends_with_the_session(services, browser, serve, long_streams):
    user = await signed_in(browser, VIEWER)
    stream = await serve("/console/carriers/live", browser.token)
    await stream.until(CHANGED)
    [session] = await services.store.console.list_sessions("viewer-all")
    await services.store.console.delete_session("viewer-all", session.digest)
    await stream.until(b"event: over\ndata: {}\n\n")
    await stream.end()
    again = await serve("/console/carriers/live", user.token)
    assert again.status == 401


async def test_a_session_has_few_streams_and_gets_the_place_of_one_that_ended(
    services, browser, serve, long_streams
):
    await signed_in(browser, VIEWER)
    path = "/console/carriers/live"
    streams = [await serve(path, browser.token) for _ in range(MAX_STREAMS_OF_SESSION)]
    for each in streams:
        await each.until(CHANGED)
    assert (await serve(path, browser.token)).status == 429
    await streams[0].close()
    async with asyncio.timeout(60):
        while (await serve(path, browser.token)).status == 429:
            await asyncio.sleep(0.01)


async def test_a_stream_is_no_use_of_its_session(services, browser, monkeypatch):
    await signed_in(browser, VIEWER)
    used = []
    find = services.console_users.find_session

    async def find_session(token, *, is_use=True):
        used.append(is_use)
        return await find(token, is_use=is_use)

    monkeypatch.setattr(services.console_users, "find_session", find_session)
    await browser.get("/console/carriers/live")
    assert used
    assert not any(used)


@pytest.mark.parametrize(
    ("page", "stream"),
    [
        ("/console", "/console/numbers/live"),
        ("/console/carriers", "/console/carriers/live"),
        ("/console/needs-a-person", "/console/needs-a-person/live"),
        ("/console/conversations", "/console/conversations/live?account=demo"),
    ],
)
async def test_a_page_names_its_stream(services, browser, page, stream):
    await signed_in(browser, ADMIN, 1 if page == "/console" else None)
    shown = (await browser.get(page)).text
    path = stream + ("?account=demo" if page == "/console" else "")
    assert f'data-live="{path}"' in shown
    assert "live.js" in shown
    response = await browser.get(path)
    assert response.status_code == 200
    assert response.text.endswith("event: changed\ndata: {}\n\n")


async def test_a_revealed_message_refreshes_itself_and_stays_revealed(
    services, browser, open_browser
):
    await signed_in(browser, SUPPORT)
    key = await send(browser)
    path = f"/console/messages/{key}"
    other = f"/console/messages/{await send(browser)}"
    revealed = (await browser.post(f"{path}/reveal")).text
    assert f'data-live="{path}/live"' in revealed
    [page] = re.findall(rf'hx-get="({path}[^"]*)"', revealed)
    shown = page.partition("?")[2]
    for _ in range(2):
        assert SECRET_TEXT in (await browser.get(page)).text
    assert SECRET_TEXT not in (await browser.get(path)).text
    assert SECRET_TEXT not in (await browser.get(f"{other}?{shown}")).text
    over = grant(browser.token, key, services.clock_ms() - GRANT_MS)
    assert SECRET_TEXT not in (await browser.get(f"{path}?shown={over}")).text
    colleague = await signed_in(open_browser(), SUPPORT, name="bob")
    assert SECRET_TEXT not in (await colleague.get(page)).text
    viewer = await signed_in(open_browser(), VIEWER, name="eve")
    own = grant(viewer.token, key, services.clock_ms())
    assert SECRET_TEXT not in (await viewer.get(f"{path}?shown={own}")).text


async def test_a_conversation_has_a_stream_and_a_search_has_none(services, browser):
    await signed_in(browser, SUPPORT)
    account = services.accounts.get("demo")
    begun = await services.conversations.begin(account, GOOD, None, None)
    assert begun[0].id
    one = (await browser.get("/console/conversations?account=demo")).text
    [path] = {line for line in one.split('"') if line.startswith("/console/conversations/demo/")}
    assert (await browser.get(f"{path}/live")).status_code == 200
    assert (await browser.get("/console/conversations/live?search=seat")).status_code == 404
    assert (await browser.get("/console/conversations/live?status=none")).status_code == 404


async def test_nobody_hears_of_the_messages_of_others(services, open_browser):
    mine, other = (
        await signed_in(open_browser(), ADMIN, 1),
        await signed_in(open_browser(), ADMIN, 2),
    )
    id_ = await send(mine)
    assert (await mine.get(f"/console/messages/{id_}/live")).status_code == 200
    assert (await other.get(f"/console/messages/{id_}/live")).status_code == 404
    assert (await other.get("/console/numbers/live?account=demo")).status_code == 404
