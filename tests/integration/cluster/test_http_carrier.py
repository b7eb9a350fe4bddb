"""The whole service with an HTTP carrier: real processes, an API on a real socket, both stores."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bench.processes import HOST
from tests.integration.cluster.cluster import CREDENTIALS, LEASE_S, Cluster, until
from tests.integration.cluster.conftest import SEAL_KEY

TOKEN = "a-token-of-the-callbacks-of-one"


class Upstream(ThreadingHTTPServer):
    """Takes `to` and `text`. What it does is in the text; `failures` are statuses to give first."""

    daemon_threads = True

    def __init__(self):
        super().__init__((HOST, 0), _Handler)
        self.bodies = []
        self.failures = []
        self.released = threading.Event()
        self.thread = threading.Thread(target=self.serve_forever, daemon=True)
        self.thread.start()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.bodies.append(body)
        if "hang" in body["text"]:
            self.server.released.wait(30)
            self.close_connection = True
            return
        if "cut" in body["text"]:
            self.close_connection = True
            return
        if "refuse" in body["text"]:
            status, said = 400, {"error": "no such number"}
        elif self.server.failures:
            status, said = self.server.failures.pop(0), {}
        else:
            status, said = 200, {"data": {"id": f"up-{len(self.server.bodies)}"}}
        answer = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


class HttpCluster(Cluster):
    """Nodes whose carrier is an HTTP API."""

    def toml(self, port, name):
        shared = self._url.startswith("postgres")
        node = f'[node]\nname = "{name}"\nlease_s = {LEASE_S}\n' if shared else ""
        return f"""\
[server]
port = {port}
admin_token = "{self.token}"
[store]
database_url = "{self._url}"
secrets_key = "{self._seal_key}"
{node}
[[carriers]]
name = "upstream"
type = "http"
url = "http://{HOST}:{self._centre_port}/send"
allow_private = true
body = {{ to = "{{destination}}", text = "{{text}}", from = "{{sender}}", n = 1 }}
id_path = "data.id"
source_address = "Shop"
response_timeout_s = 5
callback_token = "{TOKEN}"
[carriers.callback]
id_path = "id"
state_path = "state"
states = {{ ok = "delivered", gone = "failed" }}
[[routes]]
carrier = "upstream"
"""


@pytest.fixture
def upstream():
    server = Upstream()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(params=["sqlite", "postgres"])
def nodes(request, tmp_path, upstream):
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/simpost.db"
    else:
        url = request.getfixturevalue("url")
    cluster = HttpCluster(tmp_path, url, SEAL_KEY, upstream.server_port)
    yield cluster
    cluster.close()


def report(node, message_id, state, *, token=TOKEN, method="POST"):
    """The status of the response to a callback of the upstream."""
    request = urllib.request.Request(
        f"{node.url}/carriers/upstream/{token}",
        data=json.dumps({"id": message_id, "state": state}).encode(),
        method=method,
    )
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def open_api(node, esim, text):
    request = urllib.request.Request(
        f"{node.url}/api/v1/open/esim/sendSms",
        data=json.dumps({"esimTranNo": esim, "message": text}).encode(),
        headers={**CREDENTIALS, "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def test_a_message_goes_from_the_api_to_the_upstream_and_back(nodes, upstream):
    node = nodes.start("one")
    (esim,) = nodes.fill(node)
    until(lambda: node.operate("GET", "carriers")["carriers"][0]["state"] == "ready")
    assert open_api(node, esim, "hello \u20ac")["success"] is True
    until(lambda: upstream.bodies)
    number = f"66{esim[-10:]}"
    assert upstream.bodies == [{"to": number, "text": "hello \u20ac", "from": "Shop", "n": 1}]

    def ended(text, state):
        _, taken = node.send(esim, text)
        until(lambda: node.state_of(taken["id"]) == state)
        return node.message(taken["id"])

    sent = ended("hi", "sent")
    (part,) = sent["parts"]
    assert part["carrier"] == "upstream"
    assert ended("refuse me", "rejected")["state"] == "rejected"
    ended("cut me", "in_doubt")
    upstream.failures = [503]
    ended("busy at first", "sent")
    texts = [body["text"] for body in upstream.bodies]
    assert texts == ["hello \u20ac", "hi", "refuse me", "cut me", "busy at first", "busy at first"]
    # What the upstream reports by calling, and repeats for hours.
    assert report(node, "up-2", "ok", token=TOKEN[:-1]) == 404
    assert report(node, "up-2", "ok", method="PUT") == 405
    assert node.state_of(sent["id"]) == "sent"
    for state in ("unheard of", "ok", "ok", "gone"):
        assert report(node, "up-2", state) == 200
    assert node.state_of(sent["id"]) == "delivered"  # committed before the answer
    assert [each["disposition"] for each in node.message(sent["id"])["receipts"]] == [
        "duplicate",
        "late",
    ]
    logs = "".join(path.read_text() for path in node.config.parent.rglob("*.log"))
    assert logs
    assert TOKEN not in logs
    (carrier,) = node.operate("GET", "carriers")["carriers"]
    (connection,) = carrier["connections"]
    assert (connection["kind"], connection["peer"]) == ("http", f"{HOST}:{upstream.server_port}")


def test_a_kill_between_request_and_answer_leaves_a_doubt_and_sends_no_code_twice(nodes, upstream):
    node = nodes.start("one")
    (esim,) = nodes.fill(node)
    until(lambda: node.operate("GET", "carriers")["carriers"][0]["state"] == "ready")
    _, code = node.send(esim, "hang: your code is 1", category="code")
    until(lambda: upstream.bodies)
    node.process.kill()
    upstream.released.set()
    again = nodes.start("two")
    until(lambda: again.state_of(code["id"]) == "in_doubt")
    _, later = again.send(esim, "later")
    until(lambda: again.state_of(later["id"]) == "sent")
    assert [body["text"] for body in upstream.bodies] == ["hang: your code is 1", "later"]
    assert again.state_of(code["id"]) == "in_doubt"


def test_a_reload_may_change_the_type_of_a_carrier(nodes, upstream):
    node = nodes.start("one")
    (esim,) = nodes.fill(node)
    http = node.config.read_text()
    head, _, rest = http.partition("[[carriers]]")
    smpp = f"""{head}[[carriers]]
name = "upstream"
type = "smpp"
host = "{HOST}"
port = {upstream.server_port}
system_id = "esme"
password = "secret"
bind_timeout_s = 1
[[routes]]{rest.partition("[[routes]]")[2]}"""
    node.config.write_text(smpp)
    assert node.operate("POST", "reload")["changed"] == ["upstream"]
    _, taken = node.send(esim, "kept until then")
    assert upstream.bodies == []
    node.config.write_text(http)
    assert node.operate("POST", "reload")["changed"] == ["upstream"]
    until(lambda: node.state_of(taken["id"]) == "sent")
    assert [body["text"] for body in upstream.bodies] == ["kept until then"]


def test_one_node_sends_for_all_and_another_takes_over(tmp_path, url, upstream):
    cluster = HttpCluster(tmp_path, url, SEAL_KEY, upstream.server_port)
    try:
        first = cluster.start("first")
        (esim,) = cluster.fill(first)
        until(first.bound)
        second = cluster.start("second")
        _, taken = second.send(esim, "by the other")
        until(lambda: second.state_of(taken["id"]) == "sent")
        assert (first.bound(), second.bound()) == (1, 0)
        assert report(second, "up-1", "ok") == 200  # at the node that does not send
        assert first.state_of(taken["id"]) == "delivered"
        first.process.kill()
        until(second.bound)
        _, later = second.send(esim, "by itself")
        until(lambda: second.state_of(later["id"]) == "sent")
        assert [body["text"] for body in upstream.bodies] == ["by the other", "by itself"]
    finally:
        cluster.close()
