"""/v1/keys: add, list and revoke the keys of the account, with its secret."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Response

from simpost.api.shared.auth import Caller, ServicesDep
from simpost.api.shared.error_messages import Matching
from simpost.api.shared.problems import Problem, ProblemCode, invalid
from simpost.api.shared.schemas import to_ms
from simpost.api.shared.services import Services
from simpost.api.v1.keys.schemas import (
    AddedKey,
    KeyList,
    KeyRequest,
    RevokedKey,
    show_added,
    show_key,
)
from simpost.domain.accounts import Account
from simpost.domain.api_keys import ID_LENGTH, MAX_API_KEYS, KeyScope

router = APIRouter(prefix="/v1", tags=["keys"])

KeyId = Annotated[
    str,
    Matching(
        rf"^[0-9A-Za-z]{{{ID_LENGTH}}}$", f"must be {ID_LENGTH} letters and digits: part of the key"
    ),
]


@router.post("/keys", status_code=201, summary="Add an API key")
async def add_key(
    new: KeyRequest, response: Response, account: Caller, services: ServicesDep
) -> AddedKey:
    """The response is the only one that shows the key. Needs the secret of the account."""
    if KeyScope.ADMIN in new.scopes:
        reason = "only the administrator may add a key with the scope admin"
        raise invalid("The key was not added.", [{"at": "body.scopes", "reason": reason}])
    return await save_key(services, account, new, response)


@router.get("/keys", summary="List the API keys of the account")
async def list_keys(account: Caller, services: ServicesDep) -> KeyList:
    """Without their secrets, the oldest first."""
    return await find_keys(services, account)


@router.delete("/keys/{id}", summary="Revoke an API key")
async def revoke_key(
    id: KeyId,  # noqa: A002
    account: Caller,
    services: ServicesDep,
) -> RevokedKey:
    """The key is deleted. Requests that have begun are completed."""
    return await delete_key(services, account, id)


async def save_key(
    services: Services, account: Account, new: KeyRequest, response: Response
) -> AddedKey:
    """Add a key. Raises Problem if it would have expired, or if the account has too many."""
    expires_ms = to_ms(new.expires_at) if new.expires_at else None
    if expires_ms is not None and expires_ms <= services.clock_ms():
        reason = "must be in the future"
        raise invalid("The key was not added.", [{"at": "body.expiresAt", "reason": reason}])
    added = await services.api_keys.add(account, new.name, new.scopes, expires_ms)
    if added is None:
        detail = f"This account has {MAX_API_KEYS} keys. Revoke one that is not used."
        raise Problem(409, ProblemCode.TOO_MANY_KEYS, detail)
    response.headers["Cache-Control"] = "no-store"
    return show_added(added)


async def find_keys(services: Services, account: Account) -> KeyList:
    """The keys of the account, as the store has them now."""
    keys = await services.api_keys.list_stored(account)
    return KeyList(keys=[show_key(key) for key in keys])


async def delete_key(services: Services, account: Account, key_id: str) -> RevokedKey:
    """Revoke a key. Raises Problem if the account has no such key."""
    if not await services.api_keys.revoke(account, key_id):
        raise Problem(404, ProblemCode.NOT_FOUND, "This account has no such key.")
    return RevokedKey(id=key_id)
