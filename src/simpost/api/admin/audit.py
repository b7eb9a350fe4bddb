"""The audit log: what users of the console changed and revealed."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from simpost.api.admin.accounts import AccessCode
from simpost.api.shared.auth import ServicesDep, admit_admin
from simpost.api.shared.paging import PageQuery, cut_page
from simpost.api.shared.schemas import Schema, Time, format_time
from simpost.api.shared.services import Services
from simpost.domain.console_users import AuditRow
from simpost.domain.messages import format_id

router = APIRouter(prefix="/v1/admin", tags=["admin"], dependencies=[Depends(admit_admin)])


class AuditQuery(PageQuery):
    """Acts that concern one account; without it all of them."""

    account: AccessCode | None = None


class AuditRowOut(Schema):
    """An act of a user of the console.

    `action` is such as `message.reveal`, `target` the id of what was changed or revealed; `account`
    is null for the installation.
    """

    id: str
    at: Time
    user: str
    account: str | None
    action: str
    target: str
    address: str


class AuditPage(Schema):
    """`next` is the cursor of the next page; null at the end."""

    rows: list[AuditRowOut]
    next: str | None


@router.get("/audit", summary="List what users of the console changed and revealed, newest first")
async def list_audit(query: Annotated[AuditQuery, Query()], services: ServicesDep) -> AuditPage:
    """Never a text, a number or a password."""
    account = await services.accounts.find_stored(query.account) if query.account else None
    found = await services.store.console.list_audit(
        account.id if account else None, before=query.before, limit=query.look_ahead
    )
    rows, cursor = cut_page(found, query)
    return AuditPage(rows=[_show(services, row) for row in rows], next=cursor)


def _show(services: Services, row: AuditRow) -> AuditRowOut:
    account = None if row.account_id is None else services.accounts.by_id(row.account_id)
    return AuditRowOut(
        id=format_id(row.id),
        at=format_time(row.at_ms),
        user=row.user,
        account=account.access_code if account else None,
        action=row.action,
        target=row.target,
        address=row.address,
    )
