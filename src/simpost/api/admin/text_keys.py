"""Sealing: how many rows have each key of texts, and sealing them again with the first one."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends
from pydantic import Field, StrictBool, StrictStr

from simpost.api.shared.auth import ServicesDep, admit_admin
from simpost.api.shared.error_messages import Matching
from simpost.api.shared.schemas import Schema
from simpost.domain.inbound import NO_ACCOUNT
from simpost.ports.store.text_keys import SEALED_TABLES

router = APIRouter(prefix="/v1/admin", tags=["admin"], dependencies=[Depends(admit_admin)])

_STEP: Final = 200

SealCursor = Annotated[
    StrictStr,
    Matching(
        rf"^[0-9]{{1,9}}\.[0-{len(SEALED_TABLES) - 1}]\.([0-9a-f]{{32}})?$",
        "must be the next of the last response",
    ),
]


class SealRequest(Schema):
    """Without `again` and `clear`, rows are only counted. `cursor` is the `next` before."""

    again: StrictBool = False
    clear: StrictBool = False
    cursor: SealCursor | None = None


class SealedRows(Schema):
    """The rows of one step. `rows` counts sealed rows by the id of their key.

    `missingKeys` are those of these keys that are not in `store.text_key`. `unreadable` rows have
    a missing key or are damaged, and stay as they are. `next` is null at the end.
    """

    sealed: int
    unreadable: int
    in_clear: int
    rows: Annotated[dict[str, int], Field(json_schema_extra={"additionalProperties": True})]
    missing_keys: list[str]
    next: str | None


@router.post("/texts/seal", summary="Count rows by key, and seal them again with the first key")
async def seal_texts(given: SealRequest, services: ServicesDep) -> SealedRows:
    """One step of at most 200 rows: repeat it with `next` as `cursor` until that is null."""
    accounts = [NO_ACCOUNT, *(one.id for one in await services.store.accounts.list_accounts())]
    account_id, place, after = _position(given.cursor)
    step = await services.store.sealing.seal_again(
        account_id,
        SEALED_TABLES[place],
        after,
        limit=_STEP,
        again=given.again,
        clear=given.clear,
    )
    return SealedRows(
        sealed=step.sealed,
        unreadable=step.unreadable,
        in_clear=step.in_clear,
        rows=step.rows,
        missing_keys=list(step.missing_keys),
        next=_next(sorted(accounts), account_id, place, step.after),
    )


def _position(cursor: str | None) -> tuple[int, int, bytes]:
    account, place, after = (cursor or f"{NO_ACCOUNT}.0.").split(".")
    return int(account), int(place), bytes.fromhex(after)


def _next(accounts: list[int], account_id: int, place: int, after: bytes | None) -> str | None:
    if after is not None:
        return f"{account_id}.{place}.{after.hex()}"
    if place + 1 < len(SEALED_TABLES):
        return f"{account_id}.{place + 1}."
    later = next((each for each in accounts if each > account_id), None)
    return None if later is None else f"{later}.0."
