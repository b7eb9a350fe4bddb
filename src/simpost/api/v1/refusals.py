"""GET /v1/refusals: texts that were refused before they became messages, and why."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from pydantic import Field, WithJsonSchema

from simpost.api.services import Services
from simpost.api.v1.admin_accounts import AccessCode, find_account
from simpost.api.v1.callers import Caller, Wired, admit_admin
from simpost.api.v1.list_pages import answer_page
from simpost.api.v1.log import Cursor, Instant, format_cursor, parse_cursor
from simpost.api.v1.send_shape import Identifier
from simpost.api.v1.shapes import Shape, Time, Why, format_time, to_ms, why
from simpost.domain.reasons import Reason
from simpost.ports.store.refusals import Refusal, RefusalFilter, UnlistedDay

router = APIRouter(prefix="/v1")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class WhichRefusals(Shape):
    """Filters of the refusal log; `from` and `to` bound the time of the refusal."""

    esim_tran_no: Identifier | None = None
    iccid: Identifier | None = None
    reason: Reason | None = None
    from_: Instant | None = Field(default=None, alias="from")
    to: Instant | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    cursor: Cursor | None = None


class WhichRefusalsOfAccount(WhichRefusals):
    account: AccessCode


class RefusalShown(Shape):
    """`esimTranNo` and `iccid` as the caller gave them; both where the eSIM is known."""

    refused_at: Time
    esim_tran_no: str | None
    iccid: str | None
    reason: Why
    request_id: str | None


class DayShown(Shape):
    day: Annotated[str, WithJsonSchema({"type": "string", "format": "date"})]
    count: int


class RefusalPage(Shape):
    """Newest first. `notListed` counts, by day (UTC), the refusals beyond those of a day."""

    refusals: list[RefusalShown]
    not_listed: list[DayShown]
    next: str | None


@router.get(
    "/refusals",
    response_model=RefusalPage,
    tags=["messages"],
    summary="List refused texts, newest first",
)
async def list_refusals(
    which: Annotated[WhichRefusals, Query()], account: Caller, services: Wired
) -> Response:
    return await answer_page(
        services,
        account,
        which.limit,
        lambda: _find(services, account.id, which),
        lambda found: _page(found, which),
    )


@router.get(
    "/admin/refusals",
    tags=["admin"],
    dependencies=[Depends(admit_admin)],
    summary="List the refused texts of an account, newest first",
    operation_id="adminListRefusals",
)
async def list_refusals_of_account(
    which: Annotated[WhichRefusalsOfAccount, Query()], services: Wired
) -> RefusalPage:
    account_id = (await find_account(services, which.account)).id
    return _page(await _find(services, account_id, which), which)


async def _find(
    services: Services, account_id: int, which: WhichRefusals
) -> tuple[list[Refusal], list[UnlistedDay]]:
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


def _page(all_found: tuple[list[Refusal], list[UnlistedDay]], which: WhichRefusals) -> RefusalPage:
    found, days = all_found
    shown = found[: which.limit]
    return RefusalPage(
        refusals=[_show(each) for each in shown],
        not_listed=[
            DayShown(day=f"{_EPOCH + timedelta(days=each.day):%Y-%m-%d}", count=each.count)
            for each in days
        ],
        next=format_cursor(shown[-1].id) if len(found) > which.limit else None,
    )


def _show(refusal: Refusal) -> RefusalShown:
    return RefusalShown(
        refused_at=format_time(refusal.created_ms),
        esim_tran_no=refusal.esim_tran_no,
        iccid=refusal.iccid,
        reason=why(refusal.reason),
        request_id=refusal.request_id,
    )
