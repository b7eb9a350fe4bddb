"""Starts of verifications, each in one transaction with the acceptance of its message; checks.

All transactions lock the waits of their eSIMs first, in one order: then none waits for another that
waits for it, on any nodes.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from msgspec.structs import replace

from simpost.domain.code_budgets import CodeRefusal, wait_key
from simpost.domain.policy.quotas import QuotaReached
from simpost.ports.store import Accepted
from simpost.ports.store.verifications import Checked, StartAnswer, Started
from simpost.store.postgres import acceptance, quotas, shared_verbs
from simpost.store.postgres.connection import PostgresSession
from simpost.store.postgres.database import PostgresDatabase
from simpost.store.postgres.queries import columns
from simpost.store.shared.quotas import raise_refusal
from simpost.store.shared.verifications import CodeCheck, CodeStart


class PostgresCodes:
    """Implements `simpost.store.shared.verifications.CodeRunner`.

    Messages that no lane of this node has are announced.
    """

    def __init__(self, database: PostgresDatabase) -> None:
        self._write = database.chores.submit
        self._notifier = database.notifier

    async def start(self, one: CodeStart) -> StartAnswer:
        answer = await self._write(start, one)
        if isinstance(answer, Started) and answer.message and answer.message.lease_ms is None:
            self._notifier.announce(answer.message.carrier)
        return answer

    async def check(self, one: CodeCheck) -> Checked | None:
        return await self._write(check, one)


async def start(session: PostgresSession, starts: Sequence[CodeStart]) -> list[StartAnswer]:
    with contextlib.suppress(quotas.COUNT_FAILED):
        return await _start_all(session, starts)
    return await _start_each(session, starts)


async def _start_all(session: PostgresSession, starts: Sequence[CodeStart]) -> list[StartAnswer]:
    """Run all of them, or fail: then a quota may be reached, or an alarm has to be raised."""
    async with session.transaction():
        await _lock_waits(session, _esims_of(starts))
        answers: list[StartAnswer] = [await _run(session, each) for each in starts]
        return await _accept(session, answers, counted=False)


async def _start_each(session: PostgresSession, starts: Sequence[CodeStart]) -> list[StartAnswer]:
    """Run those that fit into their quotas, which are locked before anything is written."""
    async with session.transaction():
        await _lock_waits(session, _esims_of(starts))
        lock = await quotas.lock(session, [each.outgoing.message for each in starts])
        counts = lock.counts()
        answers: list[StartAnswer] = []
        for each in starts:
            message = each.outgoing.message
            reached = counts.find_reached(message.account_id, message.quotas)
            if reached is not None:
                answers.append(await _refuse(session, each, reached))
                continue
            answer = await _run(session, each)
            if isinstance(answer, Started) and answer.message:
                counts.add(message.account_id, message.quotas)
            answers.append(answer)
        return await _accept(session, answers, counted=True)


async def check(session: PostgresSession, checks: Sequence[CodeCheck]) -> list[Checked | None]:
    async with session.transaction():
        if len(checks) > 1:
            keys = [each.key for each in checks]
            rows = await session.execute("esims_of_verifications", *columns(keys, 2))
            await _lock_waits(session, {row["esim"] for row in rows})
        return [await shared_verbs.run(session, each.steps(session.texts)) for each in checks]


def _esims_of(starts: Sequence[CodeStart]) -> set[str]:
    return {each.new.subjects.esim for each in starts}


async def _lock_waits(session: PostgresSession, esims: set[str]) -> None:
    if len(esims) > 1:  # one alone is locked by its own verb
        rows = [(*wait_key(each), 0) for each in sorted(esims)]
        await session.execute("lock_quotas", *columns(rows, 4))


async def _run(session: PostgresSession, each: CodeStart) -> Started | CodeRefusal:
    return await shared_verbs.run(session, each.steps(session.texts))


async def _accept(
    session: PostgresSession, answers: list[StartAnswer], *, counted: bool
) -> list[StartAnswer]:
    """Accept the messages of starts; `counted`: their quotas are locked, and suffice."""
    messages = [each.message for each in answers if isinstance(each, Started) and each.message]
    if not messages:
        return answers
    accept = acceptance.accept_each if counted else acceptance.accept_together
    accepted = iter(await accept(session, messages))
    found: list[StartAnswer] = []
    for answer in answers:
        if isinstance(answer, Started) and answer.message:
            result = next(accepted)
            assert isinstance(result, Accepted)
            answer = replace(answer, accepted=result)  # noqa: PLW2901
        found.append(answer)
    return found


async def _refuse(session: PostgresSession, each: CodeStart, reached: QuotaReached) -> StartAnswer:
    """The refusal by a quota, unless the step sends nothing or the eSIM may be sent nothing."""
    found = await shared_verbs.run(session, each.preview_steps())
    if found.pending is not None and not found.step.sends:
        return Started(found.step, found.pending)
    if found.refusal is not None:
        return found.refusal
    return await shared_verbs.run(session, raise_refusal(each.outgoing.message, reached))
