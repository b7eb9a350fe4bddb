"""Who calls the native door: an account by its credentials, or the operator by its token."""

from __future__ import annotations

import base64
import binascii
import math
from hmac import compare_digest
from typing import Annotated

from fastapi import Depends, Request

from simpost.api.credentials import holds_secret, look_up, may_come_from
from simpost.api.services import Services
from simpost.api.v1.problems import Problem, ProblemCode
from simpost.domain.accounts import Account

_BASIC = {"WWW-Authenticate": 'Basic realm="simpost", charset="UTF-8"'}
_BEARER = {"WWW-Authenticate": 'Bearer realm="simpost"'}


async def services_of(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


async def identify(request: Request) -> Account:
    """The account, by `RT-AccessCode` and `RT-SecretKey` or by HTTP Basic; at its pace."""
    services = await services_of(request)
    access_code, secret = _credentials(request)
    account = look_up(services.accounts, access_code)
    if not holds_secret(account, secret):
        detail = "Give RT-AccessCode and RT-SecretKey, or HTTP Basic with the same two."
        raise Problem(401, ProblemCode.UNAUTHORIZED, detail, headers=_BASIC)
    if not may_come_from(account, request.scope):
        raise Problem(403, ProblemCode.IP_NOT_ALLOWED, "This IP address is not allowed.")
    wait_s = services.accounts.admit(account)
    if wait_s and (wait_s := await services.accounts.draw(account, wait_s)):
        raise Problem(
            429,
            ProblemCode.TOO_MANY_REQUESTS,
            f"At most {account.requests_per_s:g} requests per second.",
            headers={"Retry-After": str(math.ceil(wait_s))},
        )
    return account


async def admit_operator(request: Request) -> None:
    """Let in who holds the operator's token; nobody when there is none."""
    admit_bearer(request, (await services_of(request)).operator_token)


def admit_bearer(request: Request, *tokens: str) -> None:
    """Let in who holds one of these tokens; an empty one lets nobody in."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    held = given.strip().encode()
    fits = [compare_digest(held, token.encode()) and bool(token) for token in tokens]
    if scheme.lower() != "bearer" or not any(fits):
        detail = "Give the operator's token: Authorization: Bearer ..."
        raise Problem(401, ProblemCode.UNAUTHORIZED, detail, headers=_BEARER)


def _credentials(request: Request) -> tuple[bytes, bytes]:
    headers = request.headers
    scheme, _, given = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            plain = base64.b64decode(given.strip(), validate=True)
        except (binascii.Error, ValueError):
            return b"", b""
        access_code, _, secret = plain.partition(b":")
        return access_code, secret
    return (
        headers.get("rt-accesscode", "").encode(),
        headers.get("rt-secretkey", "").encode(),
    )


Caller = Annotated[Account, Depends(identify)]
Wired = Annotated[Services, Depends(services_of)]
