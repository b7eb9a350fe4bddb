"""Spans of requests, attempts and receipts; used only when tracing is configured."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

from opentelemetry.trace import Span, SpanKind

from simpost.domain.accounts import Account
from simpost.domain.esims import Esim
from simpost.domain.inbound import InboundPart
from simpost.domain.messages import format_id
from simpost.domain.outcomes import Outcome, OutcomeKind, Receipt
from simpost.domain.reasons import Reason
from simpost.errors import StoreError
from simpost.messaging.intake import Intake
from simpost.messaging.send_request import SendRequest, SendResult
from simpost.observe.tracing import Tracing, end
from simpost.ports.carrier import AcceptedPart, CarrierEvents, OutboundPart


class TracedIntake(Intake):
    """Adds the span `accept`, from the request to its commit, in the trace of the caller."""

    def __init__(self, *args: Any, tracing: Tracing, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._tracing = tracing

    async def send(
        self, account: Account, request: SendRequest, esim: Esim | None = None
    ) -> SendResult:
        """Decide and commit, with a span; see `Intake.send`."""
        tracing = self._tracing
        started_ns = tracing.now_ns()
        try:
            result = await super().send(account, request, esim)
        except StoreError as error:
            tracing.accepted(None, started_ns, {}, problem=type(error).__name__)
            raise
        plan = result.plan
        message_id = result.message_id
        facts = {
            "message_id": format_id(message_id) if message_id else None,
            "reason": result.reason,
            "repeated": result.repeated,
            "carrier": plan.carrier.name if plan else None,
            "category": plan.category if plan else None,
            "encoding": plan.encoding if plan else None,
            "parts": plan.part_count if plan else None,
        }
        tracing.accepted(message_id, started_ns, facts)
        return result


def trace_carrier_events(tracing: Tracing, name: str, events: CarrierEvents) -> CarrierEvents:
    """The events of a carrier, with a span for each attempt with a response and each receipt."""
    return _TracedEvents(tracing, name, events)


class _TracedEvents:
    def __init__(self, tracing: Tracing, name: str, events: CarrierEvents) -> None:
        self._tracing = tracing
        self._name = name
        self._events = events

    def on_outcome(self, part: OutboundPart, started_ms: int, outcome: Outcome) -> None:
        self._events.on_outcome(part, started_ms, outcome)
        self._submitted(part, started_ms, outcome)

    def on_late_response(self, part: OutboundPart, outcome: Outcome) -> None:
        self._events.on_late_response(part, outcome)
        self._submitted(part, None, outcome)

    async def list_open(self, after: str) -> tuple[list[AcceptedPart], str]:
        return await self._events.list_open(after)

    async def list_sent_to(self, iccid: str) -> list[AcceptedPart]:
        return await self._events.list_sent_to(iccid)

    def on_receipt(self, receipt: Receipt, committed: Callable[[], None]) -> None:
        message_id = self._tracing.meant(receipt.carrier, receipt.carrier_message_id)
        if message_id is not None:
            span = self._tracing.start(
                "receipt",
                message_id,
                SpanKind.CONSUMER,
                {
                    "message_id": format_id(message_id),
                    "carrier": receipt.carrier,
                    "carrier_message_id": receipt.carrier_message_id,
                    "state": receipt.state,
                    "reason": receipt.reason,
                    "carrier_code": receipt.carrier_code,
                },
            )
            committed = partial(_committed, span, committed)
        self._events.on_receipt(receipt, committed)

    def on_capacity(self) -> None:
        self._events.on_capacity()

    def on_inbound(self, part: InboundPart) -> asyncio.Future[Reason | None]:
        return self._events.on_inbound(part)

    def _submitted(self, part: OutboundPart, started_ms: int | None, outcome: Outcome) -> None:
        """Add the span of an attempt; `started_ms` is `None` for a late response."""
        tracing = self._tracing
        if not tracing.is_traced(part.message_id):
            return
        if outcome.carrier_message_id is not None:
            tracing.means(self._name, outcome.carrier_message_id, part.message_id)
        span = tracing.start(
            "submit" if started_ms else "late response",
            part.message_id,
            SpanKind.CLIENT,
            {
                "message_id": format_id(part.message_id),
                "carrier": self._name,
                "part": part.number,
                "parts": part.total,
                "attempt": part.attempt,
                "repeat": part.repeat,
                "outcome": outcome.kind,
                "reason": outcome.reason,
                "carrier_code": outcome.carrier_code,
                "carrier_message_id": outcome.carrier_message_id,
            },
            started_ns=started_ms * 1_000_000 if started_ms else None,
        )
        is_taken = outcome.kind is OutcomeKind.ACCEPTED
        end(span, problem="" if is_taken else outcome.reason or outcome.kind)


def _committed(span: Span, committed: Callable[[], None]) -> None:
    end(span)
    committed()
