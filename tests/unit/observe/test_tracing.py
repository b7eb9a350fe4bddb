"""The trace id is the message id; sampling depends on the id, the same on every node."""

from uuid import UUID

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio
from opentelemetry.trace import SpanKind
from opentelemetry.trace.status import StatusCode
from uuid_utils import uuid7

from simpost.observe.tracing import Tracing, end

ID = UUID("019b76da-a800-7000-8000-0123456789ab").bytes


@pytest.fixture
def exported():
    return InMemorySpanExporter()


@pytest.fixture
def tracing_of(exported):
    def make(share):
        provider = TracerProvider(sampler=ParentBasedTraceIdRatio(share), shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(exported))
        made.append(provider)
        return Tracing(provider, share)

    made = []
    yield make
    for provider in made:
        provider.shutdown()


@pytest.fixture
def callers_trace():
    """The caller's own sampled span is the current one."""
    context = trace.SpanContext(
        trace_id=0xABC, span_id=0xDEF, is_remote=True, trace_flags=trace.TraceFlags(1)
    )
    with trace.use_span(trace.NonRecordingSpan(context)):
        yield context


def test_all_spans_of_a_message_are_in_the_trace_of_its_id(tracing_of, exported):
    tracing = tracing_of(1.0)
    tracing.accepted(ID, tracing.now_ns(), {"carrier": "one", "reason": None})
    end(tracing.start("submit", ID, SpanKind.CLIENT, {"part": 1}))
    accept, submit = exported.get_finished_spans()
    assert {span.context.trace_id for span in (accept, submit)} == {int.from_bytes(ID, "big")}
    assert accept.attributes == {"simpost.carrier": "one"}
    assert submit.attributes == {"simpost.part": 1}


def test_a_caller_with_a_trace_has_the_acceptance_in_it_and_a_link_to_what_follows(
    tracing_of, exported, callers_trace
):
    tracing_of(1.0).accepted(ID, 1, {})
    (accept,) = exported.get_finished_spans()
    assert accept.context.trace_id == callers_trace.trace_id
    assert accept.parent.span_id == callers_trace.span_id
    assert [link.context.trace_id for link in accept.links] == [int.from_bytes(ID, "big")]


def test_a_message_with_a_trace_context_is_traced_whatever_the_fraction(
    tracing_of, exported, callers_trace
):
    tracing = tracing_of(0.0)
    assert not tracing.is_traced(ID)
    tracing.accepted(ID, 1, {})
    assert tracing.is_traced(ID)
    end(tracing.start("submit", ID, SpanKind.CLIENT, {}))
    assert [span.name for span in exported.get_finished_spans()] == ["accept", "submit"]


def test_a_message_that_is_not_sampled_exports_nothing(tracing_of, exported):
    tracing = tracing_of(0.0)
    tracing.accepted(ID, 1, {})
    end(tracing.start("submit", ID, SpanKind.CLIENT, {}))
    tracing.accepted(None, 1, {"reason": "no_route"})
    assert exported.get_finished_spans() == ()


def test_sampling_depends_on_the_message_id_only(tracing_of):
    tracing = tracing_of(0.1)
    other = tracing_of(0.1)
    ids = [uuid7().bytes for _ in range(5000)]
    chosen = [each for each in ids if tracing.is_traced(each)]
    assert 250 < len(chosen) < 1000
    assert all(other.is_traced(each) for each in chosen)


def test_a_span_with_an_error_is_marked_as_failed(tracing_of, exported):
    tracing = tracing_of(1.0)
    end(tracing.start("submit", ID, SpanKind.CLIENT, {}), problem="throttled")
    (span,) = exported.get_finished_spans()
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, "throttled")


def test_remembered_messages_are_bounded(tracing_of):
    tracing = tracing_of(1.0)
    for number in range(10_001):
        tracing.means("one", str(number), ID)
    assert tracing.meant("one", "0") is None
    assert tracing.meant("one", "10000") == ID
    assert tracing.meant("two", "10000") is None
