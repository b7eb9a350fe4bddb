"""The eSIM of a page, with what is known about it."""

from __future__ import annotations

from typing import Any, Final, NamedTuple
from urllib.parse import quote

from simpost.api.v1.esims.schemas import show_esim
from simpost.console.request import PageRequest
from simpost.domain.accounts import Account
from simpost.domain.esims import Esim, SmsStatus, blocking_reason
from simpost.domain.lifecycle import EsimFacts
from simpost.domain.reasons import Reason
from simpost.errors import UnknownEsim
from simpost.features.preferences.service import CurrentPreferences
from simpost.messaging.esim_today import DailyUse, LocalTime, daily_uses, local_times

_LEVELS: Final = {
    SmsStatus.UNSUPPORTED: "takes no SMS",
    SmsStatus.API_AND_PHONE: "takes SMS from the API and from phones",
    SmsStatus.API_ONLY: "takes SMS from the API only",
}


class ShownEsim(NamedTuple):
    """An eSIM of an account that the user sees."""

    account: Account
    esim: Esim
    facts: EsimFacts

    @property
    def place(self) -> str:
        """Account and eSIM as they stand in paths of pages."""
        return (
            f"{quote(self.account.access_code, safe='')}/{quote(self.esim.esim_tran_no, safe='')}"
        )


class EsimPanel(NamedTuple):
    """What people want to know about an eSIM in one look.

    Attributes:
        facts: as the API shows them.
        blocked: why nothing can be sent to it; `None` if it can.
        times: the local times where it may be now.
        uses: what it was sent today of its daily limits.
    """

    facts: dict[str, Any]
    plan: str
    level: str
    blocked: Reason | None
    preferences: CurrentPreferences
    times: list[LocalTime]
    uses: list[DailyUse]


async def find_recipient(call: PageRequest, access_code: str = "", number: str = "") -> ShownEsim:
    """The eSIM that the path or the arguments name. Raises UnknownEsim or StoreError."""
    path = call.request.path_params
    account = call.account_of(access_code or path["account"])
    number = number or path["number"]
    if account is None or not number.isprintable():
        raise UnknownEsim
    store = call.services.store
    esim = await store.catalogue.find_esim(account.id, esim_tran_no=number, iccid=None)
    if esim is None:
        raise UnknownEsim
    facts = await store.lifecycle.find_facts(account.id, number)
    return ShownEsim(account, esim, facts or EsimFacts())


async def esim_panel(call: PageRequest, to: ShownEsim) -> EsimPanel:
    """The panel of an eSIM. Raises StoreError."""
    services, esim = call.services, to.esim
    now_ms = services.clock_ms()
    tags = await services.store.esim_tags.find_tags(to.account.id, [esim.esim_tran_no])
    plan = await services.store.catalogue.find_plan(esim.package_code)
    shown = show_esim(esim, to.facts, tags.get(esim.esim_tran_no, ()))
    return EsimPanel(
        facts=shown.model_dump(mode="json", by_alias=True),
        plan=str(plan.document.get("name") or plan.slug) if plan else "",
        level=_LEVELS.get(SmsStatus(esim.sms_status), "") if esim.sms_status is not None else "",
        blocked=blocking_reason(esim),
        preferences=await services.preferences.find(to.account, esim.esim_tran_no),
        times=local_times(esim, now_ms),
        uses=await daily_uses(
            services.store.quotas, services.intake.policy, to.account, esim, now_ms
        ),
    )
