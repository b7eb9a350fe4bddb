"""The look-up in all accounts."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from simpost.api.shared.auth import ServicesDep, admit_admin
from simpost.api.v1.look_up import LookUpOut, LookUpQuery, show_found

router = APIRouter(prefix="/v1/admin", tags=["admin"], dependencies=[Depends(admit_admin)])


@router.get("/look-up", summary="Find eSIMs and messages of any account")
async def look_up_in_all_accounts(
    query: Annotated[LookUpQuery, Query()], services: ServicesDep
) -> LookUpOut:
    """As `GET /v1/look-up`. References are searched in the first 500 accounts."""
    return await show_found(services, query.text, None)
