"""Traces: spans of the steps of a message, if the administrator enables them.

The trace of a message has the message's id as its trace id: both are 16 octets. So every process
that touches it adds to the same trace, after a restart as well, and nothing is stored for it.
Attributes hold ids, states, reasons and codes, never a text or a number.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, TypeVar
from zlib import crc32

from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    TraceFlags,
    TracerProvider,
    get_current_span,
    set_span_in_context,
)
from opentelemetry.trace.status import Status, StatusCode

from simpost.errors import ConfigError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider as SdkProvider

_MAX_REMEMBERED = 10_000
_EXPORT_S = 5

Attributes = Mapping[str, str | int | bool | None]
Key = TypeVar("Key")
Value = TypeVar("Value")


class Tracing:
    """Creates spans. Whether a message is traced follows from its id, on every node alike.

    Messages with an incoming trace context are traced too. These, and the messages of carriers'
    ids, are remembered for the latest 10,000 only.
    """

    def __init__(self, provider: TracerProvider, share: float, version: str = "") -> None:
        """`share`: the fraction of messages to trace, 0 to 1."""
        self._tracer = provider.get_tracer("simpost", version)
        self._below = int(share * (1 << 32))
        self._asked_for: OrderedDict[bytes, None] = OrderedDict()
        self._meant: OrderedDict[tuple[str, str], bytes] = OrderedDict()

    def is_traced(self, message_id: bytes) -> bool:
        by_chance = crc32(message_id) < self._below
        return by_chance or message_id in self._asked_for

    def now_ns(self) -> int:
        return time.time_ns()

    def accepted(
        self, message_id: bytes | None, started_ns: int, attributes: Attributes, problem: str = ""
    ) -> None:
        """A span for an answered send request, in the caller's trace if there is one.

        That links to the trace of the message, which holds what follows.
        """
        caller = get_current_span().get_span_context()
        if message_id is not None and caller.is_valid and caller.trace_flags.sampled:
            _remember(self._asked_for, message_id, None)
        links = []
        context = None
        if message_id is not None:
            if caller.is_valid:
                links = [Link(self._root(message_id))]
            else:
                context = set_span_in_context(NonRecordingSpan(self._root(message_id)))
        span = self._tracer.start_span(
            "accept",
            context=context,
            kind=SpanKind.SERVER,
            attributes=_known(attributes),
            links=links,
            start_time=started_ns,
        )
        end(span, problem=problem)

    def start(
        self,
        name: str,
        message_id: bytes,
        kind: SpanKind,
        attributes: Attributes,
        started_ns: int | None = None,
    ) -> Span:
        """A span in the trace of a message; the caller passes it to `end`."""
        return self._tracer.start_span(
            name,
            context=set_span_in_context(NonRecordingSpan(self._root(message_id))),
            kind=kind,
            attributes=_known(attributes),
            start_time=started_ns,
        )

    def means(self, carrier: str, carrier_message_id: str, message_id: bytes) -> None:
        """Remember the message of a carrier's id, for its receipts."""
        _remember(self._meant, (carrier, carrier_message_id), message_id)

    def meant(self, carrier: str, carrier_message_id: str) -> bytes | None:
        return self._meant.get((carrier, carrier_message_id))

    def _root(self, message_id: bytes) -> SpanContext:
        sampled = TraceFlags.SAMPLED if self.is_traced(message_id) else TraceFlags.DEFAULT
        return SpanContext(
            trace_id=int.from_bytes(message_id, "big"),
            span_id=int.from_bytes(message_id[8:], "big"),
            is_remote=True,
            trace_flags=TraceFlags(sampled),
        )


def end(span: Span, problem: str = "") -> None:
    """End a span, as failed if there is a `problem`."""
    if problem:
        span.set_status(Status(StatusCode.ERROR, problem))
    span.end()


@contextlib.asynccontextmanager
async def open_tracing(endpoint: str, share: float, version: str) -> AsyncIterator[Tracing | None]:
    """Trace while the context is open; pending spans are sent at its end.

    Without an endpoint the result is `None` and no SDK is imported. Raises ConfigError without the
    extra `otel`.
    """
    if not endpoint:
        yield None
        return
    provider = start_exporting(endpoint, share, version)
    try:
        yield Tracing(provider, share, version)
    finally:
        await asyncio.to_thread(provider.shutdown)


def start_exporting(endpoint: str, share: float, version: str) -> SdkProvider:
    """A provider that sends spans to a collector by OTLP over HTTP, in its own thread.

    Spans that cannot be sent are dropped. Raises ConfigError without the extra `otel`.
    """
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider as Provider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio
    except ImportError:
        raise ConfigError(
            "tracing.endpoint needs more packages: pip install 'simpost[otel]'"
        ) from None
    provider = Provider(
        sampler=ParentBasedTraceIdRatio(share),
        resource=Resource.create({"service.name": "simpost", "service.version": version}),
        shutdown_on_exit=False,
    )
    exporter = OTLPSpanExporter(endpoint=endpoint, timeout=_EXPORT_S)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider


def _known(attributes: Attributes) -> dict[str, str | int | bool]:
    return {f"simpost.{name}": value for name, value in attributes.items() if value is not None}


def _remember(known: OrderedDict[Key, Value], key: Key, value: Value) -> None:
    known[key] = value
    if len(known) > _MAX_REMEMBERED:
        known.popitem(last=False)
