"""Held messages: committed without parts, leased when they are due, and released with parts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import attrgetter
from typing import Any

from simpost.domain.decision_record import with_used
from simpost.domain.policy.quotas import QuotaReached
from simpost.domain.reasons import Reason
from simpost.domain.states import State
from simpost.ports.store import Accepted, IdempotentReplay, NewMessage
from simpost.ports.store.held import (
    MOST_DECISION_CHARACTERS,
    Deferral,
    DueMessage,
    HeldEnd,
    HeldMessage,
    ReleaseResult,
)
from simpost.store.postgres import quotas, shared_verbs, signatures
from simpost.store.postgres.acceptance import next_references
from simpost.store.postgres.connection import PostgresSession
from simpost.store.postgres.database import PostgresDatabase
from simpost.store.postgres.queries import columns, octets
from simpost.store.postgres.requests import RequestRow, take_requests
from simpost.store.records.columns import CODE, options_text
from simpost.store.records.held import due_message
from simpost.store.records.messages import ACCEPTED, message_row
from simpost.store.records.payloads import Cancellation, Deferrals, HeldClaim, HeldEnds, Releases
from simpost.store.records.texts import StoredTexts, stored_request, stored_texts
from simpost.store.shared.conversations import note_reply
from simpost.store.text_seal import TextSeal

_CANCELLED = CODE[State.CANCELLED]
_HELD = CODE[State.HELD]
_KEY = attrgetter("account_id", "message_id")


class PostgresHeld:
    """Implements `simpost.ports.store.HeldStore`. What it releases is announced to other nodes."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._accept = database.accepting.submit
        self._write = database.chores.submit
        self._notifier = database.notifier

    async def hold(self, held: HeldMessage) -> Accepted | IdempotentReplay:
        return await self._accept(hold, held)

    async def claim_held(self, *, now_ms: int, lease_ms: int, limit: int) -> list[DueMessage]:
        return await self._write(claim, HeldClaim(now_ms, lease_ms, limit))

    async def release_held(
        self, messages: Sequence[NewMessage], *, now_ms: int
    ) -> list[ReleaseResult]:
        released = await self._write(release, Releases(now_ms, messages))
        for message, result in zip(messages, released, strict=True):
            if isinstance(result, Accepted):
                self._notifier.announce(message.carrier)
        return released

    async def defer_held(self, deferrals: Sequence[Deferral], *, now_ms: int) -> None:
        await self._write(defer, Deferrals(now_ms, deferrals))

    async def end_held(self, ends: Sequence[HeldEnd], *, now_ms: int) -> None:
        await self._write(end, HeldEnds(now_ms, ends))

    async def decide_now(self, account_id: int, message_id: bytes, *, now_ms: int) -> bool:
        return await self._write(make_due, Cancellation(now_ms, account_id, message_id))

    async def cancel_message(self, account_id: int, message_id: bytes, *, now_ms: int) -> bool:
        one = Cancellation(now_ms, account_id, message_id)
        return await self._write(cancel, one)


async def hold(
    session: PostgresSession, all_of: Sequence[HeldMessage]
) -> list[Accepted | IdempotentReplay]:
    async with session.transaction():
        messages = [held.message for held in all_of]
        answers: dict[bytes, Accepted | IdempotentReplay] = dict(
            await signatures.take(session, messages)
        )
        fresh = [message for message in messages if message.id not in answers]
        uses = [
            RequestRow(message.account_id, message.request, message.id, None, message.created_ms)
            for message in fresh
            if message.request is not None
        ]
        for use, first in zip(uses, await take_requests(session, uses), strict=True):
            if first is not None and use.message_id is not None:
                answers[use.message_id] = first
        new = [held for held in all_of if held.message.id not in answers]
        if new:
            rows = [
                _row(session.texts, held) for held in sorted(new, key=lambda held: held.message.id)
            ]
            await session.execute("insert_held", *columns(rows, 24))
        answers |= {held.message.id: ACCEPTED for held in new}
        await signatures.answer_retries(session, fresh, answers)
        for held in new:
            if held.message.conversation_id is not None:
                await shared_verbs.run(session, note_reply(held.message))
    return [answers[message.id] for message in messages]


def _row(texts: TextSeal, held: HeldMessage) -> tuple[Any, ...]:
    stored = stored_texts(texts, held.message)
    return (
        *message_row(held.message, 0, octets(stored.text), stored.key_id),
        CODE[held.state],
        held.reason,
        held.send_at_ms,
        held.until_ms,
        stored_request(texts, held.message, held.request),
        held.decision,
    )


async def claim(session: PostgresSession, claims: Sequence[HeldClaim]) -> list[list[DueMessage]]:
    return [
        [
            due_message(session.texts, row, row["text"].decode())
            for row in await session.execute("claim_held", one.now_ms, one.lease_ms, one.limit)
        ]
        for one in claims
    ]


async def release(
    session: PostgresSession, all_of: Sequence[Releases]
) -> list[list[ReleaseResult]]:
    return [await _release(session, one.messages, one.now_ms) for one in all_of]


async def _release(
    session: PostgresSession, messages: Sequence[NewMessage], now_ms: int
) -> list[ReleaseResult]:
    """Commit the parts, unless a quota is reached or another decision was committed first."""
    messages_by_key = sorted(messages, key=attrgetter("account_id", "id"))
    async with session.transaction():
        locked = await quotas.lock(session, messages_by_key)
        locked.find_reached(messages_by_key)
        allowed = [message for message in messages_by_key if message.id not in locked.reached]
        rows = [
            (
                message.account_id,
                message.id,
                with_used(message.decision, locked.used.get(message.id, ())),
            )
            for message in allowed
        ]
        found = await session.execute("release_held", *columns(rows, 3), now_ms)
        released = {row["message_id"] for row in found}
        fresh = [message for message in allowed if message.id in released]
        alarms = await locked.save(fresh)
        refused = await locked.refuse(
            [message for message in messages_by_key if message.id in locked.reached]
        )
        if fresh:
            references = await next_references(session, fresh)
            stored = [stored_texts(session.texts, message) for message in fresh]
            changes = map(_change, fresh, stored, references)
            await session.execute("rewrite_messages", *columns(list(changes), 10))
            parts = [row for each in zip(fresh, stored, strict=True) for row in _part_rows(*each)]
            await session.execute("insert_parts", *columns(parts, 10))
    done: dict[bytes, Accepted | QuotaReached] = {**refused}
    done |= {message.id: Accepted(alarms=alarms.get(message.id, ())) for message in fresh}
    return [done.get(message.id) for message in messages]


def _change(message: NewMessage, stored: StoredTexts, reference: int) -> tuple[Any, ...]:
    return (
        message.account_id,
        message.id,
        message.destination,
        message.sender,
        message.encoding,
        reference,
        message.part_count or len(message.parts),
        octets(stored.text),
        options_text(message.options),
        stored.key_id,
    )


def _part_rows(message: NewMessage, stored: StoredTexts) -> Iterator[tuple[Any, ...]]:
    total = len(stored.parts)
    for number, text in enumerate(stored.parts, start=1):
        yield (
            message.account_id,
            message.id,
            number,
            total,
            message.carrier,
            int(message.priority),
            message.expires_ms,
            message.created_ms,
            octets(text) if total > 1 else None,
            message.esim_tran_no,
        )


async def defer(session: PostgresSession, all_of: Sequence[Deferrals]) -> list[None]:
    for one in all_of:
        await _defer(session, one)
    return [None] * len(all_of)


async def _defer(session: PostgresSession, one: Deferrals) -> None:
    rows = [
        (
            *_KEY(each),
            CODE[each.state],
            each.reason,
            each.until_ms,
            each.expires_ms,
            each.decision,
        )
        for each in sorted(one.deferrals, key=_KEY)
    ]
    await session.execute("defer_held", *columns(rows, 7), one.now_ms, MOST_DECISION_CHARACTERS)


async def end(session: PostgresSession, all_of: Sequence[HeldEnds]) -> list[None]:
    for one in all_of:
        await _end(session, one)
    return [None] * len(all_of)


async def _end(session: PostgresSession, one: HeldEnds) -> None:
    rows = [
        (*_KEY(each), CODE[each.state], each.reason, each.decision)
        for each in sorted(one.ends, key=_KEY)
    ]
    await session.execute("end_held", *columns(rows, 5), one.now_ms)


async def make_due(session: PostgresSession, all_of: Sequence[Cancellation]) -> list[bool]:
    done = []
    for one in all_of:
        key = (one.account_id, one.message_id)
        done.append(bool(await session.execute("make_held_due", *key, _HELD, one.now_ms)))
    return done


async def cancel(session: PostgresSession, all_of: Sequence[Cancellation]) -> list[bool]:
    return [await _cancel(session, one) for one in all_of]


async def _cancel(session: PostgresSession, one: Cancellation) -> bool:
    key = ([one.account_id], [one.message_id])
    ended = ([_CANCELLED], [Reason.CANCELLED], [None], one.now_ms)
    async with session.transaction():
        if await session.execute("end_held", *key, *ended):
            return True
        parts = await session.execute("lock_messages_to_move", *key)
        if not parts or any(row["stays"] for row in parts):
            return False
        parameters = (one.account_id, one.message_id, one.now_ms)
        for row in await session.execute("cancel_queued", *parameters):
            session.pending.end(row["carrier"], State.CANCELLED, row["reason"])
    return True
