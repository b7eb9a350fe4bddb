"""/v1/lifecycle: sources, events of many eSIMs, and deliveries that were not understood."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from simpost.api.shared.auth import Caller, ServicesDep
from simpost.api.shared.error_messages import Matching
from simpost.api.shared.paging import PageQuery, cut_page
from simpost.api.shared.problems import Problem, ProblemCode, invalid
from simpost.api.v1.lifecycle.schemas import (
    AddedSource,
    DeletedSource,
    ErrorList,
    EventBatch,
    EventResults,
    SourceList,
    SourceRequest,
    show_added,
    show_error,
    show_result,
    show_source,
)
from simpost.errors import InvalidRequest
from simpost.features.lifecycle.sources import WantedSource
from simpost.ports.store.lifecycle_sources import MOST_SOURCES

router = APIRouter(prefix="/v1/lifecycle", tags=["lifecycle"])

SourceId = Annotated[str, Matching(r"^[0-9a-f]{16}$", "must be the 16 digits of a source's id")]


@router.post("/sources", status_code=201, summary="Add a source of lifecycle events")
async def add_source(
    new: SourceRequest, response: Response, account: Caller, services: ServicesDep
) -> AddedSource:
    """The response is the only one that shows the URL. Give it to the supplier."""
    wanted = WantedSource(new.kind, new.name, new.secret, new.allowed_ips, new.mapping_text)
    try:
        added = await services.lifecycle.sources.add(account, wanted)
    except InvalidRequest as error:
        raise invalid(f"The source was not added: {error}.") from None
    if added is None:
        detail = f"This account has {MOST_SOURCES} sources. Delete one that is not used."
        raise Problem(409, ProblemCode.TOO_MANY_SOURCES, detail)
    response.headers["Cache-Control"] = "no-store"
    return show_added(added, services.public_url)


@router.get("/sources", summary="List the sources of lifecycle events")
async def list_sources(account: Caller, services: ServicesDep) -> SourceList:
    """When each last reported, and how many events wait for an eSIM that is not imported yet."""
    found = await services.lifecycle.sources.list_stored(account)
    parked = await services.store.lifecycle.count_parked(account.id)
    return SourceList(sources=[show_source(each) for each in found], parked_events=parked)


@router.delete("/sources/{sourceId}", summary="Delete a source of lifecycle events")
async def delete_source(
    sourceId: SourceId,  # noqa: N803  as it stands in the path
    account: Caller,
    services: ServicesDep,
) -> DeletedSource:
    """Its URL is unknown from then on. Its events stay."""
    if not await services.lifecycle.sources.delete(account, sourceId):
        raise Problem(404, ProblemCode.NOT_FOUND, "This account has no such source.")
    return DeletedSource(id=sourceId)


@router.get("/errors", summary="List deliveries that were not understood, newest first")
async def list_errors(
    query: Annotated[PageQuery, Query()], account: Caller, services: ServicesDep
) -> ErrorList:
    """The last 1,000, each with the reason and the beginning of its body."""
    found = await services.store.lifecycle_sources.list_errors(
        account.id, before=query.before, limit=query.look_ahead
    )
    rows, cursor = cut_page(found, query)
    return ErrorList(errors=[show_error(each) for each in rows], next=cursor)


@router.post("/events", summary="Report events of many eSIMs")
async def report_events(batch: EventBatch, account: Caller, services: ServicesDep) -> EventResults:
    """An event of an eSIM that is not known waits a day for the import that brings it."""
    now_ms = services.clock_ms()
    events = [row.named_event(now_ms) for row in batch.rows]
    recorded = await services.lifecycle.record(account.id, events)
    return EventResults(results=[show_result(each) for each in recorded])
