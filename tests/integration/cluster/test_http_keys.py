"""`kill -9` between request and answer, at an API that knows a request by its key; both stores."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bench.processes import HOST
from tests.integration.cluster.cluster import Cluster, until
from tests.integration.cluster.conftest import SEAL_KEY


class Upstream(ThreadingHTTPServer):
    """Keeps the key and the text of each request, and answers all but the first."""

    daemon_threads = True

    def __init__(self):
        super().__init__((HOST, 0), _Handler)
        self.seen = []
        self.released = threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append((self.headers["Idempotency-Key"], body))
        if len(self.server.seen) == 1:
            self.server.released.wait(90)
            self.close_connection = True
            return
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class KeyCluster(Cluster):
    """Nodes with a carrier whose requests have a key, and that repeats service messages."""

    def toml(self, port, name, **settings):
        whole = super().toml(port, name, **settings)
        head, _, _ = whole.partition("[[carriers]]")
        if not self._url.startswith("postgres"):
            head = head.partition("[node]")[0]
        return f"""{head}
[[carriers]]
name = "upstream"
type = "http"
url = "http://{HOST}:{self._centre_port}/send"
allow_private = true
body = {{ to = "{{destination}}", text = "{{text}}" }}
request_id_header = "Idempotency-Key"
[messages]
repeat_in_doubt = ["service"]
[[routes]]
carrier = "upstream"
"""


@pytest.fixture
def upstream():
    server = Upstream()
    yield server
    server.released.set()
    server.shutdown()
    server.server_close()


@pytest.fixture(params=["sqlite", "postgres"])
def nodes(request, tmp_path, upstream):
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/simpost.db"
    else:
        url = request.getfixturevalue("url")
    cluster = KeyCluster(tmp_path, url, SEAL_KEY, upstream.server_port)
    yield cluster
    cluster.close()


def test_what_is_sent_again_after_a_kill_has_the_same_key(nodes, upstream):
    node = nodes.start("one")
    (esim,) = nodes.fill(node)
    _, taken = node.send(esim, "hello", category="service")
    until(lambda: upstream.seen)
    node.process.kill()
    upstream.released.set()
    again = nodes.start("two")
    until(lambda: again.state_of(taken["id"]) == "sent")
    attempts = again.message(taken["id"])["attempts"]
    assert [each["outcome"] for each in attempts] == ["in_doubt", "accepted"]
    first, second = upstream.seen
    assert first == second
    _, later = again.send(esim, "hello", category="service")
    until(lambda: again.state_of(later["id"]) == "sent")
    assert upstream.seen[2][0] != first[0]
