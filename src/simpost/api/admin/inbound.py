"""Inbound messages of any account, and those that belong to none."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from simpost.api.admin.accounts import AccessCode
from simpost.api.shared.auth import ServicesDep, admit_admin
from simpost.api.shared.schemas import Schema
from simpost.api.shared.services import Services
from simpost.api.v1.inbound.routes import (
    InboundQuery,
    find_inbound,
    inbound_page,
    search_inbound,
)
from simpost.api.v1.inbound.schemas import InboundDetail, InboundPage
from simpost.domain.inbound import NO_ACCOUNT

router = APIRouter(prefix="/v1/admin", tags=["admin"], dependencies=[Depends(admit_admin)])


class AccountQuery(Schema):
    """Without an account: inbound messages that belong to none."""

    account: AccessCode | None = None


class AdminInboundQuery(InboundQuery, AccountQuery):
    """Filters of the inbound log of one account, or of no account."""


@router.get("/inbound/{id}", summary="Show one inbound message of an account, or of none")
async def show_inbound(
    id: str,  # noqa: A002  as it stands in the path
    owner: Annotated[AccountQuery, Query()],
    services: ServicesDep,
) -> InboundDetail:
    """With the octets of its parts."""
    return await find_inbound(services, await _account_id(services, owner.account), id)


@router.get("/inbound", summary="List the inbound messages of an account, or of none")
async def list_inbound(
    query: Annotated[AdminInboundQuery, Query()], services: ServicesDep
) -> InboundPage:
    """Newest first. Without `account`: inbound messages that belong to none."""
    account_id = await _account_id(services, query.account)
    return inbound_page(await search_inbound(services, account_id, query), query)


async def _account_id(services: Services, access_code: str | None) -> int:
    if not access_code:
        return NO_ACCOUNT
    return (await services.accounts.find_stored(access_code)).id
