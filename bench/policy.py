"""What policy costs a message: `python -m bench.policy [--rounds 5] [--count 10000] [--group 50]`.

CPU microseconds of the process and of the PostgreSQL server, per one-part message that is decided
and accepted: without policy, as a service message, as a notice with a daily limit, and as a service
message of an account with budgets per day, per month and for a prefix. In turns, on both stores.
The first lines are the decision alone.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
import timeit
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import uvloop
from cryptography.fernet import Fernet

from bench.database import Database
from bench.store import CARRIER, message
from simpost.config.policy import OpenHoursSettings, PolicySettings
from simpost.domain.accounts import Account
from simpost.domain.esims import Esim
from simpost.domain.messages import Category
from simpost.domain.policy.budgets import Budget
from simpost.domain.policy.quotas import Quota
from simpost.messaging.decision import SendPlan
from simpost.messaging.policy.rules import PolicyRules
from simpost.messaging.policy.stops import Stops
from simpost.ports.carrier import CarrierCapabilities
from simpost.ports.store import Accepted, Store
from simpost.store import SqliteStore
from simpost.store.postgres import PostgresStore

_PLENTY: Final = 1_000_000_000
_ESIMS: Final = 1_000
_MANY_A_DAY: Final = 1_000
_BUDGETS: Final = (Budget(day=_PLENTY, month=_PLENTY), Budget("66", day=_PLENTY))


class Case(NamedTuple):
    """A way to send; `None` in `category`: without policy."""

    name: str
    category: Category | None
    budgets: tuple[Budget, ...] = ()


CASES: Final = (
    Case("no policy", None),
    Case("service", Category.SERVICE),
    Case("notice", Category.NOTICE),
    Case("budgets", Category.SERVICE, _BUDGETS),
)


class Decider:
    """Decides about messages of a case to one of many eSIMs."""

    def __init__(self, store: Store | None, case: Case) -> None:
        stops = Stops(store.stops if store else None, lambda: 0)  # type: ignore[arg-type]
        settings = PolicySettings(daily_limit={Category.NOTICE: _MANY_A_DAY})
        always = OpenHoursSettings(hours=("00:00-24:00",))
        self._rules = PolicyRules(settings, (always,), stops)
        self._account = Account(1, "bench", "secret-of-the-bench", budgets=case.budgets)
        category = case.category or Category.SERVICE
        carrier = CarrierCapabilities(name=CARRIER)
        self._plan = SendPlan(carrier, "66812345678", category, "gsm7", "Hello", ("Hello",))
        self._is_on = case.category is not None

    def quotas(self, esim: Esim, now_ms: int) -> tuple[Quota, ...]:
        """What the decision adds to the message."""
        if not self._is_on:
            return ()
        assert self._rules.find_stop(self._account, esim, self._plan.category) is None
        decision = self._rules(self._account, esim, self._plan, now_ms)
        assert isinstance(decision, SendPlan)
        return decision.quotas


def esim_of(number: int) -> Esim:
    tran_no, msisdn = f"2307201799{number:04}", f"66812345{number:03}"
    return Esim(tran_no, f"89852000000000{number:05}", msisdn, "", "ENABLED", "IN_USE", 1)


async def work(store: Store, decider: Decider, count: int, group: int) -> None:
    esims = [esim_of(number) for number in range(_ESIMS)]
    for start in range(0, count, group):
        batch = []
        for number in range(start, start + group):
            one = message(number % _ESIMS)
            quotas = decider.quotas(esims[number % _ESIMS], one.created_ms)
            batch.append(msgspec.structs.replace(one, quotas=quotas))
        accepted = await asyncio.gather(*(store.queue.accept(one) for one in batch))
        assert all(isinstance(each, Accepted) for each in accepted)


async def measure(
    store: Store, case: Case, count: int, group: int, server: Callable[[], float]
) -> float:
    """CPU microseconds a message."""
    decider = Decider(store, case)
    await work(store, decider, 10 * group, group)
    begun = time.process_time() + server()
    await work(store, decider, count, group)
    return 1e6 * (time.process_time() + server() - begun) / count


async def on_sqlite(case: Case, count: int, group: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        path, key = Path(folder) / "simpost.db", Fernet.generate_key().decode()
        store = await SqliteStore.open(path, seal_key=key)
        try:
            return await measure(store, case, count, group, lambda: 0.0)
        finally:
            await store.close()


async def on_postgres(case: Case, count: int, group: int) -> float:
    database = Database()
    try:
        key = Fernet.generate_key().decode()
        store = await PostgresStore.open(database.url, seal_key=key, node="bench")
        try:
            return await measure(store, case, count, group, lambda: database.cpu_seconds)
        finally:
            await store.close()
    finally:
        database.stop()


def decision_cost(case: Case) -> float:
    """CPU microseconds of one decision, the least of several runs."""
    decider, esim, number = Decider(None, case), esim_of(1), 10_000
    now_ms = time.time_ns() // 1_000_000
    timer = timeit.Timer(lambda: decider.quotas(esim, now_ms), timer=time.thread_time)
    return 1e6 * min(timer.repeat(7, number)) / number


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--group", type=int, default=50)
    given = parser.parse_args()
    for case in CASES:
        print(f"decision   {case.name:10} {decision_cost(case):6.2f} us")
    for name, run in (("SQLite", on_sqlite), ("PostgreSQL", on_postgres)):
        spent: dict[str, list[float]] = {case.name: [] for case in CASES}
        for round_ in range(given.rounds):
            first = round_ % len(CASES)
            for case in CASES[first:] + CASES[:first]:
                spent[case.name].append(uvloop.run(run(case, given.count, given.group)))
        for case_name, costs in spent.items():
            figures = " ".join(f"{cost:.0f}" for cost in costs)
            median = statistics.median(costs)
            print(
                f"{name:10} {case_name:10} least {min(costs):4.0f} median {median:4.0f}  {figures}"
            )


if __name__ == "__main__":
    main()
