"""The message log: its filters are those of `GET /v1/messages`, under the same names."""

from __future__ import annotations

from typing import Final, NamedTuple

from starlette.responses import Response

from simpost.api.admin.messages import AdminExportQuery, AdminMessageQuery
from simpost.api.v1.messages.export import export_response
from simpost.api.v1.messages.search import message_page, search_page
from simpost.console.masks import Masks
from simpost.console.page import HEADERS
from simpost.console.query_form import InvalidFields, given, link, read
from simpost.console.request import PageRequest
from simpost.console.route import ConsolePage
from simpost.domain.accounts import Account
from simpost.domain.console_users import ConsoleRole
from simpost.domain.messages import Category
from simpost.domain.reasons import Reason
from simpost.domain.states import State
from simpost.errors import NotFound

_PATH: Final = "/console/messages"


class Field(NamedTuple):
    """A filter: its name in the API, its label, and its choices if it has any.

    `is_rare`: it is shown on demand, or when it is used.
    """

    name: str
    label: str
    choices: tuple[str, ...] = ()
    is_rare: bool = False


FILTERS: Final = (
    Field("esimTranNo", "eSIM"),
    Field("reference", "Reference"),
    Field("state", "State", tuple(each.value for each in State)),
    Field("category", "Category", tuple(each.value for each in Category)),
    Field("from", "From (UTC)"),
    Field("to", "To (UTC)"),
    Field("iccid", "ICCID", is_rare=True),
    Field("msisdn", "Number", is_rare=True),
    Field("reason", "Reason", tuple(sorted(each.value for each in Reason)), is_rare=True),
    Field("referencePrefix", "Reference begins with", is_rare=True),
    Field("carrierMessageId", "Id of the carrier", is_rare=True),
    Field("template", "Template", is_rare=True),
    Field("broadcast", "Broadcast", is_rare=True),
)
_NAMES: Final = tuple(each.name for each in FILTERS)


async def show(call: PageRequest) -> Response:
    """One page of what the filters select, newest first; texts and numbers are hidden."""
    query = dict(call.request.query_params)
    account = chosen_account(call, query.get("account", ""))
    filters = given(query, _NAMES)
    paging = given(query, ("cursor", "limit"))
    try:
        wanted = read(AdminMessageQuery, filters | paging)
    except InvalidFields as error:
        return _render(call, account, filters, reasons=error.reasons)
    if account is None:
        return _render(call, account, filters)
    page = message_page(await search_page(call.services, account.id, wanted), wanted)
    shown = page.model_dump(mode="json", by_alias=True)
    return _render(call, account, filters, shown["messages"], shown["next"])


async def export(call: PageRequest) -> Response:
    """The file of all messages that the filters select; written to the audit log before."""
    account = chosen_account(call, call.form.get("account", ""))
    if account is None:
        raise NotFound
    filters = given(call.form, (*_NAMES, "format"))
    try:
        wanted = read(AdminExportQuery, filters | {"account": account.access_code})
    except InvalidFields as error:
        return _render(call, account, given(call.form, _NAMES), reasons=error.reasons)
    await call.audit("messages.export", wanted.format.value, account.id)
    response = await export_response(call.request, call.services, account, wanted)
    response.headers.update({**HEADERS, "Cache-Control": "no-store"})
    return response


def chosen_account(call: PageRequest, access_code: str) -> Account | None:
    """The account that a page is about; the first one that the user sees if none is named.

    `None` if there is no account. Raises NotFound if the user does not see the one that is named.
    """
    if access_code:
        account = call.account_of(access_code)
        if account is None:
            raise NotFound
        return account
    return next(iter(seen_accounts(call)), None)


def seen_accounts(call: PageRequest) -> list[Account]:
    """The enabled accounts that the user sees, by access code."""
    seen = (each for each in call.services.accounts.all() if call.user.may_see(each.id))
    return sorted((each for each in seen if each.enabled), key=lambda each: each.access_code)


def _render(
    call: PageRequest,
    account: Account | None,
    filters: dict[str, str],
    messages: list[dict[str, object]] | None = None,
    next_: str | None = None,
    *,
    reasons: object = None,
) -> Response:
    access_code = account.access_code if account else ""
    own = {"account": access_code} | filters
    return call.pages.render(
        "messages",
        status=422 if reasons else 200,
        call=call,
        account=access_code,
        accounts=[each.access_code for each in seen_accounts(call)],
        fields=FILTERS,
        filters=filters,
        is_rare=any(each.name in filters for each in FILTERS if each.is_rare),
        messages=messages,
        reasons=reasons or {},
        older=link(_PATH, own | {"cursor": next_}) if next_ else "",
        may_act=call.user.role.includes(ConsoleRole.SENDER),
        may_export=call.user.role.includes(ConsoleRole.SUPPORT),
        masks=Masks(is_revealed=False),
    )


PAGES: Final = (
    ConsolePage("GET", _PATH, show, title="Messages"),
    ConsolePage("POST", f"{_PATH}/export", export, ConsoleRole.SUPPORT),
)
