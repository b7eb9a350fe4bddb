"""API keys of any account, by the administrator."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Response

from simpost.api.shared.auth import ServicesDep, admit_admin
from simpost.api.v1.keys.routes import KeyId, delete_key, find_keys, save_key
from simpost.api.v1.keys.schemas import AddedKey, KeyList, KeyRequest, RevokedKey

router = APIRouter(prefix="/v1/admin", tags=["admin"], dependencies=[Depends(admit_admin)])

_KEYS = "/accounts/{accessCode}/keys"


@router.post(_KEYS, status_code=201, summary="Add an API key to an account")
async def add_key(
    accessCode: str,  # noqa: N803  as it stands in the path
    new: KeyRequest,
    response: Response,
    services: ServicesDep,
) -> AddedKey:
    """The response is the only one that shows the key. The scope `admin` is for this API."""
    account = await services.accounts.find_stored(accessCode)
    return await save_key(services, account, new, response)


@router.get(_KEYS, summary="List the API keys of an account")
async def list_keys(
    accessCode: str,  # noqa: N803
    services: ServicesDep,
) -> KeyList:
    """Without their secrets, the oldest first."""
    return await find_keys(services, await services.accounts.find_stored(accessCode))


@router.delete(f"{_KEYS}/{{id}}", summary="Revoke an API key of an account")
async def revoke_key(
    accessCode: str,  # noqa: N803
    id: KeyId,  # noqa: A002
    services: ServicesDep,
) -> RevokedKey:
    """The key is deleted. Requests that have begun are completed."""
    account = await services.accounts.find_stored(accessCode)
    return await delete_key(services, account, id)
