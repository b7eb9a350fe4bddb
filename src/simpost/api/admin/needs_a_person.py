"""What does not get better by itself, in the installation and in all accounts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from enum import StrEnum
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query

from simpost.api.admin.accounts import AccessCode
from simpost.api.admin.carriers import list_carriers
from simpost.api.admin.copies import show_copy
from simpost.api.admin.receipts import (
    ReceiptQuery,
    UnmatchedReceiptName,
    list_unmatched_receipts,
)
from simpost.api.admin.sources import CatalogueSourceOut, list_sources
from simpost.api.admin.stops import list_stops
from simpost.api.shared.auth import ServicesDep, admit_admin
from simpost.api.shared.schemas import Schema
from simpost.api.shared.services import Services
from simpost.api.v1.needs_a_person import MOST, NeedsOut, find_account_needs
from simpost.domain.plurals import counted
from simpost.ports.carrier import ConnectionState

router = APIRouter(prefix="/v1/admin", tags=["admin"], dependencies=[Depends(admit_admin)])

_UP: Final = (ConnectionState.READY, ConnectionState.THROTTLED)


class NeedKind(StrEnum):
    """What of the installation needs a person."""

    COPY = "copy"
    STOP = "stop"
    CARRIER = "carrier"
    CONNECTION = "connection"
    SOURCE = "source"
    RECEIPT = "receipt"


class InstallationNeed(Schema):
    """One row: what is wrong, and what to do, in words.

    `receipt`: what `POST /v1/admin/receipts/dismiss` takes; null for other kinds.
    """

    kind: NeedKind
    what: str
    to_do: str
    receipt: UnmatchedReceiptName | None


class AdminNeedsQuery(Schema):
    """One account; without it the installation and all accounts."""

    account: AccessCode | None = None


class AdminNeedsOut(NeedsOut):
    """`installation` is empty for one account."""

    installation: list[InstallationNeed]


@router.get(
    "/needs-a-person",
    summary="Show what does not get better by itself, in the installation and in all accounts",
)
async def show_needs(
    query: Annotated[AdminNeedsQuery, Query()], services: ServicesDep
) -> AdminNeedsOut:
    """As `GET /v1/needs-a-person`, of the first 25 accounts that have something of a kind.

    And of the installation: an unconfirmed copy, stops, carriers that are paused or not
    configured, lost connections, stale or failed copies of suppliers, receipts that match no part;
    stuck jobs of all, and those that belong to no account.
    """
    accounts = [await services.accounts.find_stored(query.account)] if query.account else None
    found = await find_account_needs(services, accounts)
    rows = [] if accounts else [each async for each in find_installation_needs(services)]
    fields = dict(found) | {"healthy": found.healthy and not rows}
    return AdminNeedsOut(**fields, installation=rows)


async def find_installation_needs(
    services: Services, *, for_admin: bool = True
) -> AsyncIterator[InstallationNeed]:
    """Problems of connections and pulls may name hosts: they are for administrators only."""
    copy = await show_copy(services)
    if copy.held:
        yield _need(
            kind=NeedKind.COPY,
            what=f"Nothing is sent: this store is a copy ({copy.found}).",
            to_do="Confirm it by `simpost confirm-copy`, if this is the store that shall send.",
        )
    for stop in (await list_stops(services)).stops:
        scope = ", ".join(filter(None, (stop.account, stop.category, stop.country)))
        yield _need(
            kind=NeedKind.STOP,
            what=f"Sending is stopped for {scope or 'everything'} since {stop.since[:16]}.",
            to_do="Remove it by `simpost resume` when its cause is gone.",
        )
    async for need in _of_carriers(services, for_admin=for_admin):
        yield need
    for source in (await list_sources(services)).sources:
        if need_of_source := _of_source(source, for_admin=for_admin):
            yield need_of_source
    for receipt in (await list_unmatched_receipts(ReceiptQuery(limit=MOST), services)).receipts:
        yield _need(
            kind=NeedKind.RECEIPT,
            what=f"A receipt of {receipt.carrier} for {receipt.carrier_message_id} says "
            f"{receipt.state.value} and matches no part; {receipt.count} times, last "
            f"{receipt.last_at[:16]}.",
            to_do="`simpost receipts` shows them; docs/receipts.md has the formats of ids. Dismiss "
            "it if nothing is to be done.",
            receipt=UnmatchedReceiptName(
                carrier=receipt.carrier,
                carrier_message_id=receipt.carrier_message_id,
                state=receipt.state,
            ),
        )


async def _of_carriers(services: Services, *, for_admin: bool) -> AsyncIterator[InstallationNeed]:
    for carrier in (await list_carriers(services)).carriers:
        name, queued = carrier.name, counted(carrier.queued, "part")
        if carrier.state is None:
            yield _need(
                kind=NeedKind.CARRIER,
                what=f"{queued} for {name}, which is not configured.",
                to_do="Add the carrier again, or cancel its messages.",
            )
        elif carrier.paused:
            yield _need(
                kind=NeedKind.CARRIER,
                what=f"{name} is paused, with {queued} queued.",
                to_do="Resume it when its cause is gone.",
            )
        else:
            down = [each for each in carrier.connections if each.state not in _UP]
            for connection in down[:MOST]:
                problem = connection.problem if for_admin else ""
                problem = problem or f"it is {connection.state.value}"
                yield _need(
                    kind=NeedKind.CONNECTION,
                    what=f"{name}, {connection.kind} {connection.number}: {problem}",
                    to_do="It is tried again by itself; ask the carrier if this lasts.",
                )


def _of_source(source: CatalogueSourceOut, *, for_admin: bool) -> InstallationNeed | None:
    pull = source.last_pull
    has_failed = bool(pull and pull.problem)
    if not source.stale and not has_failed:
        return None
    problem = " The last pull failed." if has_failed else ""
    if pull and pull.problem and for_admin:
        problem = f" The last pull failed: {pull.problem}"
    age = f"is of {source.copied_at[:16]}" if source.copied_at else "was never made"
    return _need(
        kind=NeedKind.SOURCE,
        what=f"The copy of {source.name} {age}.{problem}",
        to_do=f"`simpost sync {source.name}` pulls it now.",
    )


def _need(
    kind: NeedKind, what: str, to_do: str, receipt: UnmatchedReceiptName | None = None
) -> InstallationNeed:
    return InstallationNeed(kind=kind, what=what, to_do=to_do, receipt=receipt)
