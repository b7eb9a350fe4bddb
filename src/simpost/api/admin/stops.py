"""Stops: refuse the messages of an account, a category, a country, or everything, and resume."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import AfterValidator, Field, StrictBool, StrictStr, model_validator

from simpost.api.admin.accounts import AccessCode
from simpost.api.shared.auth import ServicesDep, admit_admin
from simpost.api.shared.error_messages import Matching
from simpost.api.shared.schemas import Schema, Time, format_time
from simpost.api.shared.services import Services
from simpost.domain.messages import Category
from simpost.domain.policy.stops import Stop, StopScope
from simpost.messaging.policy.places import is_country

router = APIRouter(prefix="/v1/admin", tags=["admin"], dependencies=[Depends(admit_admin)])


def _known(country: str) -> str:
    if not is_country(country):
        raise ValueError("is not the code of a country")
    return country


Country = Annotated[
    StrictStr,
    Matching(r"^[A-Z]{2}$", "must be an ISO 3166-1 Alpha-2 code, as GB"),
    AfterValidator(_known),
]
StopReason = Annotated[
    StrictStr,
    Field(max_length=200),
    Matching(r"^[^\x00-\x1f\x7f-\x9f]*[^\x00-\x20\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$",
             "must be one line that is not blank"),
]  # fmt: skip


class Scope(Schema):
    """Messages that match every given field; `everything` instead of any field."""

    account: AccessCode | None = None
    category: Category | None = None
    country: Country | None = None
    everything: bool = False

    @model_validator(mode="after")
    def _has_fields_or_is_everything(self) -> Scope:
        if self.everything == any((self.account, self.category, self.country)):
            raise ValueError("give account, category or country, or else everything")
        return self


class NewStop(Scope):
    """What to stop, and why. Callers see `reason`. One-time codes pass unless `codes` is true."""

    everything: StrictBool = False
    codes: StrictBool = False
    reason: StopReason


class StopOut(Schema):
    """A stop in force; null in a field means any."""

    account: str | None
    category: Category | None
    country: str | None
    codes: bool
    reason: str
    since: Time


class StopList(Schema):
    """All stops, oldest first."""

    stops: list[StopOut]


@router.get("/stops", summary="List what is stopped")
async def list_stops(services: ServicesDep) -> StopList:
    """The stops that are in force."""
    return await _list(services)


@router.post("/stops", status_code=201, summary="Stop sending")
async def stop_sending(new: NewStop, services: ServicesDep) -> StopOut:
    """Refuse new messages at once, and held ones when they are due, on all nodes within a second.

    Parts that are queued are still sent. A stop of the category `code` stops codes. A second stop
    of the same scope replaces the first.
    """
    scope = await _scope(new, services)
    return _stop(services, await services.stops.add(scope, new.reason, codes=new.codes))


@router.delete("/stops", summary="Resume sending")
async def resume_sending(scope: Annotated[Scope, Query()], services: ServicesDep) -> StopList:
    """Remove the stop of exactly this scope, and show the remaining ones."""
    await services.stops.remove(await _scope(scope, services))
    return await _list(services)


async def _scope(given: Scope, services: Services) -> StopScope:
    account = await services.accounts.find_stored(given.account) if given.account else None
    return StopScope(account.id if account else None, given.category, given.country)


async def _list(services: Services) -> StopList:
    await services.accounts.reload()
    return StopList(stops=[_stop(services, stop) for stop in await services.stops.list_stored()])


def _stop(services: Services, stop: Stop) -> StopOut:
    account_id, category, country = stop.scope
    account = None if account_id is None else services.accounts.by_id(account_id)
    return StopOut(
        account=account.access_code if account else None,
        category=category,
        country=country,
        codes=stop.codes,
        reason=stop.reason,
        since=format_time(stop.since_ms),
    )
