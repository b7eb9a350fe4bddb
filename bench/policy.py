"""What policy costs a message: `python -m bench.policy [--rounds 5] [--count 10000] [--group 50]`.

CPU microseconds of the process and of the PostgreSQL server, per one-part message that is decided
and accepted: without policy, as a service message, as a notice with a daily limit, and as a service
message of an account with budgets per day, per month and for a prefix. On both stores, a new one
each round; the cases take turns, a group of messages each, so that other work on the machine
disturbs all of them. The first lines are the decision alone; the others are medians of the groups
of each round, and what policy adds to the median without policy.
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
from simpost.messaging.plan import SendPlan
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


class Cost(NamedTuple):
    """CPU microseconds a message: of the process and of the server."""

    process: float
    server: float


async def group_cost(
    store: Store, decider: Decider, first: int, group: int, server: Callable[[], float]
) -> Cost:
    """Decide and accept messages to the eSIMs from `first` on."""
    numbers = [number % _ESIMS for number in range(first, first + group)]
    made = [(esim_of(number), message(number)) for number in numbers]
    server_s, process_s = server(), time.process_time()
    batch = [
        msgspec.structs.replace(one, quotas=decider.quotas(esim, one.created_ms))
        for esim, one in made
    ]
    accepted = await asyncio.gather(*(store.queue.accept(one) for one in batch))
    spent_s = time.process_time() - process_s
    assert all(isinstance(each, Accepted) for each in accepted)
    return Cost(1e6 * spent_s / group, 1e6 * (server() - server_s) / group)


async def measure(
    store: Store, count: int, group: int, server: Callable[[], float]
) -> dict[str, Cost]:
    """The median of the groups of each case, the first ten left out."""
    deciders = [Decider(store, case) for case in CASES]
    spent: list[list[Cost]] = [[] for _ in CASES]
    for turn in range(10 + count // group):
        for place in range(len(CASES)):
            case = (turn + place) % len(CASES)
            cost = await group_cost(store, deciders[case], turn * group, group, server)
            spent[case].append(cost)
    medians = (Cost(*map(statistics.median, zip(*costs[10:], strict=True))) for costs in spent)
    return dict(zip((case.name for case in CASES), medians, strict=True))


async def on_sqlite(count: int, group: int) -> dict[str, Cost]:
    with tempfile.TemporaryDirectory() as folder:
        path, key = Path(folder) / "simpost.db", Fernet.generate_key().decode()
        store = await SqliteStore.open(path, seal_key=key)
        try:
            return await measure(store, count, group, lambda: 0.0)
        finally:
            await store.close()


async def on_postgres(count: int, group: int) -> dict[str, Cost]:
    database = Database()
    try:
        key = Fernet.generate_key().decode()
        store = await PostgresStore.open(database.url, seal_key=key, node="bench")
        try:
            return await measure(store, count, group, database.running_seconds)
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
        rounds = [uvloop.run(run(given.count, given.group)) for _ in range(given.rounds)]
        for case in CASES:
            costs = [each[case.name] for each in rounds]
            more = [sum(each[case.name]) - sum(each[CASES[0].name]) for each in rounds]
            process, server = map(statistics.median, zip(*costs, strict=True))
            print(
                f"{name:10} {case.name:10} process {process:4.1f} server {server:4.1f}"
                f"  more {statistics.median(more):4.1f}:"
                f" {' '.join(f'{each:.1f}' for each in more)}"
            )


if __name__ == "__main__":
    main()
