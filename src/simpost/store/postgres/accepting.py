"""Accepting: messages, their parts and their request ids in one statement."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

from simpost.errors import StoreError
from simpost.ports.store import Accepted, NewMessage, Refused, Repeated, RequestKey
from simpost.store.codes import options_text, reason_of
from simpost.store.postgres.link import Session
from simpost.store.postgres.queries import columns, octets, waves

_WHOLE = Accepted()
_Key = tuple[int, str]
"""Account and request id."""


async def accept(session: Session, messages: Sequence[NewMessage]) -> list[Accepted | Repeated]:
    references = await _next_references(session, messages)
    rows: list[tuple[Any, ...]] = []
    more: list[tuple[Any, ...]] = []
    seen: set[_Key] = set()
    stale_ms: list[int] = []
    for message, reference in zip(messages, references, strict=True):
        if message.request is not None:
            key = (message.account_id, message.request.request_id)
            if key in seen:
                continue
            seen.add(key)
            stale_ms.append(message.request.stale_ms)
        rows.append(_row(message, reference, session.node))
        if len(message.parts) > 1:
            more += [
                (message.account_id, message.id, number, octets(text))
                for number, text in enumerate(message.parts[1:], start=2)
            ]
    rows.sort(key=itemgetter(0, 12, 1) if len(seen) == len(rows) else itemgetter(0, 1))
    facts = (*columns(rows, 23), min(stale_ms, default=0))
    if more:
        async with session.transaction():
            taken = await session.ask("accept", *facts)
            await session.ask("add_parts", *columns(more, 4))
    else:
        taken = await session.ask("accept", *facts)
    return await _answers(session, messages, references, {row[0] for row in taken})


async def _answers(
    session: Session, messages: Sequence[NewMessage], references: list[int], taken: set[bytes]
) -> list[Accepted | Repeated]:
    asked = [
        (message.account_id, message.request)
        for message in messages
        if message.request is not None and message.id not in taken
    ]
    first = await _find(session, asked)
    answers: list[Accepted | Repeated] = []
    for message, reference in zip(messages, references, strict=True):
        if message.request is None or message.id in taken:
            answers.append(Accepted(reference) if reference else _WHOLE)
        else:
            answers.append(_repeated(message.account_id, message.request, first))
    return answers


async def remember(session: Session, refusals: Sequence[Refused]) -> list[Repeated | None]:
    taken: set[int] = set()
    places = range(len(refusals))
    for wave in waves(
        places, lambda at: (refusals[at].account_id, refusals[at].request.request_id)
    ):
        some = [refusals[place] for place in wave]
        rows = [
            (
                each.account_id,
                each.request.request_id,
                each.request.fingerprint,
                each.reason,
                each.created_ms,
            )
            for each in some
        ]
        stale_ms = min(each.request.stale_ms for each in some)
        found = await session.ask("take_request_ids", *columns(rows, 5), stale_ms)
        keys = {(row[0], row[1]) for row in found}
        taken |= {
            place
            for place, each in zip(wave, some, strict=True)
            if (each.account_id, each.request.request_id) in keys
        }
    asked = [(each.account_id, each.request) for at, each in enumerate(refusals) if at not in taken]
    first = await _find(session, asked)
    return [
        None if at in taken else _repeated(each.account_id, each.request, first)
        for at, each in enumerate(refusals)
    ]


async def _find(session: Session, asked: list[tuple[int, RequestKey]]) -> dict[_Key, Any]:
    keys = sorted({(account_id, request.request_id) for account_id, request in asked})
    if not keys:
        return {}
    rows = await session.ask("find_requests", *columns(keys, 2))
    return {(row[0], row[1]): row for row in rows}


def _repeated(account_id: int, request: RequestKey, first: dict[_Key, Any]) -> Repeated:
    row = first.get((account_id, request.request_id))
    if row is None:
        raise StoreError("the request id was forgotten meanwhile; ask again")
    return Repeated(row[2] == request.fingerprint, row[3], reason_of(row[4]))


async def _next_references(session: Session, messages: Sequence[NewMessage]) -> list[int]:
    """One for each message of several parts, 0 for the others; one that is not used is no loss."""
    wanted: dict[tuple[int, str], int] = {}
    for message in messages:
        if len(message.parts) > 1:
            key = (message.account_id, message.esim_tran_no)
            wanted[key] = wanted.get(key, 0) + 1
    if not wanted:
        return [0] * len(messages)
    rows = [(*key, count) for key, count in sorted(wanted.items())]
    last = {
        (row[0], row[1]): row[2] for row in await session.ask("next_references", *columns(rows, 3))
    }
    references: list[int] = []
    for message in messages:
        if len(message.parts) > 1:
            key = (message.account_id, message.esim_tran_no)
            wanted[key] -= 1
            references.append((last[key] - wanted[key]) & 0xFFFF)
        else:
            references.append(0)
    return references


def _row(message: NewMessage, reference: int, node: str) -> tuple[Any, ...]:
    total = len(message.parts)
    request = message.request
    lease_ms = message.lease_ms
    return (
        message.account_id,
        message.id,
        message.esim_tran_no,
        message.iccid,
        message.destination,
        message.sender,
        message.category,
        message.encoding,
        reference,
        message.part_count or total,
        message.created_ms,
        message.expires_ms,
        request.request_id if request else None,
        octets(message.text),
        options_text(message.options),
        request.fingerprint if request else None,
        message.carrier,
        int(message.priority),
        total,
        None if lease_ms is None else node,
        message.created_ms if lease_ms is None else lease_ms,
        0 if lease_ms is None else 1,
        octets(message.parts[0]) if total > 1 else None,
    )
