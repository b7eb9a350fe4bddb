"""What became of the messages of any account, or of all."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from simpost.api.admin.accounts import AccessCode
from simpost.api.shared.auth import ServicesDep, admit_admin
from simpost.api.shared.schemas import Schema
from simpost.api.v1.message_counts import MessageCountsOut, StateCounts, show_states, shown_counts

router = APIRouter(prefix="/v1/admin", tags=["admin"], dependencies=[Depends(admit_admin)])


class CountQuery(Schema):
    """One account; without it all of them."""

    account: AccessCode | None = None


class AccountDay(Schema):
    """The messages that an account had accepted in the last day."""

    account: str
    accepted: int
    states: StateCounts


class AdminMessageCounts(MessageCountsOut):
    """`accounts` are those with messages in the last day, the most first; empty for one account."""

    accounts: list[AccountDay]


@router.get(
    "/message-counts", summary="Count the messages of an account, or of all, by their state"
)
async def count_messages(
    query: Annotated[CountQuery, Query()], services: ServicesDep
) -> AdminMessageCounts:
    """As `GET /v1/message-counts`."""
    account = await services.accounts.find_stored(query.account) if query.account else None
    found = await services.message_counts.find(account.id if account else None)
    tallies = {} if account else await services.message_counts.find_by_account()
    accounts = [
        AccountDay(account=each.access_code, accepted=tally.accepted, states=show_states(tally))
        for account_id, tally in sorted(tallies.items(), key=lambda each: -each[1].accepted)
        if (each := services.accounts.by_id(account_id))
    ]
    return AdminMessageCounts(**shown_counts(found), accounts=accounts)
