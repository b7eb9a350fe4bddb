"""Flags: texts of travellers that may mean "stop", for a person to read."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from simpost.api.shared.auth import Caller, ServicesDep
from simpost.api.shared.paging import PageQuery, cut_page
from simpost.api.shared.problems import Problem, ProblemCode
from simpost.api.shared.services import Services
from simpost.api.v1.preferences.schemas import ClosedFlag, FlagPage, show_flag
from simpost.domain.accounts import Account
from simpost.domain.messages import parse_id

router = APIRouter(prefix="/v1/preferences", tags=["preferences"])


@router.get("/flags", summary='List texts that may mean "stop", newest first')
async def list_flags(
    query: Annotated[PageQuery, Query()], account: Caller, services: ServicesDep
) -> FlagPage:
    """Read each, change the preferences if that is what the traveller wants, then close it."""
    return await flag_page(services, account, query)


@router.delete("/flags/{id}", summary="Close a flag")
async def close_flag(id: str, account: Caller, services: ServicesDep) -> ClosedFlag:  # noqa: A002
    """The inbound message stays in the log."""
    return await delete_flag(services, account, id)


async def flag_page(services: Services, account: Account, query: PageQuery) -> FlagPage:
    """One page of the flags of an account."""
    found = await services.store.recipients.list_flags(
        account.id, before=query.before, limit=query.look_ahead
    )
    rows, cursor = cut_page(found, query)
    return FlagPage(flags=[show_flag(row) for row in rows], next=cursor)


async def delete_flag(services: Services, account: Account, wanted: str) -> ClosedFlag:
    """Close the flag with this id. Raises Problem."""
    flag_id = parse_id(wanted)
    if flag_id is None or not await services.store.recipients.close_flag(account.id, flag_id):
        raise Problem(404, ProblemCode.NOT_FOUND, "This account has no such flag.")
    return ClosedFlag(id=wanted)
