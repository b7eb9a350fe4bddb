"""GET /v1/messages/export over a real socket."""

import asyncio
import base64
import csv
import io
import json
import socket
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeAlias

import pytest

from simpost.api import build
from simpost.api.v1.messages import export
from simpost.errors import StoreTimeout
from simpost.http.protocol import HttpProtocol
from tests.contract.store_facts import leased
from tests.integration.api.conftest import GOOD, NOW_MS, serving

Start: TypeAlias = Callable[..., Awaitable[Any]]
SERVED = Any  # the `service` fixture of conftest.py
BASIC = "Basic " + base64.b64encode(b"demo:demo-secret").decode()
HOSTILE = [
    '=1+1,"x"',
    "+4915112345678",
    "-2",
    "@SUM(A1)",
    "'quoted",
    'a "b"\r\nc,d',
    "é€漢\U0001f600",
]


async def send(service: SERVED, *texts: str, **fields: Any) -> list[str]:
    body = {"messages": [{"esimTranNo": GOOD, "text": text, **fields} for text in texts]}
    answer = await service.native("POST", "messages", json=body)
    assert answer.json()["accepted"] == len(texts), answer.text
    return [item["message"]["id"] for item in answer.json()["results"]]


async def exported(service: SERVED, format_: str = "jsonl", **query: Any) -> Any:
    answer = await service.native("GET", "messages/export", params={"format": format_, **query})
    assert answer.status_code == 200, answer.text
    if format_ == "jsonl":
        return [json.loads(line) for line in answer.text.splitlines()]
    return list(csv.DictReader(io.StringIO(answer.text, newline=""), strict=True))


class Download:
    """A client of the export that reads as it likes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.head = b""

    def close(self) -> None:
        self.writer.transport.abort()

    @classmethod
    async def open(
        cls, port: int, *, auth: str = BASIC, method: str = "GET", version: str = "1.1"
    ) -> "Download":
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        connection.setblocking(False)
        await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", port))
        reader, writer = await asyncio.open_connection(sock=connection, limit=1_024)
        writer.write(
            f"{method} /v1/messages/export?format=csv HTTP/{version}\r\nHost: localhost\r\n"
            f"Authorization: {auth}\r\n\r\n".encode()
        )
        download = cls(reader, writer)
        async with asyncio.timeout(10):
            download.head = await reader.readuntil(b"\r\n\r\n")
        return download

    async def rest(self) -> bytes:
        """Everything up to the last chunk, or to the end of the connection."""
        found = b""
        async with asyncio.timeout(20):
            while chunk := await self.reader.read(65_536):
                found += chunk
                if found.endswith(b"\r\n0\r\n\r\n"):
                    break
        return found

    async def is_whole(self) -> bool:
        try:
            return (await self.rest()).endswith(b"\r\n0\r\n\r\n")
        except ConnectionError:
            return False


@pytest.fixture
def download() -> Iterator[Callable[..., Awaitable[Download]]]:
    """Opens downloads, and closes them after the test."""
    opened: list[Download] = []

    async def download(port: int, **how: str) -> Download:
        opened.append(await Download.open(port, **how))
        return opened[-1]

    yield download
    for each in opened:
        each.close()


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "_PAGE", 3)


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize("count", [0, 1, 3, 10])
async def test_lines_are_the_objects_of_the_list_in_its_order(service: SERVED, count: int) -> None:
    if count:
        await send(service, *(f"text {number}" for number in range(count)))
    listed = (await service.native("GET", "messages", params={"limit": 200})).json()["messages"]
    assert await exported(service) == listed
    assert [row["id"] for row in await exported(service, "csv")] == [row["id"] for row in listed]


async def test_hostile_texts_come_back_whole_and_do_not_run(service: SERVED) -> None:
    await send(service, *HOSTILE)
    cells = [row["text"] for row in reversed(await exported(service, "csv"))]
    assert [cell.removeprefix("'") for cell in cells] == HOSTILE
    assert not [cell for cell in cells if cell[0] in "=+-@\t\r\n"]
    assert [row["text"] for row in reversed(await exported(service))] == HOSTILE


async def test_the_response_is_a_file_with_a_name_and_a_type(service: SERVED) -> None:
    for format_, kind in (("csv", "text/csv; charset=utf-8; header=present"),
                          ("jsonl", "application/jsonl; charset=utf-8")):  # fmt: skip
        answer = await service.native("GET", "messages/export", params={"format": format_})
        assert answer.headers["Content-Type"] == kind
        assert answer.headers["Content-Disposition"] == f'attachment; filename="messages.{format_}"'
        assert answer.headers["Cache-Control"] == "no-store"


async def test_the_filters_are_those_of_the_list(service: SERVED) -> None:
    await send(service, "one")
    later = {"sendAt": "2026-01-02T00:00:00Z"}
    [scheduled] = await send(service, "later", **later)
    assert [row["id"] for row in await exported(service, state="scheduled")] == [scheduled]
    assert len(await exported(service, esimTranNo=GOOD)) == 2
    assert await exported(service, iccid="8988000000") == []
    assert await exported(service, to="2025-12-31T00:00:00Z") == []


@pytest.mark.parametrize(
    ("query", "at"),
    [
        ({}, "query.format"),
        ({"format": "xlsx"}, "query.format"),
        ({"format": "csv", "limit": 10}, "query.limit"),
        ({"format": "csv", "state": "lost"}, "query.state"),
    ],
)
async def test_what_is_not_documented_is_refused(service: SERVED, query: Any, at: str) -> None:
    answer = await service.native("GET", "messages/export", params=query)
    assert answer.status_code == 422
    assert [each["at"] for each in answer.json()["errors"]] == [at]


async def test_no_code_is_readable(service: SERVED) -> None:
    await send(service, "Your code is 918273", category="code")
    for format_ in ("csv", "jsonl"):
        query = {"format": format_}
        assert "918273" not in (await service.native("GET", "messages/export", params=query)).text


@pytest.mark.usefixtures("small_pages")
async def test_a_message_that_comes_meanwhile_is_not_in_the_file(
    service: SERVED, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = await send(service, *(f"text {number}" for number in range(8)))
    search = export.search_messages

    async def search_and_send(*args: Any, **kwargs: Any) -> Any:
        found = await search(*args, **kwargs)
        await send(service, "new")
        return found

    monkeypatch.setattr(export, "search_messages", search_and_send)
    assert [row["id"] for row in await exported(service)] == sent[::-1]


async def test_an_account_may_have_two_exports_at_once(
    service: SERVED, port: int, download: Start
) -> None:
    demo = service.services.accounts.get("demo")
    with service.services.exports.opened(demo):
        assert await (await download(port)).is_whole()
        with service.services.exports.opened(demo):
            refused = await download(port)
            assert refused.head.startswith(b"HTTP/1.1 429 ")
            assert b"retry-after: " in refused.head
    assert await (await download(port)).is_whole()


class Reads:
    """Counts what an export reads of a log of 300 long messages, without its pace."""

    ROWS = 300

    def __init__(self, service: SERVED, monkeypatch: pytest.MonkeyPatch) -> None:
        self.messages = 0
        self._store = service.store
        self._search = export.search_messages
        monkeypatch.setattr(export, "search_messages", self._count)
        monkeypatch.setattr(service.services.costs, "pace", self._do_not_pace)
        pause = HttpProtocol.pause_writing
        self._paused: set[HttpProtocol] = set()

        def note_pause(connection: HttpProtocol) -> None:
            self._paused.add(connection)
            pause(connection)

        monkeypatch.setattr(HttpProtocol, "pause_writing", note_pause)

    async def _count(self, *args: Any, **kwargs: Any) -> Any:
        found = await self._search(*args, **kwargs)
        self.messages += len(found.messages)
        return found

    async def _do_not_pace(self, _account: Any) -> None:
        pass

    async def fill(self) -> None:
        texts = ["x" * 5_000 for _ in range(self.ROWS)]
        rows = [leased(text, at_ms=NOW_MS + at) for at, text in enumerate(texts)]
        await asyncio.gather(*(self._store.queue.accept(row) for row in rows))

    async def until_they_stop(self) -> None:
        """Wait until the export waits for its reader: its connection stays blocked."""
        turns = 0
        async with asyncio.timeout(60):
            while turns < 100:
                await asyncio.sleep(0)
                is_blocked = any(each.is_blocked for each in self._paused)
                turns = turns + 1 if is_blocked else 0


@pytest.fixture
async def reads(service: SERVED, monkeypatch: pytest.MonkeyPatch, small_pages: None) -> Reads:
    reads = Reads(service, monkeypatch)
    await reads.fill()
    return reads


async def test_a_slow_reader_keeps_no_transaction_open_and_gets_everything(
    service: SERVED, port: int, download: Start, reads: Reads
) -> None:
    reader = await download(port)
    await reads.until_they_stop()
    assert 0 < reads.messages < reads.ROWS / 2
    assert not service.store.database.listing.in_transaction
    file = await reader.rest()
    assert file.count(b"x" * 5_000) == reads.ROWS
    assert file.endswith(b"\r\n0\r\n\r\n")
    assert not service.services.exports._open


async def test_a_reader_that_leaves_ends_the_work(
    service: SERVED, port: int, download: Start, reads: Reads
) -> None:
    reader = await download(port)
    await reads.until_they_stop()
    reader.close()
    async with asyncio.timeout(10):
        while service.services.exports._open:
            await asyncio.sleep(0)
    assert reads.messages < reads.ROWS / 2


@pytest.mark.parametrize("by", ["secret", "key", "account"])
async def test_credentials_that_end_cut_the_file(
    service: SERVED, port: int, download: Start, reads: Reads, by: str
) -> None:
    body = {"name": "report", "scopes": ["messages:read"]}
    key = (await service.native("POST", "keys", json=body)).json()
    auth = f"Bearer {key['key']}" if by == "key" else BASIC
    reader = await download(port, auth=auth)
    await reads.until_they_stop()
    if by == "key":
        await service.native("DELETE", f"keys/{key['id']}")
    else:
        change = {"newSecret": True} if by == "secret" else {"enabled": False}
        await service.operate("PATCH", "accounts/demo", json=change)
    assert not await reader.is_whole()


async def test_a_file_is_cut_when_the_server_stops(
    service: SERVED, download: Start, reads: Reads
) -> None:
    async with serving(build(service.services), grace_s=5) as port:
        reader = await download(port)
        await reads.until_they_stop()
        rest = asyncio.ensure_future(reader.is_whole())
    assert not await rest


async def test_a_file_without_a_sure_end_is_refused(port: int, download: Start) -> None:
    assert b" 505 " in (await download(port, version="1.0")).head


async def test_the_response_to_head_reads_one_page(
    port: int, download: Start, reads: Reads
) -> None:
    head = (await download(port, method="HEAD")).head
    assert b" 200 " in head
    assert b"content-type: text/csv; charset=utf-8" in head
    assert reads.messages == 3


async def test_the_administrator_exports_the_messages_of_an_account(service: SERVED) -> None:
    [sent] = await send(service, "one")
    query = {"format": "jsonl", "account": "demo"}
    answer = await service.operate("GET", "messages/export", params=query)
    assert json.loads(answer.text)["id"] == sent
    of_other = await service.operate("GET", "messages/export", params=query | {"account": "other"})
    assert (of_other.status_code, of_other.text) == (200, "")
    assert (await service.operate("GET", "messages/export", params={"format": "csv"})).json()[
        "errors"
    ] == [{"at": "query.account", "reason": "is missing"}]
    unknown = query | {"account": "nobody"}
    assert (await service.operate("GET", "messages/export", params=unknown)).status_code == 404


@pytest.mark.usefixtures("small_pages")
async def test_a_file_that_the_store_cannot_finish_has_no_end(
    service: SERVED,
    port: int,
    download: Start,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    await send(service, *(f"secret {number}" for number in range(8)))
    search, reads = export.search_messages, []

    async def fail_at_the_second(*args: Any, **kwargs: Any) -> Any:
        reads.append(1)
        if len(reads) == 2:
            raise StoreTimeout
        return await search(*args, **kwargs)

    monkeypatch.setattr(export, "search_messages", fail_at_the_second)
    reader = await download(port)
    assert b" 200 " in reader.head
    assert not await reader.is_whole()
    written = capsys.readouterr().out
    assert "export_cut" in written
    assert "secret" not in written
