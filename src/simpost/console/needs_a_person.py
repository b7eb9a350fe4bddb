"""What does not get better by itself: an empty page means healthy."""

from __future__ import annotations

from typing import Final

from pydantic import ValidationError
from starlette.responses import RedirectResponse, Response

from simpost.api.admin.needs_a_person import InstallationNeed, NeedKind, find_installation_needs
from simpost.api.admin.receipts import (
    ReceiptName,
    ReceiptNames,
    dismiss_receipts,
)
from simpost.api.shared.schemas import format_time
from simpost.api.v1.needs_a_person import MOST, MOST_ACCOUNTS, NeedsOut, find_account_needs
from simpost.console.live_page import live_page
from simpost.console.page import HEADERS
from simpost.console.request import PageRequest
from simpost.console.route import ConsolePage
from simpost.console.stuck_jobs import stuck_rows
from simpost.domain.console_users import ConsoleRole
from simpost.domain.outcomes import ReceiptKey
from simpost.errors import NotFound
from simpost.features.bulk_jobs.receipt_items import item_of

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
        stuck=list(stuck_rows(call, found.stuck)),
        has_more_stuck=any(each.more for each in found.stuck),
        is_healthy=not needs and found.healthy,
        most=MOST,
        most_accounts=MOST_ACCOUNTS,
        may_send=call.may(ConsoleRole.SENDER),
        may_replay=call.may(ConsoleRole.ADMIN),
        now=format_time(call.services.clock_ms()),
        receipts=[(each, _item(each)) for each in needs if each.receipt],
        others=[each for each in needs if not each.receipt],
        may_dismiss=call.may(ConsoleRole.ADMIN) and any(each.receipt for each in needs),
    )


def _item(need: InstallationNeed) -> str:
    """What names its receipt in a bulk job."""
    assert need.receipt
    return item_of(ReceiptKey(*need.receipt.model_dump().values()))


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


async def dismiss(call: PageRequest) -> Response:
    """Leave a receipt out of the list until it comes again."""
    try:
        name = ReceiptName.model_validate(
            {each: call.form.get(each, "") for each in ReceiptName.model_fields}
        )
    except ValidationError:
        raise NotFound("There is no such receipt.") from None
    await call.audit("receipt.dismiss", f"{name.carrier} {name.carrier_message_id}")
    await dismiss_receipts(ReceiptNames(receipts=[name]), call.services)
    return _back()


def _back() -> Response:
    return RedirectResponse(_PATH, status_code=303, headers=HEADERS)


_PATH: Final = "/console/needs-a-person"
PAGES: Final = (
    ConsolePage("GET", _PATH, show, title="Needs a person"),
    live_page(f"{_PATH}/live", version, every_s=10),
    ConsolePage("POST", f"{_PATH}/dismiss", dismiss, ConsoleRole.ADMIN, True),
)
