"""Starts of verifications on several nodes: one code to an eSIM at a time, whatever starts it."""

import asyncio
import contextlib
import random

from simpost.domain.code_budgets import CodeBudget, CodeLimits, CodeRefusal
from simpost.domain.policy.quotas import QuotaReached, key_of
from tests.contract.store_facts import NOW_MS
from tests.contract.test_store_code_sends import quota
from tests.contract.test_store_verifications import CODE, check, new, start, texts_of

WAIT = CodeLimits(esim_wait_ms=60_000)


@contextlib.asynccontextmanager
async def two_nodes(node):
    async with node("a") as first, node("b") as second:
        yield first, second


async def test_concurrent_sessions_on_two_nodes_send_one_code(node):
    async with two_nodes(node) as stores:
        asked = [(stores[n % 2], new(session=f"{n}", account_id=1 + n % 3)) for n in range(100)]
        done = await asyncio.gather(*(start(store, one, limits=WAIT) for store, one in asked))
        [begun] = [each for each in done if not isinstance(each, CodeRefusal)]
        account_id = begun.verification.account_id
        checks = (check(store, begun.verification, CODE, account_id=account_id) for store in stores)
        verdicts = sorted(each.verdict for each in await asyncio.gather(*checks))
    assert {each.budget for each in done if isinstance(each, CodeRefusal)} == {"code:esim:wait"}
    assert verdicts == ["already_used", "verified"]


async def test_a_budget_of_an_esim_holds_over_two_nodes(node):
    limits = CodeLimits(hour={CodeBudget.ESIM: 7})
    async with two_nodes(node) as stores:
        asked = [(stores[n % 2], new(session=f"{n}")) for n in range(60)]
        done = await asyncio.gather(*(start(store, one, limits=limits) for store, one in asked))
        again = await start(stores[0], now_ms=NOW_MS, limits=limits)
    assert len([each for each in done if not isinstance(each, CodeRefusal)]) == 7
    assert isinstance(again, CodeRefusal)


async def test_a_budget_of_an_account_holds_over_two_nodes(node):
    some = (quota(7),)
    async with two_nodes(node) as stores:
        asked = [(stores[n % 2], new(esim=f"{n % 30}", session=f"{n}")) for n in range(60)]
        done = await asyncio.gather(*(start(store, one, quotas=some) for store, one in asked))
        begun = [each for each in done if not isinstance(each, QuotaReached)]
        assert len(begun) == len(await texts_of(stores[1])) == 7
        assert await stores[0].quotas.find_used([key_of(1, some[0])]) == [7]


async def test_starts_and_checks_of_many_esims_on_two_nodes_all_end(node):
    async with two_nodes(node) as stores:
        begun = await asyncio.gather(
            *(start(stores[n % 2], new(esim=f"{n % 20}"), limits=WAIT) for n in range(200))
        )
        pending = [each.verification for each in begun if not isinstance(each, CodeRefusal)]
        assert len({each.id for each in pending}) == 20
        first = [
            *(check(stores[n % 2], each, CODE) for n, each in enumerate(pending)),
            *(start(stores[n % 2], new(esim=f"{n}", purpose="p"), limits=WAIT) for n in range(20)),
        ]
        done = await asyncio.gather(*first)
    verdicts = [each.verdict for each in done[: len(pending)]]
    assert sorted(verdicts) == ["already_used"] * (len(pending) - 20) + ["verified"] * 20


async def test_starts_and_checks_on_two_nodes_never_wait_for_each_other_in_a_circle(node):
    chance, some, at_ms = random.Random(1), (quota(10**6),), NOW_MS
    known = []
    async with two_nodes(node) as stores:
        for _ in range(8):
            asked = [
                new(esim=f"{n}", purpose=chance.choice("ab"), session=chance.choice("xy"))
                for n in range(40)
            ]
            calls = [
                *(start(chance.choice(stores), one, now_ms=at_ms, quotas=some) for one in asked),
                *(
                    check(chance.choice(stores), one, chance.choice([CODE, "555555"]), now_ms=at_ms)
                    for one in chance.sample(known, min(40, len(known)))
                ),
            ]
            chance.shuffle(calls)
            done = await asyncio.gather(*calls)
            known += [each.verification for each in done if hasattr(each, "step")]
            at_ms += 61_000
        async with stores[0].database.borrowed() as session:
            [row] = await session.fetch(
                "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
            )
    assert row["deadlocks"] == 0
