"""Signatures of requests: each is accepted once, whatever timestamp and id it is cut into."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import itemgetter

from msgspec.structs import replace

from simpost.ports.store import Accepted, IdempotentReplay, NewMessage, RequestKey
from simpost.store.postgres.connection import PostgresSession
from simpost.store.postgres.queries import columns
from simpost.store.postgres.requests import RequestRow, find_requests, take_requests
from simpost.store.records.requests import replay_of


async def take(
    session: PostgresSession, messages: Sequence[NewMessage]
) -> dict[bytes, IdempotentReplay]:
    """Claim the signatures; the first answer, by message, for those that were used before."""
    uses = [
        RequestRow(
            message.account_id,
            replace(message.request, request_id=message.request.signature_key),
            message.id,
            None,
            message.created_ms,
        )
        for message in messages
        if message.request is not None and message.request.signature
    ]
    first = await take_requests(session, uses)
    return {
        use.message_id: answer
        for use, answer in zip(uses, first, strict=True)
        if answer is not None and use.message_id is not None
    }


async def find_earlier_uses(
    session: PostgresSession, messages: Sequence[NewMessage]
) -> dict[bytes, IdempotentReplay]:
    """The first answers to request ids and signatures that were used before, by message.

    Nothing is claimed: these messages are not committed.
    """
    wanted = [
        (message, replace(message.request, request_id=key))
        for message in messages
        if message.request is not None
        for key in _keys(message.request)
    ]
    found = await find_requests(session, [(one.account_id, request) for one, request in wanted])
    answers: dict[bytes, IdempotentReplay] = {}
    for message, request in wanted:
        row = found.get((message.account_id, request.request_id))
        if row is not None and row["created_ms"] >= request.stale_ms:
            answers.setdefault(message.id, replay_of(row, request))
    return answers


def _keys(request: RequestKey) -> tuple[str, ...]:
    signature = (request.signature_key,) if request.signature else ()
    return (*signature, request.request_id)


async def answer_retries(
    session: PostgresSession,
    messages: Sequence[NewMessage],
    answers: Mapping[bytes, Accepted | IdempotentReplay],
) -> None:
    """Give a new signature of a known request id the answer of that id."""
    rows = [
        (message.account_id, message.request.signature_key, answer.message_id, answer.reason)
        for message in messages
        if message.request is not None
        and message.request.signature
        and isinstance(answer := answers[message.id], IdempotentReplay)
    ]
    if rows:
        await session.execute("answer_signatures", *columns(sorted(rows, key=itemgetter(0, 1)), 4))
