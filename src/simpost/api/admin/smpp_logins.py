"""SMPP logins of any account, by the administrator."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import Field, StrictStr

from simpost.api.admin.accounts import Networks
from simpost.api.shared.auth import ServicesDep, admit_admin
from simpost.api.shared.error_messages import Matching
from simpost.api.shared.problems import Problem, ProblemCode
from simpost.api.shared.schemas import Schema, Time, format_time
from simpost.domain.smpp_logins import MAX_SMPP_LOGINS, SYSTEM_ID, SmppLogin
from simpost.errors import InvalidRequest

router = APIRouter(prefix="/v1/admin", tags=["admin"], dependencies=[Depends(admit_admin)])

SystemId = Annotated[
    StrictStr,
    Matching(
        SYSTEM_ID,
        "must be 1 to 15 letters, digits, dots, hyphens or _, the first a letter or digit",
    ),
]
_LOGINS = "/accounts/{accessCode}/smpp-logins"


class NewLogin(Schema):
    """A missing `systemId` is generated. An empty `ipAllow` allows binds from any address."""

    system_id: SystemId | None = None
    ip_allow: Annotated[Networks, Field(default_factory=list)]


class LoginOut(Schema):
    """A login without its password."""

    system_id: str
    ip_allow: list[str]
    created_at: Time


class AddedLogin(LoginOut):
    """`password` is shown only in this response: it is not stored."""

    password: str


class LoginList(Schema):
    """All logins of the account, the oldest first."""

    logins: list[LoginOut]


class RevokedLogin(Schema):
    """Binds with it are refused from now on, and its connections end, within a second."""

    system_id: str


@router.post(_LOGINS, status_code=201, summary="Add an SMPP login to an account")
async def add_smpp_login(
    accessCode: str,  # noqa: N803  as it stands in the path
    new: NewLogin,
    response: Response,
    services: ServicesDep,
) -> AddedLogin:
    """The response is the only one that shows the password. The account keeps events from now."""
    account = await services.accounts.find_stored(accessCode)
    try:
        added = await services.smpp_logins.add(account, new.system_id, tuple(new.ip_allow))
    except InvalidRequest:
        detail = "There is already an SMPP login with this systemId."
        raise Problem(409, ProblemCode.SYSTEM_ID_TAKEN, detail) from None
    if added is None:
        detail = f"This account has {MAX_SMPP_LOGINS} SMPP logins. Revoke one that is not used."
        raise Problem(409, ProblemCode.TOO_MANY_SMPP_LOGINS, detail)
    response.headers["Cache-Control"] = "no-store"
    return AddedLogin(**_fields(added.login).model_dump(by_alias=False), password=added.password)


@router.get(_LOGINS, summary="List the SMPP logins of an account")
async def list_smpp_logins(
    accessCode: str,  # noqa: N803
    services: ServicesDep,
) -> LoginList:
    """Without their passwords, the oldest first."""
    account = await services.accounts.find_stored(accessCode)
    logins = await services.smpp_logins.list_stored(account)
    return LoginList(logins=[_fields(login) for login in logins])


@router.delete(f"{_LOGINS}/{{systemId}}", summary="Revoke an SMPP login of an account")
async def revoke_smpp_login(
    accessCode: str,  # noqa: N803
    systemId: SystemId,  # noqa: N803
    services: ServicesDep,
) -> RevokedLogin:
    """The login is deleted, and receipts that it has not acknowledged are not sent."""
    account = await services.accounts.find_stored(accessCode)
    if not await services.smpp_logins.revoke(account, systemId):
        raise Problem(404, ProblemCode.NOT_FOUND, "This account has no such SMPP login.")
    return RevokedLogin(system_id=systemId)


def _fields(login: SmppLogin) -> LoginOut:
    return LoginOut(
        system_id=login.system_id,
        ip_allow=list(login.ip_allow),
        created_at=format_time(login.created_ms),
    )
