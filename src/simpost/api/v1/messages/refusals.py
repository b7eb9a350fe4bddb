"""GET /v1/refusals: texts that were refused and never became messages, and the reasons."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, TypeAlias

from fastapi import APIRouter, Query, Response
from pydantic import WithJsonSchema

from simpost.api.shared.auth import Caller, ServicesDep
from simpost.api.shared.paging import PeriodQuery, answer_page, cut_page
from simpost.api.shared.schemas import ReasonDetail, Schema, Time, format_time, reason_detail
from simpost.api.shared.services import Services
from simpost.api.v1.messages.decisions import DecisionOut, show_decision
from simpost.api.v1.messages.send_schema import Identifier
from simpost.domain.messages import given_request_id
from simpost.domain.reasons import Reason
from simpost.messaging.stored_trace import trace_of_refusal
from simpost.ports.store.refusals import RefusalFilter, RefusalRecord, UnlistedDay

router = APIRouter(prefix="/v1")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class RefusalQuery(PeriodQuery):
    """Filters of the refusal log; `from` and `to` bound the time of the refusal."""

    esim_tran_no: Identifier | None = None
    iccid: Identifier | None = None
    reason: Reason | None = None


class RefusalOut(Schema):
    """`esimTranNo` and `iccid` as the caller gave them; both where the eSIM is known."""

    refused_at: Time
    esim_tran_no: str | None
    iccid: str | None
    reason: ReasonDetail
    request_id: str | None
    reference: str | None
    decision: DecisionOut


class UnlistedDayOut(Schema):
    """How many refusals of a day are not listed."""

    day: Annotated[str, WithJsonSchema({"type": "string", "format": "date"})]
    count: int


class RefusalPage(Schema):
    """Newest first. `notListed` counts, by day (UTC), the refusals beyond those of a day."""

    refusals: list[RefusalOut]
    not_listed: list[UnlistedDayOut]
    next: str | None


@router.get(
    "/refusals",
    response_model=RefusalPage,
    tags=["messages"],
    summary="List refused texts, newest first",
)
async def list_refusals(
    query: Annotated[RefusalQuery, Query()], account: Caller, services: ServicesDep
) -> Response:
    """Texts that were refused and never became messages."""
    return await answer_page(
        services,
        account,
        query.limit,
        lambda: search_refusals(services, account.id, query),
        lambda found: refusal_page(found, query),
    )


Found: TypeAlias = tuple[list[RefusalRecord], list[UnlistedDay]]


async def search_refusals(services: Services, account_id: int, query: RefusalQuery) -> Found:
    """The refusals that the query selects, with `look_ahead`, and the days with unlisted ones."""
    which = RefusalFilter(
        esim_tran_no=query.esim_tran_no,
        iccid=query.iccid,
        reason=query.reason,
        from_ms=query.from_ms,
        to_ms=query.to_ms,
        before=query.before,
        limit=query.look_ahead,
    )
    return await services.intake.refusals.search(account_id, which)


def refusal_page(found: Found, query: RefusalQuery) -> RefusalPage:
    """One page of refusals."""
    refusals, days = found
    rows, cursor = cut_page(refusals, query)
    return RefusalPage(
        refusals=[_show(row) for row in rows],
        not_listed=[
            UnlistedDayOut(day=f"{_EPOCH + timedelta(days=each.day):%Y-%m-%d}", count=each.count)
            for each in days
        ],
        next=cursor,
    )


def _show(refusal: RefusalRecord) -> RefusalOut:
    return RefusalOut(
        refused_at=format_time(refusal.created_ms),
        esim_tran_no=refusal.esim_tran_no,
        iccid=refusal.iccid,
        reason=reason_detail(refusal.reason),
        request_id=given_request_id(refusal.request_id),
        reference=refusal.caller_reference,
        decision=show_decision(trace_of_refusal(refusal)),
    )
