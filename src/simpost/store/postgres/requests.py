"""Request ids: the first use of each, and its answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

from simpost.domain.reasons import Reason
from simpost.errors import StoreError
from simpost.ports.store import IdempotentReplay, RequestKey
from simpost.store.postgres.connection import PostgresSession
from simpost.store.postgres.queries import columns, without_duplicate_keys
from simpost.store.records.requests import replay_of

RequestPlace: TypeAlias = tuple[int, str]
"""Account and request id."""


class RequestRow(NamedTuple):
    """A use of a request id, with the answer: a message or a reason."""

    account_id: int
    request: RequestKey
    message_id: bytes | None
    reason: Reason | None
    created_ms: int


async def take_requests(
    session: PostgresSession, uses: Sequence[RequestRow]
) -> list[IdempotentReplay | None]:
    """Claim each request id by inserting it; where it was used before, the first answer."""
    taken: set[int] = set()
    places = range(len(uses))
    for wave in without_duplicate_keys(
        places, lambda at: (uses[at].account_id, uses[at].request.request_id)
    ):
        some = [uses[place] for place in wave]
        rows = [
            (
                each.account_id,
                each.request.request_id,
                each.request.fingerprint,
                each.message_id,
                each.reason,
                each.created_ms,
            )
            for each in some
        ]
        stale_ms = min(each.request.stale_ms for each in some)
        found = await session.execute("take_request_ids", *columns(rows, 6), stale_ms)
        keys = {(row["account_id"], row["request_id"]) for row in found}
        taken |= {
            place
            for place, each in zip(wave, some, strict=True)
            if (each.account_id, each.request.request_id) in keys
        }
    asked = [(each.account_id, each.request) for at, each in enumerate(uses) if at not in taken]
    first = await find_requests(session, asked)
    return [
        None if at in taken else repeated(each.account_id, each.request, first)
        for at, each in enumerate(uses)
    ]


async def find_requests(
    session: PostgresSession, asked: list[tuple[int, RequestKey]]
) -> dict[RequestPlace, Any]:
    keys = sorted({(account_id, request.request_id) for account_id, request in asked})
    if not keys:
        return {}
    rows = await session.execute("find_requests", *columns(keys, 2))
    return {(row["account_id"], row["request_id"]): row for row in rows}


def repeated(
    account_id: int, request: RequestKey, first: dict[RequestPlace, Any]
) -> IdempotentReplay:
    row = first.get((account_id, request.request_id))
    if row is None:
        raise StoreError("the request id was forgotten in the meantime; ask again")
    return replay_of(row, request)
