"""Inbound messages of any account, and those that belong to none."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from simpost.api.admin.accounts import AccessCode, find_account
from simpost.api.shared.auth import ServicesDep, admit_admin
from simpost.api.shared.schemas import Schema
from simpost.api.shared.services import Services
from simpost.api.v1.inbound.routes import InboundQuery, find_inbound, list_inbound_page
from simpost.api.v1.inbound.schemas import InboundDetail, InboundPage
from simpost.domain.inbound import NO_ACCOUNT

router = APIRouter(prefix="/v1/admin", tags=["admin"], dependencies=[Depends(admit_admin)])


class AccountQuery(Schema):
    """Without an account: what belongs to none."""

    account: AccessCode | None = None


class AdminInboundQuery(InboundQuery, AccountQuery):
    """Without an account: what belongs to none."""


@router.get("/inbound/{id}", summary="Show one inbound message of an account, or of none")
async def show_inbound(
    id: str,  # noqa: A002  as it stands in the path
    of: Annotated[AccountQuery, Query()],
    services: ServicesDep,
) -> InboundDetail:
    return await find_inbound(services, await _account_id(services, of.account), id)


@router.get("/inbound", summary="List the inbound messages of an account, or of none")
async def list_inbound(
    which: Annotated[AdminInboundQuery, Query()], services: ServicesDep
) -> InboundPage:
    account_id = await _account_id(services, which.account)
    return await list_inbound_page(services, account_id, which)


async def _account_id(services: Services, access_code: str | None) -> int:
    return (await find_account(services, access_code)).id if access_code else NO_ACCOUNT
