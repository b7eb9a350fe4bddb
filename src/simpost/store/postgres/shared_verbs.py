"""Runs the verbs of `simpost.store.shared` on the database."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from simpost.store.postgres.connection import PostgresSession
from simpost.store.shared.steps import Steps

R = TypeVar("R")


async def write(session: PostgresSession, begins: Sequence[Callable[[], Steps[Any]]]) -> list[Any]:
    """Run all in one transaction. If it fails, the caller repeats each alone."""
    async with session.transaction():
        return [await run(session, begin()) for begin in begins]


async def read(session: PostgresSession, begin: Callable[[], Steps[R]]) -> R:
    return await run(session, begin())


async def run(session: PostgresSession, steps: Steps[R]) -> R:
    """Run a shared verb within the transaction of another one."""
    try:
        statement, parameters = next(steps)
        while True:
            rows = await session.fetch(statement, *parameters)
            statement, parameters = steps.send(rows)
    except StopIteration as end:
        result: R = end.value
        return result
