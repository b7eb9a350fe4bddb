"""One eSIM: its plan and state, what may be sent to it, and the messages both ways."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from simpost.api.v1.esims.schemas import show_esim
from simpost.api.v1.inbound.schemas import show_entry
from simpost.api.v1.lifecycle.schemas import show_event
from simpost.console.masks import Masks
from simpost.console.request import PageRequest
from simpost.console.route import ConsolePage
from simpost.domain.accounts import Account
from simpost.domain.console_users import ConsoleRole
from simpost.domain.esims import Esim, SmsStatus, blocking_reason
from simpost.domain.lifecycle import EsimFacts
from simpost.errors import UnknownEsim
from simpost.messaging.conversation import list_texts
from simpost.messaging.esim_today import daily_uses, local_times

_ENTRIES = 50
_EVENTS = 20
_LEVELS = {
    SmsStatus.UNSUPPORTED: "takes no SMS",
    SmsStatus.API_AND_PHONE: "takes SMS from the API and from phones",
    SmsStatus.API_ONLY: "takes SMS from the API only",
}


async def show(call: PageRequest) -> Response:
    """The eSIM, with texts and numbers hidden."""
    account, esim = await _find(call)
    return await _render(call, account, esim, is_revealed=False)


async def reveal(call: PageRequest) -> Response:
    """The eSIM with texts and numbers; written to the audit log before."""
    account, esim = await _find(call)
    await call.audit("esim.reveal", esim.esim_tran_no, account.id)
    return await _render(call, account, esim, is_revealed=True)


async def _find(call: PageRequest) -> tuple[Account, Esim]:
    """The eSIM, of an account that the user sees. Raises UnknownEsim."""
    path = call.request.path_params
    account = call.account_of(path["account"])
    esim = account and await call.services.store.catalogue.find_esim(
        account.id, esim_tran_no=path["number"], iccid=None
    )
    if not account or not esim:
        raise UnknownEsim
    return account, esim


async def _render(
    call: PageRequest, account: Account, esim: Esim, *, is_revealed: bool
) -> Response:
    services, number = call.services, esim.esim_tran_no
    store, now_ms = services.store, services.clock_ms()
    facts = await store.lifecycle.find_facts(account.id, number)
    tags = await store.esim_tags.find_tags(account.id, [number])
    plan = await store.catalogue.find_plan(esim.package_code)
    entries = await list_texts(store, account.id, number, before=None, limit=_ENTRIES)
    events = await store.lifecycle.list_events(account.id, number, before=None, limit=_EVENTS)
    return call.pages.render(
        "esim",
        call=call,
        account=account.access_code,
        esim=esim,
        facts=show_esim(esim, facts or EsimFacts(), tags.get(number, ())).model_dump(
            mode="json", by_alias=True
        ),
        plan=str(plan.document.get("name") or plan.slug) if plan else "",
        level=_LEVELS.get(SmsStatus(esim.sms_status), "") if esim.sms_status is not None else "",
        blocked=blocking_reason(esim),
        preferences=await services.preferences.find(account, number),
        times=local_times(esim, now_ms),
        uses=await daily_uses(store.quotas, services.intake.policy, account, esim, now_ms),
        events=[show_event(each).model_dump(mode="json", by_alias=True) for each in events],
        entries=[show_entry(each).model_dump(mode="json", by_alias=True) for each in entries],
        masks=Masks(is_revealed=is_revealed),
        may_reveal=not is_revealed and call.user.role.includes(ConsoleRole.SUPPORT),
    )


_PATH: Final = "/console/esims/{account}/{number}"
PAGES: Final = (
    ConsolePage("GET", _PATH, show),
    ConsolePage("POST", f"{_PATH}/reveal", reveal, ConsoleRole.SUPPORT),
)
