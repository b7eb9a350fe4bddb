"""Accepts messages: rows, parts and request ids in one statement."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from operator import attrgetter, itemgetter
from typing import Any, Final

from msgspec.structs import replace

from simpost.domain.decision_record import with_used
from simpost.domain.policy.quotas import QuotaReached
from simpost.ports.store import Accepted, IdempotentReplay, NewMessage, Refused
from simpost.store.postgres import quotas, shared_verbs, signatures
from simpost.store.postgres.connection import PostgresSession
from simpost.store.postgres.queries import SQL, columns, octets, short_columns
from simpost.store.postgres.requests import (
    RequestPlace,
    RequestRow,
    find_requests,
    repeated,
    take_requests,
)
from simpost.store.records.messages import ACCEPTED, message_row
from simpost.store.records.texts import StoredTexts, stored_texts
from simpost.store.shared.conversations import note_reply

_OFTEN_THE_SAME: Final = (0, 5, 6, 7, 8, 9, 19, 20, 21, 24)
"""Places of columns that `accept` repeats: account, sender, category, and so on."""
_CONVERSATION = attrgetter("account_id", "conversation_id")


async def accept(
    session: PostgresSession, messages: Sequence[NewMessage]
) -> list[Accepted | IdempotentReplay | QuotaReached]:
    if any(message.conversation_id for message in messages):
        return await _accept_replies(session, messages)
    if not any(message.quotas for message in messages):
        return [*await _accept_signed(session, messages)]
    if not any(message.request and message.request.signature for message in messages):
        with contextlib.suppress(quotas.COUNT_FAILED):
            return [*await accept_together(session, messages)]
    return await accept_each(session, messages)


async def accept_together(
    session: PostgresSession, messages: Sequence[NewMessage]
) -> list[Accepted | IdempotentReplay]:
    """Accept all unsigned messages in one statement, which counts their quotas.

    Raises COUNT_FAILED if a message has to be decided by itself.
    """
    has_quotas = any(message.quotas for message in messages)
    return await _accept(session, messages, quotas.TotalUses(messages) if has_quotas else None)


async def _accept_replies(
    session: PostgresSession, messages: Sequence[NewMessage]
) -> list[Accepted | IdempotentReplay | QuotaReached]:
    """Accept messages, and change the conversations of the replies among them."""
    async with session.transaction():
        results = await accept_each(session, messages)
        replies = [
            message
            for message, result in zip(messages, results, strict=True)
            if message.conversation_id is not None and isinstance(result, Accepted)
        ]
        for reply in sorted(replies, key=_CONVERSATION):  # all lock in this order
            await shared_verbs.run(session, note_reply(reply))
    return results


async def accept_each(
    session: PostgresSession, messages: Sequence[NewMessage]
) -> list[Accepted | IdempotentReplay | QuotaReached]:
    """Accept messages by themselves, in any transaction: those that fit into their quotas."""
    async with session.transaction():
        locked = await quotas.lock(session, messages)
        replayed = await signatures.find_earlier_uses(session, messages)
        locked.find_reached(messages, replayed)
        allowed = [message for message in messages if message.id not in locked.reached]
        reached = [message for message in messages if message.id in locked.reached]
        results: dict[bytes, Accepted | IdempotentReplay | QuotaReached] = {}
        recorded = [
            replace(message, decision=with_used(message.decision, locked.used[message.id]))
            if message.id in locked.used
            else message
            for message in allowed
        ]
        accepted = await _accept_signed(session, recorded) if allowed else []
        pairs = list(zip(allowed, accepted, strict=True))
        committed = [one for one, result in pairs if isinstance(result, Accepted)]
        alarms = await locked.save(committed)
        for message, result in pairs:
            raised = alarms.get(message.id)
            results[message.id] = replace(result, alarms=raised) if raised else result
        results |= await locked.refuse(reached)
    return [results[message.id] for message in messages]


async def _accept_signed(
    session: PostgresSession, messages: Sequence[NewMessage]
) -> list[Accepted | IdempotentReplay]:
    if not any(message.request and message.request.signature for message in messages):
        return await _accept(session, messages)
    async with session.transaction():
        replays = await signatures.take(session, messages)
        fresh = [message for message in messages if message.id not in replays]
        accepted = dict(
            zip((message.id for message in fresh), await _accept(session, fresh), strict=True)
        )
        await signatures.answer_retries(session, fresh, accepted)
    return [replays.get(message.id) or accepted[message.id] for message in messages]


async def _accept(
    session: PostgresSession, messages: Sequence[NewMessage], uses: quotas.TotalUses | None = None
) -> list[Accepted | IdempotentReplay]:
    """Accept messages in one statement; with `uses` of quotas it accepts all of them or fails."""
    references = await next_references(session, messages)
    rows: list[tuple[Any, ...]] = []
    more: list[tuple[Any, ...]] = []
    seen: set[RequestPlace] = set()
    stale_ms: list[int] = []
    slices = uses.slices if uses else [()] * len(messages)
    for message, reference, used in zip(messages, references, slices, strict=True):
        if message.request is not None:
            key = (message.account_id, message.request.request_id)
            if key in seen:
                continue
            seen.add(key)
            stale_ms.append(message.request.stale_ms)
        stored = stored_texts(session.texts, message)
        row = _row(message, stored, reference, session.node)
        rows.append(row + used)
        if len(stored.parts) > 1:
            more += [
                (message.account_id, message.id, number, octets(text))
                for number, text in enumerate(stored.parts[1:], start=2)
            ]
    rows.sort(key=itemgetter(0, 12, 1) if len(seen) == len(rows) else itemgetter(0, 1))
    often_same = (*_OFTEN_THE_SAME, 27) if uses else _OFTEN_THE_SAME
    given = short_columns(columns(rows, 28 if uses else 26), often_same)
    parameters = [*given[:26], min(stale_ms, default=0)]
    if uses:
        parameters += [*uses.parameters, *given[26:]]
    statement = quotas.ACCEPT_AND_COUNT if uses else SQL["accept"]
    if more:
        async with session.transaction():
            found = await session.fetch(statement, *parameters)
            await session.execute("add_parts", *columns(more, 4))
    else:
        found = await session.fetch(statement, *parameters)
    taken = {message.id for message in messages} if uses else {row["message_id"] for row in found}
    return await _answers(session, messages, references, taken)


async def _answers(
    session: PostgresSession,
    messages: Sequence[NewMessage],
    references: list[int],
    taken: set[bytes],
) -> list[Accepted | IdempotentReplay]:
    asked = [
        (message.account_id, message.request)
        for message in messages
        if message.request is not None and message.id not in taken
    ]
    first = await find_requests(session, asked)
    answers: list[Accepted | IdempotentReplay] = []
    for message, reference in zip(messages, references, strict=True):
        if message.request is None or message.id in taken:
            answers.append(Accepted(reference) if reference else ACCEPTED)
        else:
            answers.append(repeated(message.account_id, message.request, first))
    return answers


async def record_refusals(
    session: PostgresSession, refusals: Sequence[Refused]
) -> list[IdempotentReplay | None]:
    rows = [
        RequestRow(one.account_id, one.request, None, one.reason, one.created_ms)
        for one in refusals
    ]
    return await take_requests(session, rows)


async def next_references(session: PostgresSession, messages: Sequence[NewMessage]) -> list[int]:
    """One for each message of several parts, 0 for the others. Unused ones are skipped."""
    wanted: dict[tuple[int, str], int] = {}
    for message in messages:
        if len(message.parts) > 1:
            key = (message.account_id, message.esim_tran_no)
            wanted[key] = wanted.get(key, 0) + 1
    if not wanted:
        return [0] * len(messages)
    rows = [(*key, count) for key, count in sorted(wanted.items())]
    last = {
        (row["account_id"], row["esim_tran_no"]): row["reference"]
        for row in await session.execute("next_references", *columns(rows, 3))
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


def _row(message: NewMessage, stored: StoredTexts, reference: int, node: str) -> tuple[Any, ...]:
    total = len(stored.parts)
    request = message.request
    lease_ms = message.lease_ms
    return (
        *message_row(message, reference, octets(stored.text), stored.key_id),
        request.fingerprint if request else None,
        message.carrier,
        int(message.priority),
        total,
        None if lease_ms is None else node,
        message.created_ms if lease_ms is None else lease_ms,
        0 if lease_ms is None else 1,
        octets(stored.parts[0]) if total > 1 else None,
    )
