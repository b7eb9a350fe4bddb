"""What a traveller is sent: the choices of an eSIM, who made them, and how they changed."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote

from starlette.responses import Response

from simpost.api.shared.paging import PageQuery
from simpost.api.v1.preferences.routes import (
    change_preferences,
    current_preferences,
    preference_history,
)
from simpost.api.v1.preferences.schemas import PreferencesPatch
from simpost.console.confirmation import Act, confirm, go_to
from simpost.console.query_form import InvalidFields, given, link, read
from simpost.console.request import PageRequest
from simpost.console.route import ConsolePage
from simpost.domain.accounts import Account
from simpost.domain.console_users import ConsoleRole
from simpost.domain.esims import Esim
from simpost.domain.policy.preferences import REFUSABLE
from simpost.errors import UnknownEsim

_CHOICES: Final = {"": None, "yes": True, "no": False}
_TEXTS: Final = ("language", "openHours")
_ROWS: Final = 20


async def show(call: PageRequest) -> Response:
    """What is in effect, a form for it, and the changes, newest first."""
    account, esim = await _find(call)
    return await _render(call, account, esim)


async def change(call: PageRequest) -> Response:
    """Change what differs from the page that was shown, after a confirmation."""
    account, esim = await _find(call)
    fields, words = _differences(call.form)
    if not fields:
        return await _render(call, account, esim, {"nothing": "was changed in the form"})
    try:
        said = given(call.form, ("words",))
        wanted = read(PreferencesPatch, {**fields, **said, "changedBy": call.user.name})
    except InvalidFields as error:
        return await _render(call, account, esim, error.reasons)
    act = Act(
        question=f"Change what eSIM {esim.esim_tran_no} is sent?",
        sentence=f"{'; '.join(words)}. It takes effect with the next decision.",
        button="Change",
        back=_path(account, esim),
        action="preferences.change",
        target=esim.esim_tran_no,
        account_id=account.id,
    )
    if answer := await confirm(call, act):
        return answer
    name = call.user.name
    await change_preferences(call.services, account, esim.esim_tran_no, wanted, name)
    return go_to(act.back)


async def _find(call: PageRequest) -> tuple[Account, Esim]:
    """The eSIM of the path, of an account that the user sees. Raises UnknownEsim."""
    path = call.request.path_params
    account = call.account_of(path["account"])
    esim = account and await call.services.store.catalogue.find_esim(
        account.id, esim_tran_no=path["number"], iccid=None
    )
    if not account or not esim:
        raise UnknownEsim
    return account, esim


def _differences(form: dict[str, str]) -> tuple[dict[str, Any], list[str]]:
    """The fields that differ from those that the form was made with, and words for them."""
    fields: dict[str, Any] = {}
    words, choices = [], {}
    for name in (each.value for each in REFUSABLE):
        now = form.get(name, "")
        if now != form.get(f"was {name}", "") and now in _CHOICES:
            choices[name] = _CHOICES[now]
            words.append(f"{name}: {now or 'as the account has it'}")
    if choices:
        fields["categories"] = choices
    for name in _TEXTS:
        now = form.get(name, "").strip()
        if now != form.get(f"was {name}", ""):
            fields[name] = now or None
            words.append(f"{name}: {now or 'none of its own'}")
    return fields, words


def _path(account: Account, esim: Esim) -> str:
    code, number = (quote(each, safe="") for each in (account.access_code, esim.esim_tran_no))
    return f"/console/esims/{code}/{number}/preferences"


async def _render(
    call: PageRequest, account: Account, esim: Esim, reasons: object = None
) -> Response:
    try:
        query = read(PageQuery, given(call.request.query_params, ("cursor",)) | {"limit": _ROWS})
    except InvalidFields:
        query = PageQuery(limit=_ROWS)
    services, number, path = call.services, esim.esim_tran_no, _path(account, esim)
    own = (await services.preferences.find(account, number)).own
    history = await preference_history(services, account, number, query)
    found = await current_preferences(services, account, number)
    return call.pages.render(
        "preferences",
        status=422 if reasons else 200,
        call=call,
        account=account.access_code,
        esim=esim,
        path=path,
        preferences=found.model_dump(mode="json", by_alias=True),
        own={"language": own.language, "openHours": own.open_hours},
        changes=history.model_dump(mode="json", by_alias=True)["changes"],
        older=link(path, {"cursor": history.next}) if history.next else "",
        may_change=call.user.role.includes(ConsoleRole.SUPPORT),
        form=call.form,
        reasons=reasons or {},
    )


_ONE: Final = "/console/esims/{account}/{number}/preferences"
PAGES: Final = (
    ConsolePage("GET", _ONE, show),
    ConsolePage("POST", _ONE, change, ConsoleRole.SUPPORT),
)
