"""Pulls from simulated suppliers that fail in every way; saved in both stores.

Nothing is deleted by half an answer, and a supplier that asks for time gets it.
"""

import asyncio
import time
from itertools import pairwise
from types import SimpleNamespace

import pytest

from simpost.errors import PullRuns
from simpost.features.catalogue_sync import service, supplier
from simpost.smsc import Faults, Rule, When
from simpost.smsc import faults as f
from tests.contract.supplier import SECRET, until
from tests.contract.test_supplier_types import PATHS, USED, esim, pulled, record

KINDS = pytest.mark.parametrize("kind", PATHS)
CALLS = pytest.mark.parametrize("call", ["plans", "esims"])
ESIMS = [esim(number, **USED) for number in range(12)]
REFUSED = {"esim_access": "101003", "esim_go": "", "esimfly": "AUTH_INVALID_SIGNATURE"}
"""Codes of errors of credentials; eSIM Access has the status 200 for them."""


def fail(simulator, *do, call="esims", **when):
    """Apply faults to a call; counters of rules begin again."""
    given = [Rule(do=each, when=When(call=call, **when)) for each in do]
    simulator.set_faults(Faults(tuple(given)))


def applied(simulator):
    return sum(simulator.stats().faults.values())


SHORT_LIVED = {
    "429": f.HttpError(status=429, retry_after=7),
    "429 without a time": f.HttpError(status=429),
    "503": f.HttpError(status=503),
    "500": f.HttpError(status=500),
    "cut before the answer": f.Drop(),
    "cut in the answer": f.Reset(octets=250),
    "no answer": f.Silent(),
    "half open": f.HalfOpen(seconds=0.05),
    "late": f.Slow(seconds=0.05),
}


@KINDS
@CALLS
async def test_a_fault_that_passes_is_waited_for(store, kind, call):
    async with pulled(store, kind, *ESIMS, timeout_s=1) as (simulator, copies):
        for name, fault in SHORT_LIVED.items():
            fail(simulator, fault, call=call, times=1)
            state = await copies.pull()
            assert (name, state.problem) == (name, "")
            assert (name, applied(simulator)) == (name, 1)
            assert (state.report.missing, state.report.is_complete) == (0, True)
        assert len(await copies.esims()) == 12
    assert 7.0 in copies.slept


@KINDS
@CALLS
@pytest.mark.parametrize(
    "fault",
    [f.HttpError(status=429), f.Drop(), f.Reset(octets=250), f.HttpError(status=502)],
    ids=["429", "cut", "half", "502"],
)
async def test_a_fault_that_stays_fails_the_pull_and_changes_nothing(store, kind, call, fault):
    async with pulled(store, kind, *ESIMS, retire_missing=True) as (simulator, copies):
        before = await copies.pull()
        fail(simulator, fault, call=call)
        state = await copies.pull()
        assert "(5 times)" in state.problem
        assert applied(simulator) == 5
        assert state.applied_ms == before.applied_ms
        assert not any(each.retired for each in (await copies.esims()).values())
        simulator.set_faults(None)
        again = await copies.pull()
    assert (again.problem, again.report.missing) == ("", 0)


NO_LIST = {
    "nothing": f.EmptyBody(),
    "no JSON": f.MangleResponse(changes=300),
}


@KINDS
@CALLS
@pytest.mark.parametrize("fault", NO_LIST.values(), ids=NO_LIST)
async def test_an_answer_without_a_list_is_an_error(store, kind, call, fault):
    async with pulled(store, kind, *ESIMS, retire_missing=True) as (simulator, copies):
        await copies.pull()
        fail(simulator, fault, call=call)
        state = await copies.pull()
        found = await copies.esims()
    assert "not JSON" in state.problem
    assert len(found) == 12
    assert not any(each.retired for each in found.values())


@KINDS
@pytest.mark.parametrize(
    ("rows", "after"), [(0, 0), (3, 0), (0, 1), (1, 1)], ids=["none", "few", "end", "less"]
)
async def test_a_list_that_is_cut_short_marks_and_retires_nothing(store, kind, rows, after):
    async with pulled(store, kind, *ESIMS, retire_missing=True) as (simulator, copies):
        await copies.pull()
        fail(simulator, f.ShortList(rows=rows), after=after)
        state = await copies.pull()
        assert (state.problem, state.report.missing or 0, state.report.retired) == ("", 0, 0)
        assert not any(each.retired for each in (await copies.esims()).values())
        fail(simulator, f.ShortList(rows=0), call="plans")
        await copies.pull()
        plans = await store.catalogue.all_plans(after="", limit=9)
    assert {plan.package_code for plan in plans} == {"GB1", "EU5"}


@KINDS
@CALLS
async def test_refused_credentials_are_tried_once_and_again_by_the_clock(store, kind, call):
    async with pulled(store, kind, *ESIMS, interval_s=900) as (simulator, copies):
        await copies.sync.tick()
        await copies.pull()
        status = 200 if kind == "esim_access" else 403
        fail(simulator, f.HttpError(status=status, code=REFUSED[kind]), call=call)
        state = await copies.pull()
        assert state.problem
        assert SECRET not in state.problem
        assert applied(simulator) == 1
        seen = record(simulator)
        copies.now_ms += 899_000
        await copies.sync.tick()
        assert (seen, copies.sync.state("supplier").problem) == ([], state.problem)
        simulator.set_faults(None)
        copies.now_ms += 2_000
        await copies.sync.tick()
        assert (await copies.end()).problem == ""


async def test_a_busy_supplier_may_say_so_under_200(store):
    async with pulled(store, "esim_access", *ESIMS) as (simulator, copies):
        fail(simulator, f.HttpError(status=200, code="900001"), times=2)
        assert (await copies.pull()).problem == ""
        fail(simulator, f.HttpError(status=200, code="200007"))
        state = await copies.pull()
    assert state.problem == "esim/query: the supplier answered 200007: Insufficient account balance"


@KINDS
async def test_a_supplier_that_asks_for_half_an_hour_is_not_called_before(store, kind):
    async with pulled(store, kind, *ESIMS, interval_s=900) as (simulator, copies):
        await copies.sync.tick()
        await copies.pull()
        fail(simulator, f.HttpError(status=429, retry_after=1800), times=1)
        state = await copies.pull()
        assert "HTTP 429, and asked not to be called for 1800 s" in state.problem
        seen = record(simulator)
        copies.now_ms += 1_799_000
        await copies.sync.tick()
        assert seen == []
        copies.now_ms += 2_000
        await copies.sync.tick()
        assert (await copies.end()).problem == ""


@KINDS
async def test_a_throttled_source_slows_down_and_is_faster_again(store, kind, monkeypatch):
    """No time passes between requests, so that each pause is longer by what it waits for one."""
    monkeypatch.setattr(supplier, "time", SimpleNamespace(monotonic=lambda: 9.0, time=time.time))
    esims = [esim(number, **USED) for number in range(60)]
    async with pulled(store, kind, *esims, rate_per_s=8) as (simulator, copies):
        fail(simulator, f.HttpError(status=429, retry_after=0), times=2)
        assert (await copies.pull()).problem == ""
        assert applied(simulator) == 2
    paces = [seconds for seconds in copies.slept if seconds]
    gaps = [round(second - first, 3) for first, second in pairwise(paces)]
    assert (gaps[0], max(gaps)) == (0.125, 0.5)
    assert 0.125 <= gaps[-1] < 0.45
    assert gaps[gaps.index(0.5) :] == sorted(gaps[gaps.index(0.5) :], reverse=True)


async def test_a_pull_stays_the_only_one_while_the_supplier_is_silent(store, monkeypatch):
    """However long a call and its tries take: the lease is extended."""
    monkeypatch.setattr(service, "_EXTEND_S", 0.01)
    async with pulled(store, "esim_access", *ESIMS, timeout_s=60) as (simulator, copies):
        answered = hold(simulator)
        await copies.sync.begin("supplier")
        for _ in range(3):
            copies.now_ms += service.LEASE_MS - 1_000
            wanted = copies.now_ms + service.LEASE_MS

            async def is_extended(wanted=wanted):
                await copies.sync.reload()
                return copies.sync.state("supplier").lease_ms == wanted

            await until(is_extended)
        with pytest.raises(PullRuns):
            await copies.sync.begin("supplier")
        answered.set()
        assert (await copies.end()).problem == ""


def hold(simulator):
    """No call is answered before the event is set."""
    answered = asyncio.Event()
    call_of = simulator._upstreams._call_of

    async def wait(request):
        await answered.wait()
        return await call_of(request)

    simulator._upstreams._call_of = wait
    return answered
