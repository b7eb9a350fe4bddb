"""Kannel, unmodified, sends through the SMPP port and gets its receipts and replies."""

import http.server
import queue
import threading
import urllib.parse
import urllib.request
from contextlib import contextmanager

import pytest

from bench.peers import kannel
from bench.processes import HOST
from tests.integration.downloads import alone
from tests.integration.smpp_server.served import PATIENCE_S

OWN_NUMBER = "4455"
LONG = "A long text that Kannel cuts into parts of its own. " * 8
DELIVERED, ACCEPTED = "1", "8"
"""%d of a dlr-url: delivered to the phone, and accepted by the SMSC."""


@pytest.fixture(scope="session", autouse=True)
def unpacked():
    """Kannel, fetched once for all runs; without it these tests are skipped."""
    with alone("kannel"):
        why = kannel.missing()
    if why:
        pytest.skip(why)


class Told:
    """An HTTP listener that Kannel calls; `next` is the query of the next call."""

    def __init__(self):
        calls = self._calls = queue.Queue()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                calls.put(dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query)))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer((HOST, 0), Handler)
        self.url = f"http://{HOST}:{self._server.server_address[1]}/"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def next(self):
        return self._calls.get(timeout=PATIENCE_S)

    def close(self):
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def boxes(folder, served, told, **options):
    service = f'get-url = "{told.url}?from=%p&to=%P&text=%a"\nomit-empty = true'
    running = kannel.KannelBoxes(
        folder, smsc_port=served.port, login=served.login(), service=service, **options
    )
    try:
        yield running
    finally:
        running.stop()


@pytest.fixture
def told():
    told = Told()
    yield told
    told.close()


def send(running, told, number, text, name, mask="9"):
    """Ask Kannel to send a text; its calls about it have this name."""
    url = f"{told.url}?name={name}&state=%d"
    query = running.path("4455", number, text, **{"dlr-mask": mask, "dlr-url": url})
    with urllib.request.urlopen(f"http://{HOST}:{running.http_port}{query}") as answer:
        assert answer.status == 202


def test_a_text_of_kannel_arrives_and_kannel_is_told(tmp_path, served, told):
    _, number = served.take()
    with boxes(tmp_path / "kannel", served, told) as running:
        send(running, told, f"+{number}", "Hello from Kannel", "one")
        calls = [told.next(), told.next()]
    assert calls == [
        {"name": "one", "state": ACCEPTED},
        {"name": "one", "state": DELIVERED},
    ]
    assert served.centre.texts_of(number) == ["Hello from Kannel"]


def test_a_text_from_a_handset_comes_to_kannel(tmp_path, served, told):
    _, number = served.take()
    with boxes(tmp_path / "kannel", served, told):
        served.centre.send_from(number, "Is it on? [é€]", to=OWN_NUMBER)
        assert told.next() == {"from": f"+{number}", "to": OWN_NUMBER, "text": "Is it on? [é€]"}


def test_a_long_text_that_kannel_cuts_is_shown_whole(tmp_path, served, told):
    _, number = served.take()
    with boxes(tmp_path / "kannel", served, told) as running:
        send(running, told, f"+{number}", LONG, "long", mask="1")
        while told.next() != {"name": "long", "state": DELIVERED}:
            pass
    assert served.centre.texts_of(number) == [LONG]
