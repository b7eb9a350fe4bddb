"""Users of the console, by the administrator."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import SecretStr

from simpost.api.admin.accounts import AccessCode
from simpost.api.shared.auth import ServicesDep, admit_admin
from simpost.api.shared.error_messages import Matching
from simpost.api.shared.problems import Problem, ProblemCode, invalid
from simpost.api.shared.schemas import Schema, Time, format_time
from simpost.domain.console_users import (
    MAX_USERS,
    USER_NAME,
    ConsoleRole,
    ConsoleUser,
    generate_password,
    password_problem,
)
from simpost.errors import InvalidRequest
from simpost.features.console_users.passwords import SignInBusy

router = APIRouter(prefix="/v1/admin", tags=["admin"], dependencies=[Depends(admit_admin)])

UserName = Annotated[
    str,
    Matching(
        USER_NAME,
        "must be 1 to 63 letters, digits, dots, hyphens, _ or @, the first a letter or digit",
    ),
]


class Password(Schema):
    """A password of 12 to 256 characters."""

    password: SecretStr


class NewUser(Schema):
    """Without an `account` the user sees all accounts.

    Without a `password` the user signs in by the identity provider only, until one is set.
    """

    password: SecretStr | None = None
    name: UserName
    role: ConsoleRole
    account: AccessCode | None = None


class UserOut(Schema):
    """A user without the password; `account` is null for all accounts.

    `totp`: whether the user has an authenticator.
    """

    name: str
    role: ConsoleRole
    account: str | None
    totp: bool
    created_at: Time


class UserList(Schema):
    """All users, by name."""

    users: list[UserOut]


class ChangedUser(Schema):
    """The user that was changed or removed; the sessions ended."""

    name: str


class ResetUser(Schema):
    """The user; `hadTotp` is false if there was no authenticator: then nothing was changed."""

    name: str
    had_totp: bool


@router.post("/console-users", status_code=201, summary="Add a user of the console")
async def add_console_user(new: NewUser, services: ServicesDep) -> UserOut:
    """The password is not stored, only its Argon2id digest."""
    account = await services.accounts.find_stored(new.account) if new.account else None
    password = generate_password() if new.password is None else _checked(new.password)
    try:
        user = await services.console_users.add(
            new.name, new.role, account.id if account else None, password
        )
    except SignInBusy:
        raise _busy() from None
    except InvalidRequest:
        detail = "There is already a user with this name."
        raise Problem(409, ProblemCode.USER_NAME_TAKEN, detail) from None
    if user is None:
        detail = f"There are {MAX_USERS} users. Remove one that is not used."
        raise Problem(409, ProblemCode.TOO_MANY_USERS, detail)
    return _show(services, user)


@router.get("/console-users", summary="List the users of the console")
async def list_console_users(services: ServicesDep) -> UserList:
    """Without their passwords, by name."""
    users = await services.console_users.list_all()
    return UserList(users=[_show(services, user) for user in users])


@router.put("/console-users/{name}/password", summary="Set the password of a user of the console")
async def set_console_password(
    name: UserName, given: Password, services: ServicesDep
) -> ChangedUser:
    """All sessions of the user end."""
    try:
        await services.console_users.set_password(name, _checked(given.password))
    except SignInBusy:
        raise _busy() from None
    return ChangedUser(name=name)


@router.delete("/console-users/{name}", summary="Remove a user of the console")
async def remove_console_user(name: UserName, services: ServicesDep) -> ChangedUser:
    """All sessions of the user end. The audit log keeps the name."""
    await services.console_users.remove(name)
    return ChangedUser(name=name)


@router.delete(
    "/console-users/{name}/totp", summary="Reset the authenticator of a user of the console"
)
async def reset_console_totp(name: UserName, services: ServicesDep) -> ResetUser:
    """The authenticator and the recovery codes are deleted, and the sessions of the user end."""
    return ResetUser(name=name, had_totp=await services.console_users.reset_totp(name))


def _busy() -> Problem:
    detail = "Too many passwords are checked at the moment. Nothing was changed: try again."
    return Problem(429, ProblemCode.TOO_MANY_REQUESTS, detail)


def _checked(password: SecretStr) -> str:
    text = password.get_secret_value()
    if problem := password_problem(text):
        raise invalid(f"The password {problem}.", [{"at": "body.password", "reason": problem}])
    return text


def _show(services: ServicesDep, user: ConsoleUser) -> UserOut:
    account = None if user.account_id is None else services.accounts.by_id(user.account_id)
    return UserOut(
        name=user.name,
        role=user.role,
        account=None
        if user.account_id is None
        else (account.access_code if account else str(user.account_id)),
        totp=user.has_totp,
        created_at=format_time(user.created_ms),
    )
