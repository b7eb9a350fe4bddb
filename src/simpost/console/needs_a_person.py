"""What does not get better by itself: an empty page means healthy."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from simpost.api.admin.needs_a_person import InstallationNeed, NeedKind, find_installation_needs
from simpost.api.v1.needs_a_person import MOST, MOST_ACCOUNTS, NeedsOut, find_account_needs
from simpost.console.live_page import live_page
from simpost.console.request import PageRequest
from simpost.console.route import ConsolePage
from simpost.domain.console_users import ConsoleRole

_PAGES_OF: Final = {
    NeedKind.CARRIER: "/console/carriers",
    NeedKind.CONNECTION: "/console/carriers",
}
"""The pages that show more."""


async def show(call: PageRequest) -> Response:
    """The rows of the accounts that the user sees, and of the installation if those are all."""
    needs, found = await _find(call)
    return call.pages.render(
        "needs_a_person",
        call=call,
        needs=needs,
        found=found,
        pages_of=_PAGES_OF,
        is_healthy=not needs and found.healthy,
        most=MOST,
        most_accounts=MOST_ACCOUNTS,
        may_send=call.may(ConsoleRole.SENDER),
        may_replay=call.may(ConsoleRole.ADMIN),
    )


async def version(call: PageRequest) -> object:
    """What the page shows."""
    needs, found = await _find(call)
    return [each.model_dump_json() for each in (*needs, found)]


async def _find(call: PageRequest) -> tuple[list[InstallationNeed], NeedsOut]:
    if call.user.account_id is not None:
        return [], await find_account_needs(call.services, call.accounts)
    for_admin = call.may(ConsoleRole.ADMIN)
    rows = find_installation_needs(call.services, for_admin=for_admin)
    return [each async for each in rows], await find_account_needs(call.services, None)


PAGES: Final = (
    ConsolePage("GET", "/console/needs-a-person", show, title="Needs a person"),
    live_page("/console/needs-a-person/live", version, every_s=10),
)
