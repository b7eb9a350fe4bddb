"""GET /v1/needs-a-person: what does not get better by itself."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Final

from fastapi import APIRouter, Request
from pydantic import Field

from simpost.api.shared.auth import Caller, ServicesDep
from simpost.api.shared.key_auth import has_scope
from simpost.api.shared.schemas import ReasonDetail, Schema, Time, format_time, reason_detail
from simpost.api.shared.services import Services
from simpost.api.v1.stuck_jobs import StuckJobsOut, find_stuck
from simpost.domain.accounts import Account
from simpost.domain.api_keys import KeyScope
from simpost.domain.messages import Message, format_id
from simpost.domain.states import State
from simpost.domain.webhooks import DeliveryState, EndpointState, WebhookEndpoint
from simpost.ports.store import DeliveryFilter, MessageFilter
from simpost.ports.store.needs import AccountNeed

router = APIRouter(prefix="/v1", tags=["messages"])

MOST: Final = 20
"""Most rows of a kind: of the installation, or of an account."""
MOST_ACCOUNTS: Final = 25
"""Most accounts of a kind that are shown."""


class DoubtfulMessage(Schema):
    """A message that may have been sent or not."""

    id: str
    esim_tran_no: str
    since: Time


class DoubtfulMessages(Schema):
    """Of one account, newest first; `more`: it has more of them."""

    account: str
    messages: list[DoubtfulMessage]
    more: bool


class PolicyHeldMessage(Schema):
    """A message that policy holds; it is decided again at `until`."""

    id: str
    esim_tran_no: str
    until: Time
    reason: ReasonDetail | None


class PolicyHeldMessages(Schema):
    """Of one account, newest first; `more`: it has more of them."""

    account: str
    messages: list[PolicyHeldMessage]
    more: bool


class NeedingWebhook(Schema):
    """An endpoint that is `disabled` or `gone`, or that gave up deliveries.

    `givenUp` counts these up to 20; `more`: there may be more. It is 0 for an endpoint that is
    stopped: its events wait.
    """

    account: str
    id: str
    state: EndpointState
    given_up: int
    more: bool


class NeedsOut(Schema):
    """`healthy`: nothing needs a person. What policy holds needs nobody: it is decided again.

    `more`: more accounts have something than are shown.
    """

    healthy: bool
    in_doubt: list[DoubtfulMessages]
    held: list[PolicyHeldMessages]
    webhooks: list[NeedingWebhook] | None = Field(
        description="Null for a key without the scope `webhooks`; `healthy` is then without them."
    )
    stuck: list[StuckJobsOut] = Field(
        description="Jobs that were due ten minutes ago and did not get further since."
    )
    more: bool


@router.get("/needs-a-person", summary="Show what does not get better by itself")
async def show_needs_of_account(
    account: Caller, services: ServicesDep, request: Request
) -> NeedsOut:
    """Messages in doubt, webhooks that are stopped or gave up, stuck jobs; and what policy holds.

    Of each kind the first 20 rows.
    """
    has_webhooks = has_scope(request, KeyScope.WEBHOOKS)
    return await find_account_needs(services, [account], has_webhooks=has_webhooks)


async def find_account_needs(
    services: Services, accounts: Sequence[Account] | None, *, has_webhooks: bool = True
) -> NeedsOut:
    """What the accounts have; `None`: all of them. Looks only into those that have something.

    Raises StoreError.
    """
    doubtful = await _having(services, accounts, AccountNeed.IN_DOUBT)
    holding = await _having(services, accounts, AccountNeed.HELD)
    stopped: Sequence[Account] = ()
    if has_webhooks:
        needs = (AccountNeed.STOPPED_WEBHOOK, AccountNeed.GIVEN_UP)
        stopped = await _having(services, accounts, *needs)
    in_doubt = [each async for each in _doubtful(services, doubtful[:MOST_ACCOUNTS])]
    webhooks = [
        found for account in stopped[:MOST_ACCOUNTS] async for found in _webhooks(services, account)
    ]
    stuck = await find_stuck(services, accounts, has_webhooks=has_webhooks)
    return NeedsOut(
        healthy=not in_doubt and not webhooks and not stuck,
        in_doubt=in_doubt,
        held=[each async for each in _held(services, holding[:MOST_ACCOUNTS])],
        webhooks=webhooks if has_webhooks else None,
        stuck=stuck,
        more=any(len(each) > MOST_ACCOUNTS for each in (doubtful, holding, stopped)),
    )


async def _having(
    services: Services, accounts: Sequence[Account] | None, *needs: AccountNeed
) -> Sequence[Account]:
    """The accounts to look into: the given ones, else those that have one of the needs."""
    if accounts is not None:
        return accounts
    found: set[int] = set()
    for need in needs:
        found.update(await services.store.needs.find_accounts(need, limit=MOST_ACCOUNTS + 1))
    known = (services.accounts.by_id(each) for each in sorted(found))
    return [each for each in known if each is not None]


async def _doubtful(
    services: Services, accounts: Sequence[Account]
) -> AsyncIterator[DoubtfulMessages]:
    async for account, messages, is_more in _messages(services, accounts, State.IN_DOUBT):
        rows = [
            DoubtfulMessage(
                id=format_id(each.id),
                esim_tran_no=each.esim_tran_no,
                since=format_time(each.updated_ms),
            )
            for each in messages
        ]
        yield DoubtfulMessages(account=account, messages=rows, more=is_more)


async def _held(
    services: Services, accounts: Sequence[Account]
) -> AsyncIterator[PolicyHeldMessages]:
    async for account, messages, is_more in _messages(services, accounts, State.HELD):
        rows = [
            PolicyHeldMessage(
                id=format_id(each.id),
                esim_tran_no=each.esim_tran_no,
                until=format_time(each.held_until_ms or 0),
                reason=reason_detail(each.reason) if each.reason else None,
            )
            for each in messages
        ]
        yield PolicyHeldMessages(account=account, messages=rows, more=is_more)


async def _messages(
    services: Services, accounts: Sequence[Account], state: State
) -> AsyncIterator[tuple[str, Sequence[Message], bool]]:
    """Of each account that has some, the first ones, and whether it has more."""
    which = MessageFilter(state=state, limit=MOST + 1)
    for account in accounts:
        if found := await services.store.log.list_messages(account.id, which):
            yield account.access_code, found[:MOST], len(found) > MOST


async def _webhooks(services: Services, account: Account) -> AsyncIterator[NeedingWebhook]:
    if not account.events:  # without events there are no webhooks
        return
    for endpoint in await services.webhooks.list_all(account):
        is_stopped = endpoint.state in (EndpointState.DISABLED, EndpointState.GONE)
        given_up = 0 if is_stopped else await _given_up(services, account, endpoint)
        if is_stopped or given_up:
            yield NeedingWebhook(
                account=account.access_code,
                id=format_id(endpoint.id),
                state=endpoint.state,
                given_up=given_up,
                more=given_up == MOST,
            )


async def _given_up(services: Services, account: Account, endpoint: WebhookEndpoint) -> int:
    lost = DeliveryFilter(endpoint_id=endpoint.id, states=(DeliveryState.EXHAUSTED,), limit=MOST)
    return len(await services.webhooks.deliveries(account, lost))
