"""`simpost webhooks` against the demo: each command, its JSON and its errors."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

Simpost = Callable[..., Any]
UNKNOWN = "019a4c7e-6f1f-7c2a-9d53-0c8f2f9a7b11"


class Endpoint(BaseHTTPRequestHandler):
    """Answers every request with the status of its server."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Note the event and answer."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append(json.loads(body))  # type: ignore[attr-defined]
        self.send_response(self.server.status)  # type: ignore[attr-defined]
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Print nothing."""


@pytest.fixture
def target() -> Iterator[Any]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    server.daemon_threads = True
    server.status, server.got = 200, []  # type: ignore[attr-defined]
    server.url = f"http://127.0.0.1:{server.server_port}/hook"  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def call(simpost: Simpost, *asked: str) -> str:
    done = simpost("webhooks", *asked)
    assert done.returncode == 0, done.stderr
    said: str = done.stdout
    return said


def document(simpost: Simpost, *asked: str) -> Any:
    return json.loads(call(simpost, *asked, "--json"))


@contextlib.contextmanager
def added(simpost: Simpost, url: str, *asked: str) -> Iterator[dict[str, Any]]:
    made = document(simpost, "add", url, *asked)
    try:
        yield made
    finally:
        simpost("webhooks", "delete", made["id"])


def test_an_endpoint_is_added_listed_shown_and_deleted(simpost: Simpost, target: Any) -> None:
    said = call(simpost, "add", target.url, "--event", "message.*", "--category", "notice").split()
    endpoint, state, _, secret = said
    assert (state, secret[:6]) == ("enabled", "whsec_")
    again = call(simpost, "add", target.url, "--event", "message.*", "--category", "notice")
    assert again.splitlines() == [
        f"{endpoint}  enabled",
        "secret: as before: this endpoint exists already",
    ]
    heading, row = call(simpost, "list").splitlines()
    assert heading.split() == ["id", "state", "delivered", "exhausted", "events", "URL"]
    assert row.split() == [endpoint, "enabled", "0", "0", "message.*", target.url]
    [listed] = document(simpost, "list")
    assert json.loads(call(simpost, "show", endpoint)) == listed
    assert (listed["id"], listed["categories"], listed["batch"]) == (endpoint, ["notice"], 1)
    assert secret not in call(simpost, "list", "--json")
    assert call(simpost, "delete", endpoint) == f"{endpoint}  deleted\n"
    assert call(simpost, "list") == "no webhooks\n"


def test_an_endpoint_is_paused_and_resumed(simpost: Simpost, target: Any) -> None:
    with added(simpost, target.url, "--batch", "100", "--description", "shop") as made:
        assert (made["batch"], made["description"]) == (100, "shop")
        assert call(simpost, "pause", made["id"]) == f"{made['id']}  paused\n"
        assert document(simpost, "list")[0]["state"] == "paused"
        assert call(simpost, "resume", made["id"]) == f"{made['id']}  enabled\n"


def test_a_secret_is_rotated_and_printed_once(simpost: Simpost, target: Any) -> None:
    with added(simpost, target.url) as made:
        said = call(simpost, "rotate-secret", made["id"], "--overlap", "60")
        state, secret = said.splitlines()
        assert state == f"{made['id']}  enabled"
        assert secret.startswith("secret: whsec_")
        assert made["secret"] not in said
        rotated = document(simpost, "rotate-secret", made["id"], "--overlap", "0")
        assert rotated["secret"] not in (made["secret"], secret)


def test_a_test_event_shows_the_response(simpost: Simpost, target: Any) -> None:
    with added(simpost, target.url) as made:
        assert call(simpost, "test", made["id"]).startswith("HTTP 200 after ")
        assert document(simpost, "test", made["id"])["status"] == 200
        assert [each["type"] for each in target.got] == ["webhook.test"] * 2
        target.status = 503
        refused = simpost("webhooks", "test", made["id"])
        assert refused.returncode == 1
        assert refused.stdout.startswith("HTTP 503 after ")
        shown = simpost("webhooks", "test", made["id"], "--json")
        assert (shown.returncode, json.loads(shown.stdout)["status"]) == (1, 503)


def test_deliveries_and_replays(simpost: Simpost, target: Any) -> None:
    with added(simpost, target.url) as made:
        endpoint = made["id"]
        assert call(simpost, "deliveries", endpoint) == "no deliveries\n"
        assert document(simpost, "deliveries", endpoint) == []
        call(simpost, "pause", endpoint)
        assert simpost("send", "to be replayed", "--esim", "23072017992029").returncode == 0
        count = int(call(simpost, "replay", endpoint, "--after", "0").split()[0])
        assert count > 0
        heading, *rows = call(simpost, "deliveries", endpoint, "--state", "pending").splitlines()
        assert heading.split()[:4] == ["event", "type", "state", "attempts"]
        assert len(rows) >= min(count, 20)
        [first] = document(simpost, "deliveries", endpoint, "--limit", "1")
        assert (first["state"], first["attempts"]) == ("pending", [])
        by_id = call(simpost, "replay", endpoint, "--event-id", first["eventId"])
        assert by_id == "1 event will be sent again\n"
        nothing = call(simpost, "replay", endpoint, "--exhausted", "--event", "message.*")
        assert nothing == "0 events will be sent again\n"


@pytest.mark.parametrize(
    "command", ["show", "pause", "resume", "rotate-secret", "test", "delete", "deliveries"]
)
def test_an_unknown_endpoint_is_an_error(simpost: Simpost, command: str) -> None:
    for endpoint in (UNKNOWN, "../messages", "x"):
        done = simpost("webhooks", command, endpoint)
        assert done.returncode == 1, done.stdout
        assert done.stdout == ""
        assert "Traceback" not in done.stderr
        assert done.stderr.strip()


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (("add", "ftp://example.com/"), "must begin with https:// or http://"),
        (("add", "https://user:pass@example.com/"), "must not contain credentials"),
        (("add", "https://example.com/", "--batch", "101"), "less than or equal to 100"),
        (("add", "https://example.com/", "--category", "spam"), "'spam' is not one of"),
        (("replay", UNKNOWN), "say which events to replay"),
        (("replay", UNKNOWN, "--after", "0"), "webhook"),
        (("replay", UNKNOWN, "--after", "-1"), "greater than or equal to 0"),
        (("deliveries", UNKNOWN, "--limit", "51"), "less than or equal to 50"),
        (("rotate-secret", UNKNOWN, "--overlap", "-1"), "greater than or equal to 0"),
    ],
)
def test_a_wrong_argument_is_named(simpost: Simpost, asked: tuple[str, ...], words: str) -> None:
    done = simpost("webhooks", *asked)
    assert done.returncode != 0
    assert words in " ".join(done.stderr.replace("│", " ").split())
