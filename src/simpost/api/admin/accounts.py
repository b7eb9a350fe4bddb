"""Accounts: credentials, rate limit, allowed addresses and options of the API customers."""

from __future__ import annotations

import ipaddress
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import AfterValidator, Field, StrictBool, StrictStr, WithJsonSchema

from simpost.api.shared.auth import ServicesDep, admit_admin
from simpost.api.shared.error_messages import Matching
from simpost.api.shared.problems import Problem, ProblemCode
from simpost.api.shared.schemas import Schema
from simpost.api.v1.templates.fields import LanguageTag
from simpost.domain.accounts import Account, AccountChange, Dialect
from simpost.domain.messages import Category
from simpost.errors import InvalidRequest
from simpost.messaging.accounts import generate_secret

router = APIRouter(prefix="/v1/admin", tags=["admin"], dependencies=[Depends(admit_admin)])


def _network(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text, strict=False))
    except ValueError:
        raise ValueError("is neither an address nor a network in CIDR notation") from None


_NETWORK_SCHEMA: dict[str, Any] = {
    "anyOf": [
        {"type": "string", "format": "ipv4"},
        {"type": "string", "format": "ipv6"},
        {"type": "string", "pattern": r"^(10|127|192)(\.(0|[1-9][0-9]?)){3}/(8|16|24|32)$"},
    ],
    "description": "An address, or a network in CIDR notation.",
}


Name = Annotated[StrictStr, Field(max_length=200)]
AccessCode = Annotated[
    StrictStr,
    Matching(r"^[A-Za-z0-9._-]{1,64}$", "must be 1 to 64 letters, digits, dots, hyphens or _"),
]
Secret = Annotated[
    StrictStr,
    Matching(r"^[!-~]{16,128}$", "must be 16 to 128 visible ASCII characters, without spaces"),
]
Networks = Annotated[
    list[
        Annotated[
            StrictStr,
            Field(max_length=64),
            AfterValidator(_network),
            WithJsonSchema(_NETWORK_SCHEMA),
        ]
    ],
    Field(max_length=100),
]
RequestRate = Annotated[float, Field(strict=True, ge=0, le=100_000, allow_inf_nan=False)]


class NewAccount(Schema):
    """A missing secret is generated; `requestsPerSecond` 0 means no limit."""

    access_code: AccessCode
    secret: Secret | None = None
    name: Name = ""
    dialect: Dialect = Dialect.HIROAMING
    access_code_only: StrictBool = False
    ip_allow: Annotated[Networks, Field(default_factory=list)]
    requests_per_second: RequestRate = 8.0
    category: Category = Category.SERVICE
    enabled: StrictBool = True
    look_alikes: StrictBool = False
    detect_codes: StrictBool = False
    events: StrictBool = False
    language: LanguageTag = "en"


class AccountPatch(Schema):
    """Absent and null fields stay as they are; `newSecret` generates a new secret."""

    secret: Secret | None = None
    new_secret: StrictBool = False
    name: Name | None = None
    dialect: Dialect | None = None
    access_code_only: StrictBool | None = None
    ip_allow: Networks | None = None
    requests_per_second: RequestRate | None = None
    category: Category | None = None
    enabled: StrictBool | None = None
    look_alikes: StrictBool | None = None
    detect_codes: StrictBool | None = None
    events: StrictBool | None = None
    language: LanguageTag | None = None


class AccountOut(Schema):
    """An account without its secret."""

    access_code: str
    name: str
    dialect: Dialect
    access_code_only: bool
    ip_allow: list[str]
    requests_per_second: float
    category: Category
    webhook: str
    enabled: bool
    look_alikes: bool
    detect_codes: bool
    events: bool
    language: str


class AccountWithSecret(AccountOut):
    """`secret` is shown only in the response that created or changed it; null otherwise."""

    secret: str | None


class AccountList(Schema):
    """All accounts, by access code."""

    accounts: list[AccountOut]


@router.get("/accounts", summary="List all accounts")
async def list_accounts(services: ServicesDep) -> AccountList:
    """In the order of their access codes, disabled ones included."""
    accounts = await services.accounts.list_stored()
    return AccountList(accounts=[AccountOut(**_fields(account)) for account in accounts])


@router.post("/accounts", status_code=201, summary="Add an account")
async def add_account(new: NewAccount, services: ServicesDep) -> AccountWithSecret:
    """The response is the only one that shows the secret."""
    account = Account(
        id=0,
        access_code=new.access_code,
        secret=new.secret or generate_secret(),
        name=new.name,
        dialect=new.dialect,
        access_code_only=new.access_code_only,
        ip_allow=tuple(new.ip_allow),
        requests_per_s=new.requests_per_second,
        category=new.category,
        enabled=new.enabled,
        look_alikes=new.look_alikes,
        detect_codes=new.detect_codes,
        events=new.events,
        language=new.language,
    )
    try:
        added = await services.accounts.add(account)
    except InvalidRequest:
        code = ProblemCode.ACCESS_CODE_TAKEN
        raise Problem(409, code, "There is already an account with this access code.") from None
    return AccountWithSecret(**_fields(added), secret=added.secret)


@router.patch("/accounts/{accessCode}", summary="Change an account")
async def change_account(
    accessCode: str,  # noqa: N803  as it stands in the path
    changes: AccountPatch,
    services: ServicesDep,
) -> AccountWithSecret:
    """Only the given fields change. Takes effect on all nodes."""
    account = await services.accounts.find_stored(accessCode)
    if changes.events is False and await services.webhooks.list_all(account):
        raise _events_needed("webhook endpoints")
    if changes.events is False and await services.smpp_logins.list_stored(account):
        raise _events_needed("SMPP logins")
    secret = changes.secret or (generate_secret() if changes.new_secret else None)
    changed_fields = changes.model_dump(
        by_alias=False, exclude_none=True, exclude={"secret", "new_secret"}
    )
    if "requests_per_second" in changed_fields:
        changed_fields["requests_per_s"] = changed_fields.pop("requests_per_second")
    if "ip_allow" in changed_fields:
        changed_fields["ip_allow"] = tuple(changed_fields["ip_allow"])
    if secret:
        changed_fields["secret"] = secret
    changed = await services.accounts.change(
        AccountChange(id=account.id, access_code=account.access_code, **changed_fields)
    )
    return AccountWithSecret(**_fields(changed), secret=secret)


def _events_needed(by: str) -> Problem:
    detail = f"The account has {by}, which need its events. Delete them first."
    return Problem(409, ProblemCode.EVENTS_NEEDED, detail)


def _fields(account: Account) -> dict[str, Any]:
    return {
        "access_code": account.access_code,
        "name": account.name,
        "dialect": account.dialect,
        "access_code_only": account.access_code_only,
        "ip_allow": list(account.ip_allow),
        "requests_per_second": account.requests_per_s,
        "category": account.category,
        "webhook": account.webhook,
        "enabled": account.enabled,
        "look_alikes": account.look_alikes,
        "detect_codes": account.detect_codes,
        "events": account.events,
        "language": account.language,
    }
