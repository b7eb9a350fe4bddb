"""What accounts have that does not get better by itself, with the verbs of each list."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Final, NamedTuple

from simpost.api.shared.schemas import format_time
from simpost.api.shared.services import Services
from simpost.console.request import PageRequest
from simpost.domain.accounts import Account
from simpost.domain.messages import Message, format_id
from simpost.domain.states import State
from simpost.domain.webhooks import DeliveryState, EndpointState, WebhookEndpoint
from simpost.ports.store import DeliveryFilter, MessageFilter
from simpost.ports.store.needs import AccountNeed

MOST: Final = 20
"""Most rows of a kind: of the installation, or of an account."""
MOST_ACCOUNTS: Final = 25
"""Most accounts of a kind that are shown."""


class NeedingMessage(NamedTuple):
    """One message, by its id. `words` say which, and since or until when."""

    id: str
    words: str
    why: str = ""


class NeedingMessages(NamedTuple):
    """Messages of one account. `is_more`: it has more of them."""

    account: str
    messages: list[NeedingMessage]
    is_more: bool


class NeedingEndpoint(NamedTuple):
    """A webhook endpoint. `given_up` deliveries can be replayed; 0 if it is stopped."""

    account: str
    id: str
    words: str
    to_do: str
    given_up: int = 0


class AccountNeeds(NamedTuple):
    """What the accounts have that a user sees. `is_cut`: more accounts have something."""

    in_doubt: list[NeedingMessages]
    held: list[NeedingMessages]
    endpoints: list[NeedingEndpoint]
    is_cut: bool


async def needs_of_accounts(call: PageRequest) -> AccountNeeds:
    """Looks only into accounts that have something. Raises StoreError."""
    services = call.services
    doubtful = await _accounts(call, AccountNeed.IN_DOUBT)
    holding = await _accounts(call, AccountNeed.HELD)
    stopped = await _accounts(call, AccountNeed.STOPPED_WEBHOOK, AccountNeed.GIVEN_UP)
    endpoints = [
        found
        for account in stopped[:MOST_ACCOUNTS]
        async for found in _endpoints(services, account)
    ]
    return AccountNeeds(
        [each async for each in _messages(services, doubtful, State.IN_DOUBT)],
        [each async for each in _messages(services, holding, State.HELD)],
        endpoints,
        is_cut=any(len(each) > MOST_ACCOUNTS for each in (doubtful, holding, stopped)),
    )


async def _accounts(call: PageRequest, *needs: AccountNeed) -> list[Account]:
    """The accounts to look into: the user's own, else those that have one of the needs."""
    if call.user.account_id is not None:
        return call.accounts
    found: set[int] = set()
    for need in needs:
        found.update(await call.services.store.needs.find_accounts(need, limit=MOST_ACCOUNTS + 1))
    known = (call.services.accounts.by_id(each) for each in sorted(found))
    return [each for each in known if each is not None]


async def _messages(
    services: Services, accounts: Sequence[Account], state: State
) -> AsyncIterator[NeedingMessages]:
    which = MessageFilter(state=state, limit=MOST + 1)
    show = _doubtful if state is State.IN_DOUBT else _held
    for account in accounts[:MOST_ACCOUNTS]:
        found = await services.store.log.list_messages(account.id, which)
        if found:
            rows = [show(each) for each in found[:MOST]]
            yield NeedingMessages(account.access_code, rows, is_more=len(found) > MOST)


def _doubtful(message: Message) -> NeedingMessage:
    since = format_time(message.updated_ms)[:16]
    return NeedingMessage(format_id(message.id), f"{message.esim_tran_no}, since {since}")


def _held(message: Message) -> NeedingMessage:
    until = format_time(message.held_until_ms or 0)[:16]
    why = message.reason.explanation if message.reason else ""
    return NeedingMessage(format_id(message.id), f"{message.esim_tran_no}, until {until}", why)


async def _endpoints(services: Services, account: Account) -> AsyncIterator[NeedingEndpoint]:
    if not account.events:  # without events there are no webhooks
        return
    for endpoint in await services.webhooks.list_all(account):
        if found := await _endpoint(services, account, endpoint):
            yield found


async def _endpoint(
    services: Services, account: Account, endpoint: WebhookEndpoint
) -> NeedingEndpoint | None:
    endpoint_id = format_id(endpoint.id)
    name = f"The webhook of {account.access_code}, endpoint {endpoint_id}"
    if endpoint.state in (EndpointState.DISABLED, EndpointState.GONE):
        words = f"{name} is {endpoint.state.value}; its events wait."
        to_do = "Fix it, then `simpost webhooks resume`."
        return NeedingEndpoint(account.access_code, endpoint_id, words, to_do)
    lost = DeliveryFilter(endpoint_id=endpoint.id, states=(DeliveryState.EXHAUSTED,), limit=MOST)
    found = len(await services.webhooks.deliveries(account, lost))
    if not found:
        return None
    count = f"{found} or more" if found == MOST else str(found)
    words = f"{name} gave up {count} deliveries."
    to_do = "Replay them once it works: here, or by `simpost webhooks replay`."
    return NeedingEndpoint(account.access_code, endpoint_id, words, to_do, found)
