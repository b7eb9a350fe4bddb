"""Starts of verifications, each in one transaction with the acceptance of its message; checks."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from simpost.domain.code_budgets import CodeRefusal
from simpost.domain.policy.quotas import QuotaReached
from simpost.ports.store import Accepted
from simpost.ports.store.verifications import Checked, StartAnswer, Started
from simpost.store.shared.verifications import CodeCheck, CodeStart
from simpost.store.sqlite import acceptance, shared_verbs
from simpost.store.sqlite.database import SqliteDatabase
from simpost.store.sqlite.quotas import QuotaUses
from simpost.store.sqlite.session import SqliteSession


class SqliteCodes:
    """Implements `simpost.store.shared.verifications.CodeRunner`. The only writer locks nothing."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    async def start(self, one: CodeStart) -> StartAnswer:
        return await self._database.write(start, one)

    async def check(self, one: CodeCheck) -> Checked | None:
        return await self._database.transact(one.steps, self._database.texts)


def start(session: SqliteSession, starts: Sequence[CodeStart]) -> list[StartAnswer]:
    quotas = QuotaUses(session)
    answers = [_start(session, quotas, each) for each in starts]
    quotas.save()
    return answers


def _start(session: SqliteSession, quotas: QuotaUses, each: CodeStart) -> StartAnswer:
    # Before anything is written: a refused start changes nothing.
    reached = quotas.find_reached(each.outgoing.message)
    if reached is not None:
        return _refuse(session, quotas, each, reached)
    started = shared_verbs.run(session.connection, each.steps(session.texts))
    if isinstance(started, CodeRefusal) or started.message is None:
        return started
    [accepted] = acceptance.accept_counting(session, [started.message], quotas)
    assert isinstance(accepted, Accepted)
    return replace(started, accepted=accepted)


def _refuse(
    session: SqliteSession, quotas: QuotaUses, each: CodeStart, reached: QuotaReached
) -> StartAnswer:
    """The refusal by a quota, unless the step sends nothing or the eSIM may be sent nothing."""
    found = shared_verbs.run(session.connection, each.preview_steps())
    if found.pending is not None and not found.step.sends:
        return Started(found.step, found.pending)
    return found.refusal or quotas.refuse(each.outgoing.message, reached)
