"""The command line without a service, or with another server."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from simpost.cli.client import RequestRefused, Server, Unanswered, Unreachable
from simpost.errors import ConfigError

Run = Callable[..., CompletedProcess[str]]

NOBODY = "http://127.0.0.1:1"
ACCOUNT = ("--access-code", "a", "--secret", "b")
ESIM = {"esimTranNo": "1", "smdpStatus": "ENABLED", "esimStatus": "IN_USE"}


@pytest.mark.parametrize(
    "arguments",
    [
        ("messages", *ACCOUNT),
        ("send", "hi", "--esim", "1", *ACCOUNT),
        ("accounts", "list", "--admin-token", "t"),
        ("plans", "import", "-", "--admin-token", "t"),
    ],
)
def test_a_service_that_is_not_there_is_one_sentence(run: Run, arguments: tuple[str, ...]) -> None:
    plan = json.dumps([{"packageCode": "A", "smsStatus": 1}])
    done = run(*arguments, "--url", NOBODY, stdin=plan)
    assert done.returncode == 1
    assert done.stderr.startswith(
        f"simpost: no simpost answers at {NOBODY} (Connection refused). Start one with "
        "`simpost serve` or `simpost demo`, or say where it is with --url."
    )
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("messages",), "which account?"),
        (("send", "hi", *ACCOUNT), "no eSIM given"),
        (("accounts", "list", "--url", NOBODY), "no admin token"),
        (("accounts", "list", "--config", "nowhere.toml"), "nowhere.toml: no such file"),
        (("accounts", "change", "a"), "say what to change"),
        (("messages", *ACCOUNT, "--url", "ftp://x"), "must look like http://127.0.0.1:8080"),
        (("plans", "import", "nowhere.json", "--dry-run"), "nowhere.json cannot be read"),
        (("messages", *ACCOUNT, "--since", "soon"), "must be a span such as 2h"),
    ],
)
def test_missing_arguments_end_with_exit_code_2(
    run: Run, tmp_path: Path, arguments: tuple[str, ...], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run(*arguments)
    assert done.returncode == 2
    assert said in done.stderr


def test_a_dry_run_of_an_import_needs_no_service(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "esims.json"
    file.write_text(json.dumps([ESIM, {}]))
    done = run("esims", "import", file, "--account", "a", "--dry-run")
    assert (done.returncode, done.stderr) == (1, "line 1: esimTranNo is missing\n")
    assert done.stdout.startswith("1 row is good, 1 bad, in ")


def test_the_configuration_leads_to_its_service(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "simpost.toml"
    assert run("init", file).returncode == 0
    file.write_text(file.read_text().replace("port = 8080", "port = 1"))
    assert f"answers at {NOBODY}" in run("accounts", "list", "--config", file).stderr
    assert f"answers at {NOBODY}" in run("accounts", "list", SIMPOST_CONFIG=str(file)).stderr


class Scripted(ThreadingHTTPServer):
    """A scripted server: a status and a body, or `None` to cut the connection."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.answers: list[tuple[int, bytes] | None] = []
        self.asked: list[tuple[str, str, str | None]] = []
        self.connections = 0

    def get_request(self) -> tuple[Any, Any]:
        self.connections += 1
        return super().get_request()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Scripted

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        key = self.headers.get("Idempotency-Key")
        self.server.asked.append((self.command, self.path, key))
        answer = self.server.answers.pop(0)
        if answer is None:
            self.close_connection = True
            return
        status, body = answer
        self.send_response(status)
        self.send_header("Retry-After", "3")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_PUT = do_POST = do_PATCH = _answer  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    with Scripted() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


OK = (200, b'{"fine": true}')


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def client(scripted: Scripted, waits: list[float]) -> Iterator[Server]:
    server = Server(scripted.url, {"X-Who": "me"}, timeout_s=5, sleep=waits.append)
    yield server
    server.close()


def test_one_connection_serves_many_requests(scripted: Scripted, client: Server) -> None:
    scripted.answers = [OK] * 3
    assert client.get("/a", {"b": "c d", "e": None}) == {"fine": True}
    assert client.put("/b", b"[]") == {"fine": True}
    assert client.post("/c", {}) == {"fine": True}
    assert [each[:2] for each in scripted.asked] == [
        ("GET", "/a?b=c+d"),
        ("PUT", "/b"),
        ("POST", "/c"),
    ]
    assert scripted.connections == 1


def test_a_cut_connection_is_asked_again_where_that_is_safe(
    scripted: Scripted, client: Server
) -> None:
    scripted.answers = [None, OK, None, OK]
    assert client.put("/a", b"[]") == {"fine": True}
    assert client.post("/b", {}, request_id="r-1") == {"fine": True}
    assert scripted.asked[2:] == [("POST", "/b", "r-1")] * 2


def test_a_cut_connection_leaves_a_request_without_id_in_doubt(
    scripted: Scripted, client: Server
) -> None:
    scripted.answers = [None, OK]
    with pytest.raises(Unanswered, match="it may have taken the request or not"):
        client.post("/a", {})
    assert len(scripted.asked) == 1


def test_a_busy_service_is_retried_after_the_time_it_asks_for(
    scripted: Scripted, client: Server, waits: list[float]
) -> None:
    scripted.answers = [(503, b"{}"), (429, b"{}"), OK]
    assert client.get("/a") == {"fine": True}
    assert waits == [3.0, 3.0]


def test_a_service_that_stays_busy_is_an_error(
    scripted: Scripted, client: Server, waits: list[float]
) -> None:
    scripted.answers = [(503, b'{"code": "store_unavailable", "detail": "No room."}')] * 5
    with pytest.raises(RequestRefused, match=r"No room\.") as refused:
        client.get("/a")
    assert (refused.value.status, refused.value.code) == (503, "store_unavailable")
    assert len(waits) == 4


def test_the_fields_that_were_wrong_are_named(scripted: Scripted, client: Server) -> None:
    problem = {
        "code": "invalid_request",
        "detail": "Not as documented.",
        "errors": [{"at": "body.text", "reason": "too long"}],
    }
    scripted.answers = [(422, json.dumps(problem).encode())]
    with pytest.raises(RequestRefused) as refused:
        client.post("/a", {})
    assert str(refused.value) == "Not as documented. body.text: too long."


@pytest.mark.parametrize("answer", [(200, b"<html>"), (404, b"gone"), (404, b"[]"), (500, b"{}")])
def test_a_server_that_is_not_simpost_is_recognised(
    scripted: Scripted, client: Server, answer: tuple[int, bytes]
) -> None:
    scripted.answers = [answer]
    with pytest.raises(RequestRefused, match=rf"is no simpost \(HTTP {answer[0]}\)"):
        client.get("/a")


def test_a_host_that_does_not_exist_is_unreachable() -> None:
    with pytest.raises(Unreachable):
        Server("http://no-such-host.invalid", {}).get("/a")


@pytest.mark.parametrize("secret", ["line\nbreak", "é"])
def test_a_secret_that_fits_no_header_is_refused_and_not_shown(secret: str) -> None:
    with pytest.raises(ConfigError) as refused:
        Server(NOBODY, {"RT-SecretKey": secret})
    assert secret not in str(refused.value)


def test_an_import_that_is_cut_off_says_how_far_it_came(
    run: Run, scripted: Scripted, tmp_path: Path
) -> None:
    file = tmp_path / "esims.json"
    file.write_text("\n".join(json.dumps(ESIM) for _ in range(2500)))
    saved = (200, b'{"saved": 1000, "refused": []}')
    broken = (400, b'{"code": "invalid_request", "detail": "Enough."}')
    scripted.answers = [saved, saved, broken]
    done = run(
        *("esims", "import", file, "--account", "a"),
        *("--url", scripted.url, "--admin-token", "t"),
    )
    assert done.returncode == 1
    assert done.stderr == (
        "simpost: Enough. The good rows up to line 2000 are saved, those from line 2001 on are "
        "not. Run the command again: rows already saved do not change.\n"
    )


def test_german_headings_are_mapped_and_others_named(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "esims.csv"
    file.write_bytes(b"Auftrag;Profil;Status\r7;ENABLED;IN_USE\r")
    command = ("esims", "import", file, "--account", "a", "--dry-run")
    refused = run(*command)
    assert refused.returncode == 1
    assert "found are 'Auftrag', 'Profil', 'Status', expected are esimTranNo" in refused.stderr
    mapped = ("Auftrag=esimTranNo", "Profil=smdpStatus", "Status=esimStatus")
    done = run(*command, *(part for each in mapped for part in ("--map", each)))
    assert done.returncode == 0
    assert done.stdout.startswith("1 row is good, in ")
    unknown = run(*command, "--map", "Auftrag=number")
    assert unknown.returncode != 0
    assert "must be COLUMN=FIELD" in unknown.stderr
    assert "Traceback" not in unknown.stderr
