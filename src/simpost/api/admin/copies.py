"""Copies: whether sending is held because the store is a copy, and its confirmation."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import Field, StrictStr

from simpost.api.shared.auth import ServicesDep, admit_admin
from simpost.api.shared.error_messages import Matching
from simpost.api.shared.schemas import Schema, Time, format_time
from simpost.domain.instance import Confirmation, CopySign, Waiting
from simpost.messaging.copy_guard import CopyStatus

router = APIRouter(prefix="/v1/admin", tags=["admin"], dependencies=[Depends(admit_admin)])

Person = Annotated[
    StrictStr,
    Field(max_length=100),
    Matching(r"^[^\x00-\x1f\x7f-\x9f]*[^\x00-\x20\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$",
             "must be one line that is not blank"),
]  # fmt: skip


class CopyConfirmation(Schema):
    """Who confirms, and what becomes of what waited when the copy was found.

    `send` sends it, maybe a second time. `cancel` cancels it. Messages accepted since then are sent
    in both cases.
    """

    by: Person
    waiting: Waiting


class ConfirmationOut(Schema):
    """A confirmation that was given."""

    at: Time
    by: str
    sign: CopySign
    waiting: Waiting


class WaitingOut(Schema):
    """What waits in the store, whether or not it came with the copy."""

    queued_parts: int
    held_messages: int
    broadcasts: int
    automation_runs: int


class CopyOut(Schema):
    """`sign` and `found` say what shows that the store is a copy; null when sending is not held.

    `confirmation` is the one that is being carried out. `confirmations` are the last 20.
    """

    held: bool
    since: Time | None
    sign: CopySign | None
    found: str | None
    confirmation: ConfirmationOut | None
    waiting: WaitingOut
    confirmations: list[ConfirmationOut]


@router.get("/copy", summary="Show whether sending is held because the store is a copy")
async def show_copy(services: ServicesDep) -> CopyOut:
    """Also what waits, and earlier confirmations."""
    return _copy(await services.copy_guard.status())


@router.post("/copy/confirm", status_code=202, summary="Confirm a copy, so that it sends")
async def confirm_copy(given: CopyConfirmation, services: ServicesDep) -> CopyOut:
    """Sending begins on all nodes within a second, with `cancel` after the last cancellation.

    404 when sending is not held. A second confirmation changes nothing.
    """
    await services.copy_guard.confirm(given.by, given.waiting)
    return _copy(await services.copy_guard.status())


def _copy(status: CopyStatus) -> CopyOut:
    hold, waiting = status.instance.hold, status.waiting
    return CopyOut(
        held=hold is not None,
        since=format_time(hold.since_ms) if hold else None,
        sign=hold.sign if hold else None,
        found=hold.sign.sentence if hold else None,
        confirmation=_confirmation(hold.confirmed) if hold and hold.confirmed else None,
        waiting=WaitingOut(
            queued_parts=status.queued_parts,
            held_messages=waiting.held_messages,
            broadcasts=waiting.broadcasts,
            automation_runs=waiting.automation_runs,
        ),
        confirmations=[_confirmation(each) for each in status.instance.confirmations],
    )


def _confirmation(given: Confirmation) -> ConfirmationOut:
    return ConfirmationOut(
        at=format_time(given.at_ms), by=given.by, sign=given.sign, waiting=given.waiting
    )
