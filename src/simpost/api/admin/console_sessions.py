"""Sessions of users of the console: list them, and end one."""

from __future__ import annotations

from fastapi import APIRouter, Depends

from simpost.api.admin.console_users import UserName
from simpost.api.shared.auth import ServicesDep, admit_admin
from simpost.api.shared.schemas import Schema, Time, format_time
from simpost.errors import NotFound

router = APIRouter(
    prefix="/v1/admin/console-users/{name}", tags=["admin"], dependencies=[Depends(admit_admin)]
)


class ConsoleSessionOut(Schema):
    """A browser in which the user is signed in, and the address that it signed in from."""

    id: str
    began_at: Time
    seen_at: Time
    address: str


class ConsoleSessionList(Schema):
    """The newest first."""

    sessions: list[ConsoleSessionOut]


class EndedSession(Schema):
    """The session that was ended."""

    id: str


@router.get("/sessions", summary="List where a user of the console is signed in")
async def list_console_sessions(name: UserName, services: ServicesDep) -> ConsoleSessionList:
    """Sessions that have ended are left out."""
    found = await services.console_users.sessions_of(name)
    return ConsoleSessionList(
        sessions=[
            ConsoleSessionOut(
                id=each.name,
                began_at=format_time(each.created_ms),
                seen_at=format_time(each.seen_ms),
                address=each.address,
            )
            for each in found
        ]
    )


@router.delete("/sessions/{id}", summary="End a session of a user of the console")
async def end_console_session(
    name: UserName,
    id: str,  # noqa: A002
    services: ServicesDep,
) -> EndedSession:
    """The browser is asked for the password with its next request, on every node."""
    if not await services.console_users.end_session_by_admin(name, id):
        raise NotFound("This user has no such session.")
    return EndedSession(id=id)
