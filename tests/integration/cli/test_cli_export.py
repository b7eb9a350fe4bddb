"""`simpost messages --export FILE`: a whole file with mode 0600, or none."""

from __future__ import annotations

import csv
import io
import json
import signal
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from simpost.cli.export import RecordCount
from tests.integration.cli.conftest import call

Simpost = Callable[..., Any]

ESIM = "23072017992029"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nTransfer-Encoding: chunked\r\n\r\n"
CHUNK = b"1c\r\nid,text\r\n1,first\r\n2,second\r\n\r\n"
END = b"0\r\n\r\n"


@pytest.mark.parametrize("format_", ["csv", "jsonl"])
def test_the_file_has_what_the_search_finds(simpost: Simpost, tmp_path: Path, format_: str) -> None:
    texts = ["=1+1", 'two\n"lines"']
    for text in texts:
        assert simpost("send", text, "--esim", ESIM).returncode == 0
    file = tmp_path / f"messages.{format_}"
    done = simpost("messages", "--export", file, "--esim", ESIM, "--since", "1h")
    assert (done.returncode, done.stderr) == (0, "")
    listed = json.loads(simpost("messages", "--esim", ESIM, "--limit", "200", "--json").stdout)
    content = file.read_bytes().decode()
    if format_ == "csv":
        rows = list(csv.DictReader(io.StringIO(content, newline=""), strict=True))
        assert [row["text"] for row in rows[:2]] == [texts[1], f"'{texts[0]}"]
    else:
        rows = [json.loads(line) for line in content.splitlines()]
        assert [row["text"] for row in rows[:2]] == texts[::-1]
    assert [row["id"] for row in rows] == [row["id"] for row in listed]
    octets = file.stat().st_size
    assert done.stdout == f"{file}: {len(rows)} messages, {octets:,} octets\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert names_in(tmp_path) == [file.name]


def test_the_administrator_names_the_account(simpost: Simpost, tmp_path: Path) -> None:
    file = tmp_path / "demo.jsonl"
    done = simpost("messages", "--export", file, "--account", "demo", "--state", "rejected")
    assert (done.returncode, done.stdout) == (0, f"{file}: 0 messages, 0 octets\n")
    assert file.read_bytes() == b""


def test_a_name_without_a_format_is_refused(tmp_path: Path) -> None:
    done = call("messages", "--export", tmp_path / "messages.xlsx")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith("messages.xlsx must end in .csv or .jsonl\n")


def names_in(folder: Path) -> list[str]:
    return [each.name for each in folder.iterdir()]


class Peer:
    """An HTTP server of one request, which answers what it is told and then waits or closes."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.answer = b""
        self.closes = True
        self.answered = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._done = threading.Event()

    def start(self) -> None:
        self._thread.start()

    def _serve(self) -> None:
        with self._listener, self._listener.accept()[0] as connection:
            while not connection.recv(65_536).endswith(b"\r\n\r\n"):
                pass
            connection.sendall(self.answer)
            self.answered.set()
            if not self.closes:
                self._done.wait(30)

    def stop(self) -> None:
        self._done.set()
        self._thread.join(30)


@pytest.fixture
def peer() -> Iterator[Peer]:
    peer = Peer()
    yield peer
    peer.stop()


def arguments(peer: Peer, file: Path) -> list[str]:
    given = ["--access-code", "a", "--secret", "b", "--url", f"http://127.0.0.1:{peer.port}"]
    return ["messages", "--export", str(file), *given]


@pytest.mark.parametrize("there_before", [False, True])
def test_a_file_that_ends_early_is_not_written(
    peer: Peer, tmp_path: Path, *, there_before: bool
) -> None:
    file = tmp_path / "messages.csv"
    if there_before:
        file.write_text("an earlier export")
    peer.answer = HEAD + CHUNK
    peer.start()
    done = call(*arguments(peer, file))
    assert (done.returncode, done.stdout) == (1, "")
    said = " ".join(done.stderr.split())
    assert f"the export was interrupted after 2 messages: {file} was not written" in said
    assert "Traceback" not in said
    assert names_in(tmp_path) == ([file.name] if there_before else [])
    assert not there_before or file.read_text() == "an earlier export"


def test_an_interrupt_leaves_no_file(peer: Peer, tmp_path: Path) -> None:
    peer.answer, peer.closes = HEAD + CHUNK, False
    peer.start()
    file = tmp_path / "messages.csv"
    command = [sys.executable, "-m", "simpost", *arguments(peer, file)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert peer.answered.wait(30)
        partial = tmp_path / "messages.csv.partial"
        while not partial.exists():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "the export was interrupted after" in said
    assert names_in(tmp_path) == []


def test_a_whole_file_of_a_peer_is_written(peer: Peer, tmp_path: Path) -> None:
    peer.answer = HEAD + CHUNK + END
    peer.start()
    file = tmp_path / "messages.csv"
    assert call(*arguments(peer, file)).stdout == f"{file}: 2 messages, 28 octets\n"


def test_a_file_without_a_sure_end_is_refused(peer: Peer, tmp_path: Path) -> None:
    peer.answer = b"HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\n\r\nid,text\r\n1,first\r\n"
    peer.start()
    done = call(*arguments(peer, tmp_path / "messages.csv"))
    assert done.returncode == 1
    assert "does not say where the file ends" in done.stderr
    assert names_in(tmp_path) == []


def test_records_are_counted_wherever_a_chunk_is_cut() -> None:
    file = b'id,text\r\n1,"a ""b""\r\nc"\r\n2,plain\r\n3,"\n\n"\r\n'
    for size in range(1, 9):
        count = RecordCount("csv")
        for start in range(0, len(file), size):
            count.add(file[start : start + size])
        assert (count.messages, count.octets) == (3, len(file))
    lines = RecordCount("jsonl")
    lines.add(b'{"text":"\\""}\n{"te')
    lines.add(b'xt":"b"}\n')
    assert (lines.messages, str(lines)) == (2, "2 messages")
