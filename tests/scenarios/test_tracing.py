"""Traces of a whole process, as a collector gets them by OTLP: accept, submit, receipt."""

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import UUID

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from bench.gateway import Gateway
from tests.scenarios.plain_http import post

TEXT = "kumquat marmalade"
PATIENCE_S = 90
TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"


class Collector(ThreadingHTTPServer):
    """Takes OTLP over HTTP and keeps the spans."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.bodies = []

    @property
    def spans(self):
        requests = [ExportTraceServiceRequest.FromString(body) for body in [*self.bodies]]
        return [
            span
            for request in requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        self.server.bodies.append(self.rfile.read(int(self.headers["content-length"])))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def collector():
    with Collector() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def gateway(collector, tmp_path, monkeypatch):
    endpoint = f"http://127.0.0.1:{collector.server_port}/v1/traces"
    monkeypatch.setenv("SIMPOST_TRACING__ENDPOINT", endpoint)
    monkeypatch.setenv("SIMPOST_TRACING__SAMPLE_RATIO", "1.0")
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
    with Gateway(tmp_path) as running:
        yield running


def send(gateway, number, **headers):
    answer = post(
        f"{gateway.url}/api/v1/open/esim/sendSms",
        json={"esimTranNo": number, "message": TEXT},
        headers=gateway.credentials | headers,
    )
    return UUID(answer.headers["rt-messageid"])


def wait_until(fits):
    ends = time.monotonic() + PATIENCE_S
    while not fits():
        assert time.monotonic() < ends
        time.sleep(0.1)


def facts(span):
    return {each.key.removeprefix("simpost."): each.value.string_value for each in span.attributes}


def test_a_message_is_traced_from_its_acceptance_to_its_receipt(gateway, collector):
    number = gateway.fill(1)[0]
    message_id = send(gateway, number)

    def mine():
        return {span.name: span for span in collector.spans if span.trace_id == message_id.bytes}

    wait_until(lambda: mine().keys() >= {"accept", "submit", "receipt"})
    found = mine()
    assert all(facts(span)["message_id"] == str(message_id) for span in found.values())
    assert facts(found["submit"])["outcome"] == "accepted"
    assert facts(found["receipt"])["state"] == "delivered"
    carrier_ids = {facts(found[name])["carrier_message_id"] for name in ("submit", "receipt")}
    assert len(carrier_ids) == 1
    order = [found[name].start_time_unix_nano for name in ("accept", "receipt")]
    assert order == sorted(order)


def test_a_callers_trace_has_the_acceptance_in_it(gateway, collector):
    number = gateway.fill(1)[0]
    message_id = send(gateway, number, traceparent=f"00-{TRACE}-{SPAN}-01")
    wait_until(lambda: any(span.trace_id.hex() == TRACE for span in collector.spans))
    (accept,) = (span for span in collector.spans if span.trace_id.hex() == TRACE)
    assert (accept.name, accept.parent_span_id.hex()) == ("accept", SPAN)
    assert [link.trace_id for link in accept.links] == [message_id.bytes]


def test_remaining_spans_are_sent_at_the_end_without_texts(gateway, collector):
    number = gateway.fill(1)[0]
    sent = {send(gateway, number, traceparent="nonsense").bytes for _ in range(20)}
    gateway.process.stop()
    assert sent <= {span.trace_id for span in collector.spans if span.name == "accept"}
    for private in (TEXT, number, gateway.secret, gateway.password):
        assert all(private.encode() not in body for body in collector.bodies)
