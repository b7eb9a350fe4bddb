"""What does not get better by itself: an empty page means healthy."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final, NamedTuple

from starlette.responses import Response

from simpost.api.admin.carriers import list_carriers
from simpost.api.admin.copies import show_copy
from simpost.api.admin.receipts import ReceiptQuery, list_unmatched_receipts
from simpost.api.admin.sources import list_sources
from simpost.api.admin.stops import list_stops
from simpost.api.shared.services import Services
from simpost.console.live_page import live_page
from simpost.console.needs_of_accounts import MOST, MOST_ACCOUNTS, AccountNeeds, needs_of_accounts
from simpost.console.request import PageRequest
from simpost.console.route import ConsolePage
from simpost.domain.console_users import ConsoleRole
from simpost.domain.plurals import counted
from simpost.ports.carrier import ConnectionState

_UP: Final = (ConnectionState.READY, ConnectionState.THROTTLED)


class Need(NamedTuple):
    """One row. `path` is the page that shows more; empty without one."""

    kind: str
    what: str
    to_do: str
    path: str = ""


async def show(call: PageRequest) -> Response:
    """The rows of the accounts that the user sees, and of the installation if those are all."""
    needs, found = await find_needs(call)
    return call.pages.render(
        "needs_a_person",
        call=call,
        needs=needs,
        found=found,
        is_healthy=not needs and not found.in_doubt and not found.endpoints,
        most=MOST,
        most_accounts=MOST_ACCOUNTS,
        may_send=call.may(ConsoleRole.SENDER),
        may_replay=call.may(ConsoleRole.ADMIN),
    )


async def find_needs(call: PageRequest) -> tuple[list[Need], AccountNeeds]:
    """What the page shows."""
    user, needs = call.user, list[Need]()
    if user.account_id is None:
        for_admin = user.role.includes(ConsoleRole.ADMIN)
        needs = [each async for each in _of_installation(call.services, for_admin=for_admin)]
    return needs, await needs_of_accounts(call)


async def _of_installation(services: Services, *, for_admin: bool) -> AsyncIterator[Need]:
    """Problems of connections and pulls may name hosts: they are for administrators only."""
    copy = await show_copy(services)
    if copy.held:
        yield Need(
            "copy", f"Nothing is sent: this store is a copy ({copy.found}).", "Confirm it by "
            "`simpost confirm-copy`, if this is the store that shall send."
        )  # fmt: skip
    for stop in (await list_stops(services)).stops:
        scope = ", ".join(filter(None, (stop.account, stop.category, stop.country)))
        yield Need(
            "stop",
            f"Sending is stopped for {scope or 'everything'} since {stop.since[:16]}.",
            "Remove it by `simpost resume` when its cause is gone.",
        )
    async for need in _of_carriers(services, for_admin=for_admin):
        yield need
    for source in (await list_sources(services)).sources:
        pull = source.last_pull
        has_failed = bool(pull and pull.problem)
        problem = " The last pull failed." if has_failed else ""
        if pull and pull.problem and for_admin:
            problem = f" The last pull failed: {pull.problem}"
        if source.stale or has_failed:
            age = f"is of {source.copied_at[:16]}" if source.copied_at else "was never made"
            yield Need(
                "source",
                f"The copy of {source.name} {age}.{problem}",
                f"`simpost sync {source.name}` pulls it now.",
            )
    for receipt in (await list_unmatched_receipts(ReceiptQuery(limit=MOST), services)).receipts:
        yield Need(
            "receipt",
            f"A receipt of {receipt.carrier} for {receipt.carrier_message_id} says "
            f"{receipt.state.value} and matches no part; {receipt.count} times, last "
            f"{receipt.last_at[:16]}.",
            "`simpost receipts` shows them; docs/receipts.md has the formats of ids.",
        )


async def _of_carriers(services: Services, *, for_admin: bool) -> AsyncIterator[Need]:
    for carrier in (await list_carriers(services)).carriers:
        path, name = "/console/carriers", carrier.name
        if carrier.state is None:
            what = f"{counted(carrier.queued, 'part')} for {name}, which is not configured."
            yield Need("carrier", what, "Add the carrier again, or cancel its messages.", path)
        elif carrier.paused:
            what = f"{name} is paused, with {counted(carrier.queued, 'part')} queued."
            yield Need("carrier", what, "Resume it when its cause is gone.", path)
        else:
            down = [each for each in carrier.connections if each.state not in _UP]
            for connection in down[:MOST]:
                problem = connection.problem if for_admin else ""
                problem = problem or f"it is {connection.state.value}"
                yield Need(
                    "connection",
                    f"{name}, {connection.kind} {connection.number}: {problem}",
                    "It is tried again by itself; ask the carrier if this lasts.",
                    path,
                )


PAGES: Final = (
    ConsolePage("GET", "/console/needs-a-person", show, title="Needs a person"),
    live_page("/console/needs-a-person/live", find_needs, every_s=10),
)
