"""GET /v1/refusals: texts that were refused before they became messages, and why."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field, WithJsonSchema

from simpost.api.shared.auth import Caller, ServicesDep
from simpost.api.shared.paging import Cursor, Instant, answer_page, format_cursor, parse_cursor
from simpost.api.shared.schemas import ReasonDetail, Schema, Time, format_time, reason_detail, to_ms
from simpost.api.shared.services import Services
from simpost.api.v1.messages.send_schema import Identifier
from simpost.domain.reasons import Reason
from simpost.ports.store.refusals import RefusalFilter, RefusalRecord, UnlistedDay

router = APIRouter(prefix="/v1")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class RefusalQuery(Schema):
    """Filters of the refusal log; `from` and `to` bound the time of the refusal."""

    esim_tran_no: Identifier | None = None
    iccid: Identifier | None = None
    reason: Reason | None = None
    from_: Instant | None = Field(default=None, alias="from")
    to: Instant | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    cursor: Cursor | None = None


class RefusalOut(Schema):
    """`esimTranNo` and `iccid` as the caller gave them; both where the eSIM is known."""

    refused_at: Time
    esim_tran_no: str | None
    iccid: str | None
    reason: ReasonDetail
    request_id: str | None


class UnlistedDayOut(Schema):
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
    which: Annotated[RefusalQuery, Query()], account: Caller, services: ServicesDep
) -> Response:
    return await answer_page(
        services,
        account,
        which.limit,
        lambda: _find(services, account.id, which),
        lambda found: _page(found, which),
    )


async def list_refusal_page(
    services: Services, account_id: int, which: RefusalQuery
) -> RefusalPage:
    """One page, and the cursor of the next one when there is more."""
    return _page(await _find(services, account_id, which), which)


async def _find(
    services: Services, account_id: int, which: RefusalQuery
) -> tuple[list[RefusalRecord], list[UnlistedDay]]:
    """The refusals of a page, one more where there is one, and the days with more of them."""
    await services.intake.refusals.flush()  # those of the last second, too
    found = await services.store.refusals.list_refusals(
        account_id,
        RefusalFilter(
            esim_tran_no=which.esim_tran_no,
            iccid=which.iccid,
            reason=which.reason,
            from_ms=to_ms(which.from_) if which.from_ else None,
            to_ms=to_ms(which.to) if which.to else None,
            before=parse_cursor(which.cursor) if which.cursor else None,
            limit=which.limit + 1,
        ),
    )
    return found, await services.store.refusals.unlisted_refusals(account_id)


def _page(
    all_found: tuple[list[RefusalRecord], list[UnlistedDay]], which: RefusalQuery
) -> RefusalPage:
    found, days = all_found
    shown = found[: which.limit]
    return RefusalPage(
        refusals=[_show(each) for each in shown],
        not_listed=[
            UnlistedDayOut(day=f"{_EPOCH + timedelta(days=each.day):%Y-%m-%d}", count=each.count)
            for each in days
        ],
        next=format_cursor(shown[-1].id) if len(found) > which.limit else None,
    )


def _show(refusal: RefusalRecord) -> RefusalOut:
    return RefusalOut(
        refused_at=format_time(refusal.created_ms),
        esim_tran_no=refusal.esim_tran_no,
        iccid=refusal.iccid,
        reason=reason_detail(refusal.reason),
        request_id=refusal.request_id,
    )
