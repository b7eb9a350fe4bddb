"""Plans: list, show, retire, restore and delete."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from simpost.api.admin.retirement import ChangeCount, KeyPageQuery, Keys
from simpost.api.shared.auth import ServicesDep, admit_admin
from simpost.api.shared.schemas import Schema
from simpost.api.shared.services import Services
from simpost.errors import NotFound
from simpost.ports.store import PlanRow

_UNKNOWN = "There is no plan with this packageCode."

router = APIRouter(prefix="/v1/admin", tags=["admin"], dependencies=[Depends(admit_admin)])


class PlanOut(Schema):
    """A plan, on sale or retired."""

    package_code: str
    slug: str
    type: str
    location: str
    sms_status: int
    retired: bool


class PlanDetail(PlanOut):
    """`document` has the imported fields."""

    document: dict[str, Any]


class PlanPage(Schema):
    """`next` is the cursor of the next page; null at the end."""

    plans: list[PlanOut]
    next: str | None


class PlanKeys(Schema):
    """Plans to retire or restore."""

    package_codes: Keys


@router.get("/plans", summary="List the plans")
async def list_plans(query: Annotated[KeyPageQuery, Query()], services: ServicesDep) -> PlanPage:
    """In the order of their packageCode, retired ones included."""
    plans = await services.store.catalogue.all_plans(after=query.cursor, limit=query.limit)
    last = plans[-1].package_code if len(plans) == query.limit else None
    return PlanPage(plans=[PlanOut(**_fields(plan)) for plan in plans], next=last)


@router.get("/plans/{packageCode}", summary="Show one plan, by its code or slug")
async def show_plan(packageCode: str, services: ServicesDep) -> PlanDetail:  # noqa: N803  as in the path
    """With the imported fields; retired plans are found too."""
    plan = await services.store.catalogue.find_plan(packageCode)
    if plan is None:
        raise NotFound(_UNKNOWN)
    return PlanDetail(**_fields(plan), document=plan.document)


@router.post("/plans/retire", summary="Leave plans out of package/list; their eSIMs stay")
async def retire_plans(keys: PlanKeys, services: ServicesDep) -> ChangeCount:
    """Sends to eSIMs of these plans go on."""
    return await _retire(services, keys, services.clock_ms())


@router.post("/plans/restore", summary="List retired plans again")
async def restore_plans(keys: PlanKeys, services: ServicesDep) -> ChangeCount:
    """Changes no plan that is not retired."""
    return await _retire(services, keys, None)


@router.delete("/plans/{packageCode}", summary="Delete a plan; its eSIMs then have none")
async def delete_plan(packageCode: str, services: ServicesDep) -> ChangeCount:  # noqa: N803  as in the path
    """404 when there is no such plan."""
    if not await services.store.catalogue.delete_plan(packageCode):
        raise NotFound(_UNKNOWN)
    return ChangeCount(changed=1)


async def _retire(services: Services, keys: PlanKeys, now_ms: int | None) -> ChangeCount:
    store = services.store.catalogue
    return ChangeCount(changed=await store.retire_plans(keys.package_codes, now_ms=now_ms))


def _fields(plan: PlanRow) -> dict[str, Any]:
    return {
        "package_code": plan.package_code,
        "slug": plan.slug,
        "type": plan.type,
        "location": plan.location,
        "sms_status": plan.sms_status,
        "retired": plan.retired,
    }
