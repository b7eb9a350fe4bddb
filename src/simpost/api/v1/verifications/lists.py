"""GET /v1/verifications and /v1/verification-ratios: what became of one-time codes."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from simpost.api.shared.auth import Caller, ServicesDep
from simpost.api.shared.paging import PageQuery, cut_page, format_cursor
from simpost.api.shared.services import Services
from simpost.api.v1.messages.send_schema import Identifier
from simpost.api.v1.verifications.schemas import (
    VerificationPage,
    VerificationRatios,
    show_ratio,
    show_verification,
)
from simpost.domain.accounts import Account
from simpost.domain.verifications import VerificationState
from simpost.ports.store.verifications import VerificationFilter

router = APIRouter(prefix="/v1", tags=["verifications"])


class VerificationQuery(PageQuery):
    """A page of the verifications of an eSIM, or in a state."""

    esim_tran_no: Identifier | None = None
    state: VerificationState | None = None


@router.get("/verifications", summary="List verifications, newest first")
async def list_verifications(
    query: Annotated[VerificationQuery, Query()], account: Caller, services: ServicesDep
) -> VerificationPage:
    """Without codes. A page looks at 5,000 verifications at most."""
    return await verification_page(services, account, query)


@router.get("/verification-ratios", summary="Show how many verifications succeed, by prefix")
async def list_ratios(account: Caller, services: ServicesDep) -> VerificationRatios:
    """By hour of the start. A ratio that falls is a sign of fraud, or of a carrier that fails."""
    found = await services.verifications.count_by_prefix(account)
    return VerificationRatios(ratios=[show_ratio(each) for each in found])


async def verification_page(
    services: Services, account: Account, query: VerificationQuery
) -> VerificationPage:
    """One page; a search that stopped early goes on with the next one."""
    which = VerificationFilter(
        esim_tran_no=query.esim_tran_no,
        state=query.state,
        before=query.before,
        limit=query.look_ahead,
    )
    found = await services.verifications.list_newest(account, which)
    rows, cursor = cut_page(found.verifications, query)
    if cursor is None and found.examined_to is not None:
        cursor = format_cursor(found.examined_to)
    return VerificationPage(verifications=[show_verification(row) for row in rows], next=cursor)
