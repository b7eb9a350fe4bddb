"""What was imported, seen and ended: eSIMs of all accounts, and plans."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import Field, StrictStr

from simpost.api.admin.accounts import AccessCode, find_account
from simpost.api.shared.auth import ServicesDep, admit_admin
from simpost.api.shared.problems import Problem, ProblemCode
from simpost.api.shared.schemas import Schema, format_time
from simpost.api.shared.services import Services
from simpost.ports.store import EsimRow, EsimSearch, PlanRow

_SECRETS = ("ac", "pin", "puk", "qrCodeUrl", "shortUrl")
"""Fields that let anyone install or unlock the eSIM: shown to its account alone."""

Key = Annotated[StrictStr, Field(min_length=1, max_length=64)]
Keys = Annotated[list[Key], Field(min_length=1, max_length=1000)]

router = APIRouter(prefix="/v1/admin", tags=["admin"], dependencies=[Depends(admit_admin)])


class EsimOut(Schema):
    account: str
    esim_tran_no: str
    iccid: str
    msisdn: str
    imsi: str
    order_no: str
    package_code: str
    sms_status: int | None
    smdp_status: str
    esim_status: str
    created_at: str
    retired: bool


class EsimDetail(EsimOut):
    """`document` has the imported fields, without what installs or unlocks the eSIM."""

    document: dict[str, Any]


class EsimPage(Schema):
    """`next` is the cursor of the next page; null at the end."""

    esims: list[EsimOut]
    next: str | None


class PlanOut(Schema):
    package_code: str
    slug: str
    type: str
    location: str
    sms_status: int
    retired: bool


class PlanDetail(PlanOut):
    document: dict[str, Any]


class PlanPage(Schema):
    """`next` is the cursor of the next page; null at the end."""

    plans: list[PlanOut]
    next: str | None


class PlanListQuery(Schema):
    limit: Annotated[int, Field(ge=1, le=1000)] = 50
    cursor: Annotated[str, Field(max_length=64)] = ""


class EsimListQuery(PlanListQuery):
    """`number` is an esimTranNo, ICCID, MSISDN, IMSI or orderNo."""

    account: AccessCode | None = None
    number: Key | None = None
    retired: bool | None = None


class EsimKeys(Schema):
    esim_tran_nos: Keys


class PlanKeys(Schema):
    package_codes: Keys


class ChangeCount(Schema):
    """How many were changed; the others are unknown or were so already."""

    changed: int


@router.get("/esims", summary="List or search the eSIMs of all accounts")
async def list_esims(which: Annotated[EsimListQuery, Query()], services: ServicesDep) -> EsimPage:
    account = await find_account(services, which.account) if which.account else None
    found = await services.store.catalogue.search_esims(
        EsimSearch(
            account_id=account.id if account else None,
            number=which.number,
            retired=which.retired,
            after=which.cursor,
            limit=which.limit,
        )
    )
    codes = {each.id: each.access_code for each in services.accounts.all()}
    last = found[-1][1].esim_tran_no if len(found) == which.limit else None
    shown = [EsimOut(**_esim(codes.get(owner, ""), esim)) for owner, esim in found]
    return EsimPage(esims=shown, next=last)


@router.get("/esims/{esimTranNo}", summary="Show one eSIM")
async def show_esim(esimTranNo: str, services: ServicesDep) -> EsimDetail:  # noqa: N803  as in the path
    owner, esim = await _find_esim(services, esimTranNo)
    codes = {each.id: each.access_code for each in services.accounts.all()}
    document = {name: value for name, value in esim.document.items() if name not in _SECRETS}
    return EsimDetail(**_esim(codes.get(owner, ""), esim), document=document)


@router.post("/esims/retire", summary="Refuse sends to these eSIMs from now on")
async def retire_esims(keys: EsimKeys, services: ServicesDep) -> ChangeCount:
    now_ms = services.clock_ms()
    return ChangeCount(
        changed=await services.store.catalogue.retire_esims(keys.esim_tran_nos, now_ms=now_ms)
    )


@router.post("/esims/restore", summary="Allow sends to retired eSIMs again")
async def restore_esims(keys: EsimKeys, services: ServicesDep) -> ChangeCount:
    return ChangeCount(
        changed=await services.store.catalogue.retire_esims(keys.esim_tran_nos, now_ms=None)
    )


@router.delete("/esims/{esimTranNo}", summary="Delete an eSIM; its messages stay in the log")
async def delete_esim(esimTranNo: str, services: ServicesDep) -> ChangeCount:  # noqa: N803  as in the path
    if not await services.store.catalogue.delete_esim(esimTranNo):
        raise _no_esim()
    return ChangeCount(changed=1)


@router.get("/plans", summary="List the plans")
async def list_plans(which: Annotated[PlanListQuery, Query()], services: ServicesDep) -> PlanPage:
    plans = await services.store.catalogue.all_plans(after=which.cursor, limit=which.limit)
    last = plans[-1].package_code if len(plans) == which.limit else None
    return PlanPage(plans=[PlanOut(**_plan(plan)) for plan in plans], next=last)


@router.get("/plans/{packageCode}", summary="Show one plan, by its code or slug")
async def show_plan(packageCode: str, services: ServicesDep) -> PlanDetail:  # noqa: N803  as in the path
    plan = await services.store.catalogue.find_plan(packageCode)
    if plan is None:
        raise _no_plan()
    return PlanDetail(**_plan(plan), document=plan.document)


@router.post("/plans/retire", summary="Leave plans out of package/list; their eSIMs stay")
async def retire_plans(keys: PlanKeys, services: ServicesDep) -> ChangeCount:
    now_ms = services.clock_ms()
    return ChangeCount(
        changed=await services.store.catalogue.retire_plans(keys.package_codes, now_ms=now_ms)
    )


@router.post("/plans/restore", summary="List retired plans again")
async def restore_plans(keys: PlanKeys, services: ServicesDep) -> ChangeCount:
    return ChangeCount(
        changed=await services.store.catalogue.retire_plans(keys.package_codes, now_ms=None)
    )


@router.delete("/plans/{packageCode}", summary="Delete a plan; its eSIMs then have none")
async def delete_plan(packageCode: str, services: ServicesDep) -> ChangeCount:  # noqa: N803  as in the path
    if not await services.store.catalogue.delete_plan(packageCode):
        raise _no_plan()
    return ChangeCount(changed=1)


async def _find_esim(services: Services, esim_tran_no: str) -> tuple[int, EsimRow]:
    found = await services.store.catalogue.search_esims(EsimSearch(number=esim_tran_no))
    for owner, esim in found:
        if esim.esim_tran_no == esim_tran_no:
            return owner, esim
    raise _no_esim()


def _no_esim() -> Problem:
    return Problem(404, ProblemCode.NOT_FOUND, "There is no eSIM with this esimTranNo.")


def _no_plan() -> Problem:
    return Problem(404, ProblemCode.NOT_FOUND, "There is no plan with this packageCode.")


def _esim(account: str, esim: EsimRow) -> dict[str, Any]:
    return {
        "account": account,
        "esim_tran_no": esim.esim_tran_no,
        "iccid": esim.iccid,
        "msisdn": esim.msisdn,
        "imsi": esim.imsi,
        "order_no": esim.order_no,
        "package_code": esim.package_code,
        "sms_status": esim.sms_status,
        "smdp_status": esim.smdp_status,
        "esim_status": esim.esim_status,
        "created_at": format_time(esim.created_ms),
        "retired": esim.retired,
    }


def _plan(plan: PlanRow) -> dict[str, Any]:
    return {
        "package_code": plan.package_code,
        "slug": plan.slug,
        "type": plan.type,
        "location": plan.location,
        "sms_status": plan.sms_status,
        "retired": plan.retired,
    }
