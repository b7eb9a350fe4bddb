"""One-time codes: how many succeed, by prefix and hour, and the list of verifications."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from simpost.api.v1.verifications.lists import VerificationQuery, list_ratios, verification_page
from simpost.console.messages_page import chosen_account, seen_accounts
from simpost.console.query_form import InvalidFields, given, link, read
from simpost.console.request import PageRequest
from simpost.console.route import ConsolePage
from simpost.domain.verifications import VerificationState

_PATH: Final = "/console/verifications"
_FILTERS: Final = ("esimTranNo", "state")
LOW: Final = 0.5
"""A ratio below it is marked."""
_MOST_RATIOS: Final = 50


async def show(call: PageRequest) -> Response:
    """The ratios of the last 24 hours, and one page of verifications; never a code."""
    query = dict(call.request.query_params)
    account = chosen_account(call, query.get("account", ""))
    filters, reasons = given(query, _FILTERS), {}
    try:
        wanted = read(VerificationQuery, filters | given(query, ("cursor",)))
    except InvalidFields as error:
        filters, wanted, reasons = {}, VerificationQuery(), dict(error.reasons)
    page = await verification_page(call.services, account, wanted) if account else None
    ratios = await list_ratios(account, call.services) if account else None
    access_code = account.access_code if account else ""
    own = {"account": access_code} | filters
    return call.pages.render(
        "verifications",
        status=422 if reasons else 200,
        call=call,
        account=access_code,
        accounts=[each.access_code for each in seen_accounts(call)],
        states=[each.value for each in VerificationState],
        filters=filters,
        reasons=reasons,
        rows=page.model_dump(mode="json", by_alias=True)["verifications"] if page else [],
        older=link(_PATH, own | {"cursor": page.next}) if page and page.next else "",
        ratios=ratios.ratios[:_MOST_RATIOS] if ratios else [],
        low=LOW,
    )


PAGES: Final = (ConsolePage("GET", _PATH, show, title="Verifications"),)
