"""What a running gateway signs is verified by both clients, also while a secret is replaced."""

import json
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from simpost_client import InvalidWebhook, Webhook
from tests.integration.clients.conftest import run_node

VERIFY = """
import { Webhook } from "./dist/index.js";
const given = JSON.parse(process.env.GIVEN);
for (const { body, headers } of given.requests) {
  const [event] = await new Webhook(given.secrets).verify(body, headers);
  console.log(event.type);
}
"""


class Hook(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((body, dict(self.headers)))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def hook():
    with HTTPServer(("127.0.0.1", 0), Hook) as server:
        server.got = []
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def call(live, path, body):
    request = urllib.request.Request(
        f"{live.gateway.url}/v1/webhooks{path}",
        data=json.dumps(body).encode(),
        headers={**live.gateway.credentials, "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as response:
        return json.load(response)


def test_webhooks_of_a_gateway_are_verified(live, hook, npm_client):
    url = f"http://127.0.0.1:{hook.server_port}/hook"
    made = call(live, "", {"url": url, "eventTypes": ["conversation.closed"]})
    call(live, f"/{made['id']}/test", {})
    rotated = call(live, f"/{made['id']}/rotate-secret", {"overlapSeconds": 600})
    call(live, f"/{made['id']}/test", {})
    old, new = made["secret"], rotated["secret"]
    (first, before), (second, between) = hook.got
    assert Webhook(old).verify(first, before)[0].type == "webhook.test"
    for secrets in ([old], [new], [old, new]):
        assert Webhook(*secrets).verify(second, between)[0].type == "webhook.test"
    with pytest.raises(InvalidWebhook):
        Webhook(new).verify(first, before)
    requests = [{"body": body.decode(), "headers": headers} for body, headers in hook.got]
    (npm_client / "verify.mjs").write_text(VERIFY)
    given = json.dumps({"requests": requests, "secrets": [old, new]})
    assert run_node(["node", "verify.mjs"], npm_client, GIVEN=given) == "webhook.test\n" * 2
