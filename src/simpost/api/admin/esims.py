"""eSIMs of all accounts: list, search, retire, restore and delete."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from simpost.api.admin.accounts import AccessCode
from simpost.api.admin.retirement import ChangeCount, Key, KeyPageQuery, Keys
from simpost.api.shared.auth import ServicesDep, admit_admin
from simpost.api.shared.schemas import Schema, format_time
from simpost.api.shared.services import Services
from simpost.api.shared.tags import Tag
from simpost.catalogue.search import find_esim_of_any_account
from simpost.errors import NotFound
from simpost.ports.store import EsimRow, EsimSearch

_SECRETS = ("ac", "pin", "puk", "qrCodeUrl", "shortUrl")
"""Fields that let anyone install or unlock the eSIM: shown to its account alone."""

router = APIRouter(prefix="/v1/admin", tags=["admin"], dependencies=[Depends(admit_admin)])


class EsimOut(Schema):
    """An eSIM with the access code of its account."""

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
    """`document` has the imported fields, except those that install or unlock the eSIM."""

    tags: list[str]
    document: dict[str, Any]


class EsimPage(Schema):
    """`next` is the cursor of the next page; null at the end."""

    esims: list[EsimOut]
    next: str | None


class EsimListQuery(KeyPageQuery):
    """`number` is an esimTranNo, ICCID, MSISDN, IMSI or orderNo."""

    account: AccessCode | None = None
    number: Key | None = None
    retired: bool | None = None
    tag: Tag | None = None


class EsimKeys(Schema):
    """eSIMs to retire or restore."""

    esim_tran_nos: Keys


@router.get("/esims", summary="List or search the eSIMs of all accounts")
async def list_esims(query: Annotated[EsimListQuery, Query()], services: ServicesDep) -> EsimPage:
    """In the order of their esimTranNo, retired ones included."""
    account = await services.accounts.find_stored(query.account) if query.account else None
    found = await services.store.catalogue.search_esims(
        EsimSearch(
            account_id=account.id if account else None,
            number=query.number,
            retired=query.retired,
            tag=query.tag,
            after=query.cursor,
            limit=query.limit,
        )
    )
    last = found[-1][1].esim_tran_no if len(found) == query.limit else None
    shown = [EsimOut(**_fields(services, owner, esim)) for owner, esim in found]
    return EsimPage(esims=shown, next=last)


@router.get("/esims/{esimTranNo}", summary="Show one eSIM")
async def show_esim(esimTranNo: str, services: ServicesDep) -> EsimDetail:  # noqa: N803  as in the path
    """With the imported fields, except those that install or unlock the eSIM."""
    owner, esim = await find_esim_of_any_account(services.store.catalogue, esimTranNo)
    document = {name: value for name, value in esim.document.items() if name not in _SECRETS}
    tags = await services.store.esim_tags.find_tags(owner, [esimTranNo])
    shown = list(tags.get(esimTranNo, ()))
    return EsimDetail(**_fields(services, owner, esim), tags=shown, document=document)


@router.post("/esims/retire", summary="Refuse sends to these eSIMs from now on")
async def retire_esims(keys: EsimKeys, services: ServicesDep) -> ChangeCount:
    """The eSIMs and their messages are kept."""
    return await _retire(services, keys, services.clock_ms())


@router.post("/esims/restore", summary="Allow sends to retired eSIMs again")
async def restore_esims(keys: EsimKeys, services: ServicesDep) -> ChangeCount:
    """Changes no eSIM that is not retired."""
    return await _retire(services, keys, None)


@router.delete("/esims/{esimTranNo}", summary="Delete an eSIM; its messages stay in the log")
async def delete_esim(esimTranNo: str, services: ServicesDep) -> ChangeCount:  # noqa: N803  as in the path
    """404 when no account has the eSIM."""
    if not await services.store.catalogue.delete_esim(esimTranNo):
        raise NotFound("There is no eSIM with this esimTranNo.")
    return ChangeCount(changed=1)


async def _retire(services: Services, keys: EsimKeys, now_ms: int | None) -> ChangeCount:
    store = services.store.catalogue
    return ChangeCount(changed=await store.retire_esims(keys.esim_tran_nos, now_ms=now_ms))


def _fields(services: Services, owner: int, esim: EsimRow) -> dict[str, Any]:
    account = services.accounts.by_id(owner)
    return {
        "account": account.access_code if account else "",
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
