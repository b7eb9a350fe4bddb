"""The broadcasts of an account, newest first."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from simpost.api.shared.paging import cut_page
from simpost.api.v1.broadcasts.routes import show_now
from simpost.api.v1.broadcasts.schemas import BroadcastQuery
from simpost.console.account_choice import choose_account
from simpost.console.ages import age
from simpost.console.field_errors import read_query
from simpost.console.request import PageRequest
from simpost.console.route import ConsolePage
from simpost.domain.broadcasts import BroadcastStatus
from simpost.domain.console_users import ConsoleRole


async def choose(call: PageRequest) -> Response:
    """The accounts to choose from."""
    return await choose_account(call, "broadcasts", "Broadcasts")


async def show(call: PageRequest) -> Response:
    """A page of the list; its URL has the query of `GET /v1/broadcasts`."""
    account, services = call.path_account(), call.services
    query = read_query(BroadcastQuery, call.request)
    found = await services.store.broadcasts.list_broadcasts(
        account.id, before=query.before, limit=query.look_ahead, status=query.status
    )
    rows, cursor = cut_page(found, query)
    now_ms = services.clock_ms()
    return call.pages.render(
        "broadcasts/list",
        call=call,
        account=account.access_code,
        rows=[
            (
                show_now(services, each).model_dump(mode="json", by_alias=True),
                age(each.created_ms, now_ms),
            )
            for each in rows
        ],
        query=query,
        statuses=[each.value for each in BroadcastStatus],
        next=cursor,
        may_send=call.may(ConsoleRole.SENDER),
    )


PAGES: Final = (
    ConsolePage("GET", "/console/broadcasts", choose, title="Broadcasts"),
    ConsolePage("GET", "/console/broadcasts/{account}", show),
)
