"""Requests and responses of lifecycle events and their sources."""

from __future__ import annotations

from datetime import datetime
from ipaddress import ip_network
from typing import Annotated, Any, Final

import msgspec
from pydantic import AfterValidator, Field, StrictInt, StrictStr, model_validator

from simpost.api.shared.error_messages import Matching
from simpost.api.shared.paging import Instant
from simpost.api.shared.schemas import Schema, Time, format_time, show_time, to_ms
from simpost.api.v1.messages.send_schema import Identifier
from simpost.domain.lifecycle import EventKind, LifecycleEvent, Transition
from simpost.domain.messages import format_id
from simpost.errors import InvalidRequest
from simpost.features.lifecycle.document import parse_iccid
from simpost.features.lifecycle.registry import SourceKind
from simpost.features.lifecycle.sources import PATH, NewSource
from simpost.ports.store.lifecycle import EventOutcome, RecordedEvent, StoredEvent
from simpost.ports.store.lifecycle_sources import LifecycleError, LifecycleSource

MAX_ROWS: Final = 500
API_SOURCE: Final = "api"
_MOST_OCTETS: Final = 2**53


def _check_iccid(text: str) -> str:
    try:
        return parse_iccid(text)
    except InvalidRequest as error:
        raise ValueError(str(error)) from None


def _check_network(text: str) -> str:
    try:
        return str(ip_network(text, strict=False))
    except ValueError:
        raise ValueError("is not an IP address or network") from None


Octets = Annotated[StrictInt, Field(ge=0, le=_MOST_OCTETS)]


class EventIn(Schema):
    """What happened to an eSIM. The same event again changes nothing."""

    kind: EventKind
    at: Instant | None = Field(default=None, description="When it happened; null: now.")
    id: Identifier | None = Field(
        default=None,
        description="Your own id of the event. Without one, events of the same kind, eSIM and "
        "second with the same facts are the same event.",
    )
    country: (
        Annotated[
            StrictStr, Matching(r"^[A-Z]{2}$", "must be an ISO 3166-1 Alpha-2 code, such as FR")
        ]
        | None
    ) = None
    plan: Annotated[StrictStr, Field(min_length=1, max_length=128)] | None = None
    used_percent: Annotated[StrictInt, Field(ge=0, le=100)] | None = None
    remaining_octets: Octets | None = None
    total_octets: Octets | None = None
    expires_at: Instant | None = Field(default=None, description="When the plan ends.")

    @model_validator(mode="after")
    def _check_kind(self) -> EventIn:
        if self.kind is EventKind.COUNTRY_CHANGED and self.country is None:
            raise ValueError("country_changed needs a country")
        if self.kind in (EventKind.STATUS_CHANGED, EventKind.TEST):
            raise ValueError(f"{self.kind} is for suppliers only")
        return self

    def event(self, now_ms: int, **names: str) -> LifecycleEvent:
        """The event of an eSIM that is named so."""
        return LifecycleEvent(
            source=API_SOURCE,
            kind=self.kind,
            at_ms=_ms(self.at) or now_ms,
            source_event_id=self.id or "",
            country=self.country or "",
            plan="".join(filter(str.isprintable, self.plan or "")),
            used_percent=self.used_percent,
            remaining_octets=self.remaining_octets,
            total_octets=self.total_octets,
            expires_ms=_ms(self.expires_at),
            **names,
        )


class EventRow(EventIn):
    """An event with the eSIM that it is about."""

    esim_tran_no: Identifier | None = None
    iccid: Annotated[StrictStr, Field(max_length=40), AfterValidator(_check_iccid)] | None = None
    order_no: Identifier | None = None

    @model_validator(mode="after")
    def _check_names(self) -> EventRow:
        if not (self.esim_tran_no or self.iccid or self.order_no):
            raise ValueError("give esimTranNo, iccid or orderNo")
        return self

    def named_event(self, now_ms: int) -> LifecycleEvent:
        """The event of the eSIM of the row."""
        return self.event(
            now_ms,
            esim_tran_no=self.esim_tran_no or "",
            iccid=self.iccid or "",
            order_no=self.order_no or "",
        )


class EventBatch(Schema):
    """All rows are recorded, or none."""

    rows: Annotated[list[EventRow], Field(min_length=1, max_length=MAX_ROWS)]


class EventResult(Schema):
    """What became of an event. `esimTranNo` is null while its eSIM is unknown."""

    esim_tran_no: str | None
    outcome: EventOutcome
    transitions: list[Transition]


class EventResults(Schema):
    """In the order of the rows; an event of an order has a result for each of its eSIMs."""

    results: list[EventResult]


class LifecycleEventOut(Schema):
    """An event in the history of an eSIM; absent facts are null."""

    id: str
    kind: EventKind
    source: str
    outcome: EventOutcome
    occurred_at: Time
    received_at: Time
    country: str | None
    status: str | None
    plan: str | None
    used_percent: int | None
    remaining_octets: int | None
    total_octets: int | None
    expires_at: Time | None


class EventHistory(Schema):
    """The latest arrival first."""

    events: list[LifecycleEventOut]
    next: str | None


class SourceRequest(Schema):
    """A supplier that reports events of the account's eSIMs."""

    kind: SourceKind
    name: Annotated[StrictStr, Field(max_length=100)] = ""
    secret: Annotated[StrictStr, Field(min_length=1, max_length=256)] | None = Field(
        default=None,
        description="Key of the signatures. Deliveries without a valid one are then refused.",
    )
    allowed_ips: Annotated[
        list[Annotated[StrictStr, Field(max_length=64), AfterValidator(_check_network)]],
        Field(max_length=50),
    ] = Field(default=[], description="Addresses and networks of the supplier; empty: any.")
    mapping: dict[str, Any] | None = Field(
        default=None, description="For the kind `mapping`: paths to the fields of an event."
    )

    @property
    def mapping_text(self) -> str | None:
        """The mapping as it is stored."""
        return None if self.mapping is None else msgspec.json.encode(self.mapping).decode()


class SourceOut(Schema):
    """A source without its URL and its secret."""

    id: str
    kind: str
    name: str
    is_signed: bool = Field(description="Whether deliveries need a valid signature.")
    allowed_ips: list[str]
    mapping: dict[str, Any] | None
    created_at: Time
    last_event_at: Time | None = Field(description="Accurate to about a minute.")
    last_test_at: Time | None


class AddedSource(SourceOut):
    """`url` is shown only here. Anyone who has it can report events."""

    url: str


class SourceList(Schema):
    """The oldest first. `parkedEvents` wait for their eSIM to be imported."""

    sources: list[SourceOut]
    parked_events: int


class DeletedSource(Schema):
    """The id of the source that was deleted."""

    id: str


class ErrorOut(Schema):
    """A delivery that was not understood; `body` is its beginning."""

    id: str
    source_id: str
    reason: str
    body: str
    received_at: Time


class ErrorList(Schema):
    """The newest first."""

    errors: list[ErrorOut]
    next: str | None


def show_result(recorded: RecordedEvent) -> EventResult:
    """The result as JSON shows it."""
    return EventResult(
        esim_tran_no=recorded.esim_tran_no or None,
        outcome=recorded.outcome,
        transitions=list(recorded.transitions),
    )


def show_event(stored: StoredEvent) -> LifecycleEventOut:
    """The event as JSON shows it."""
    event = stored.event
    return LifecycleEventOut(
        id=format_id(stored.id),
        kind=event.kind,
        source=event.source,
        outcome=stored.outcome,
        occurred_at=format_time(event.at_ms),
        received_at=format_time(stored.received_ms),
        country=event.country or None,
        status=event.status or None,
        plan=event.plan or None,
        used_percent=event.used_percent,
        remaining_octets=event.remaining_octets,
        total_octets=event.total_octets,
        expires_at=show_time(event.expires_ms),
    )


def show_source(source: LifecycleSource) -> SourceOut:
    """The source as JSON shows it."""
    return SourceOut(
        id=source.id,
        kind=source.kind,
        name=source.name,
        is_signed=source.secret is not None,
        allowed_ips=list(source.ip_allow),
        mapping=None if source.mapping is None else msgspec.json.decode(source.mapping),
        created_at=format_time(source.created_ms),
        last_event_at=show_time(source.last_event_ms),
        last_test_at=show_time(source.last_test_ms),
    )


def show_added(new: NewSource, public_url: str) -> AddedSource:
    """The source with its URL; without a public URL, the path of it."""
    path = f"{PATH}{new.source.kind}/{new.token}"
    return AddedSource(**show_source(new.source).model_dump(), url=public_url + path)


def show_error(error: LifecycleError) -> ErrorOut:
    """The error as JSON shows it."""
    return ErrorOut(
        id=format_id(error.id),
        source_id=error.source_id,
        reason=error.reason,
        body=error.body.decode("utf-8", "replace"),
        received_at=format_time(error.received_ms),
    )


def _ms(time: datetime | None) -> int | None:
    return None if time is None else to_ms(time)
