"""Pulls from the simulated APIs of eSIM Go and eSIMfly over HTTP, saved in both stores."""

import contextlib
import json
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from msgspec.structs import replace

from simpost.smsc import Simulator, SimulatorOptions
from simpost.smsc.upstreams.catalogue import UpstreamCatalogue, UpstreamEsim, UpstreamPlan
from tests.contract.supplier import SECRET
from tests.contract.supplier_copies import copies_at, counts

PATHS = {"esim_access": "/api/v1/open", "esim_go": "/v2.5", "esimfly": "/api/v1/business"}
TYPES = pytest.mark.parametrize("kind", ["esim_go", "esimfly"])
PLANS = (
    UpstreamPlan("GB1", "United Kingdom 1 GB", ("GB",), 7, 1000, 4.5),
    UpstreamPlan("EU5", "Europe 5 GB", ("DE", "FR"), 30, 5000, 12.0, has_sms=True),
)


OLD = {"plan": "GB1", "created_at": "2020-01-01T00:00:00Z"}


def esim(number, **given):
    return UpstreamEsim(f"8944123456789{number:05d}7", **OLD | given)


USED = {"status": "active", "profile": "enabled"}


@contextlib.asynccontextmanager
async def pulled(store, kind, *esims, **changes):
    """A simulator that lists eSIMs, and a component that copies them."""
    simulator = Simulator(
        SimulatorOptions(upstream_secret=SECRET, catalogue=UpstreamCatalogue(PLANS, esims))
    )
    await simulator.start()
    try:
        url = f"http://127.0.0.1:{simulator.http_port}{PATHS[kind]}"
        yield simulator, await copies_at(store, url, type=kind, **changes)
    finally:
        await simulator.stop()


def lists(simulator, *esims):
    simulator.set_catalogue(UpstreamCatalogue(PLANS, esims))


@TYPES
async def test_everything_is_compared_then_saved_then_left_alone(store, kind):
    esims = [esim(number, **USED) for number in range(12)]
    async with pulled(store, kind, *esims) as (_, copies):
        dry = await copies.pull(is_dry=True)
        assert (dry.problem, await copies.esims(), copies.saved) == ("", {}, [])
        done, again = await copies.pull(), await copies.pull()
        found = await copies.esims()
    for state in (dry, done):
        assert (counts(state.report.plans), counts(state.report.esims)) == (
            (2, 0, 0, 0),
            (12, 0, 0, 0),
        )
    assert (again.report.missing, again.report.is_complete) == (0, True)
    assert (counts(again.report.plans), counts(again.report.esims)) == (
        (0, 0, 2, 0),
        (0, 0, 12, 0),
    )
    assert set(found) == {each.iccid for each in esims}
    one = found[esims[3].iccid]
    assert (one.iccid, one.package_code, one.esim_status) == (esims[3].iccid, "GB1", "IN_USE")
    assert (one.sms_status, one.smdp_status) == (
        2,
        "INSTALLATION" if kind == "esim_go" else "ENABLED",
    )
    plans = {plan.package_code: plan for plan in await store.catalogue.all_plans(after="", limit=9)}
    assert plans["EU5"].sms_status == (2 if kind == "esim_go" else 1)
    assert plans["GB1"].document["duration"] == 7


@TYPES
@pytest.mark.parametrize(
    ("status", "profile", "expected"),
    [
        ("new", "released", "GOT_RESOURCE"),
        ("active", "enabled", "IN_USE"),
        ("depleted", "enabled", "USED_UP"),
        ("expired", "enabled", "USED_EXPIRED"),
        ("expired", "released", "UNUSED_EXPIRED"),
        ("cancelled", "released", "CANCEL"),
    ],
)
async def test_the_status_of_an_esim_is_that_of_the_supplier(
    store, kind, status, profile, expected
):
    async with pulled(store, kind, esim(1, status=status, profile=profile)) as (_, copies):
        assert (await copies.pull()).problem == ""
        [found] = (await copies.esims()).values()
    assert found.esim_status == expected


@TYPES
async def test_what_an_event_has_told_is_not_taken_back(store, kind):
    new = esim(1)
    async with pulled(store, kind, new) as (simulator, copies):
        await copies.pull()
        [stored] = (await copies.esims()).values()
        assert stored.smdp_status == "RELEASED"
        told = replace(stored, smdp_status="ENABLED")
        await store.catalogue.save_esims(copies.account.id, [told])
        installed = esim(1, profile="installed")
        lists(simulator, installed)
        assert counts((await copies.pull()).report.esims) == (0, 0, 1, 0)
        [kept] = (await copies.esims()).values()
    assert kept.smdp_status == "ENABLED"


@TYPES
async def test_an_esim_that_was_used_has_a_profile(store, kind):
    async with pulled(store, kind, esim(1)) as (simulator, copies):
        await copies.pull()
        lists(simulator, esim(1, **USED))
        assert counts((await copies.pull()).report.esims) == (0, 1, 0, 0)
        [found] = (await copies.esims()).values()
    assert found.smdp_status in ("INSTALLATION", "ENABLED")


@TYPES
async def test_esims_that_are_listed_no_more_are_marked_and_retired(store, kind):
    esims = [esim(number, **USED) for number in range(8)]
    async with pulled(store, kind, *esims, retire_missing=True) as (simulator, copies):
        await copies.pull()
        lists(simulator, *esims[:5], *esims[6:])
        dry = await copies.pull(is_dry=True)
        assert (dry.report.missing, dry.report.retired) == (1, 0)
        done = await copies.pull()
        assert (done.report.missing_examples, done.report.retired) == ([esims[5].iccid], 1)
        assert (await copies.esims())[esims[5].iccid].retired
        lists(simulator)
        assert (await copies.pull()).report.missing is None


async def test_a_list_without_a_total_marks_only_what_the_supplier_denies(store, monkeypatch):
    """A page that shifts while it is read leaves an eSIM out, which is then asked for."""
    esims = [esim(number, **USED) for number in range(12)]
    async with pulled(store, "esim_go", *esims, retire_missing=True) as (simulator, copies):
        await copies.pull()
        asked = simulator.catalogue
        upstreams = simulator._upstreams

        class Shifting:
            """Without its first eSIM from the second page on."""

            reads = 0
            plans = asked.plans
            plan_of, find = asked.plan_of, asked.find

            @property
            def esims(self):
                Shifting.reads += 1
                return asked.esims[1:] if Shifting.reads in (2, 3) else asked.esims

        monkeypatch.setattr(upstreams, "catalogue", Shifting())
        await copies.sync.begin("supplier", is_dry=True)
        state = await copies.end()
        monkeypatch.setattr(upstreams, "catalogue", asked)
    assert (state.problem, Shifting.reads) == ("", 5)
    assert (state.report.missing, state.report.is_complete) == (0, True)


async def test_only_esims_that_may_have_changed_are_asked_for_one_by_one(store):
    esims = [esim(1, **USED), esim(2, **USED), esim(3)]
    async with pulled(store, "esim_go", *esims) as (simulator, copies):
        seen = record(simulator)
        await copies.pull()
        assert len([path for path in seen if "/esims/" in path]) == 6
        seen.clear()
        newer = replace(esims[1], status="depleted", changed_at="2999-01-01T00:00:00Z")
        lists(simulator, esims[0], newer, esims[2])
        await copies.pull(is_full=False)
        # The filter lets one through, and that one is asked for.
        assert [path for path in seen if "/esims/" in path] == [
            f"/v2.5/esims/{newer.iccid}",
            f"/v2.5/esims/{newer.iccid}/bundles",
        ]
        assert (await copies.esims())[newer.iccid].esim_status == "USED_UP"
        seen.clear()
        await copies.pull()
        # Of all, those with a new action, and those whose profile is not installed yet.
        assert {path.split("/")[3] for path in seen if "/esims/" in path} == {
            newer.iccid,
            esims[2].iccid,
        }


async def test_new_esims_of_esimfly_are_those_that_were_not_used(store):
    async with pulled(store, "esimfly", esim(1, **USED)) as (simulator, copies):
        await copies.pull()
        seen = record(simulator)
        lists(simulator, esim(1, **USED), esim(2))
        state = await copies.pull(is_full=False)
        assert counts(state.report.esims) == (1, 0, 0, 0)
        assert state.report.missing is None
        assert len(seen) == 1


@TYPES
async def test_a_wrong_key_is_the_problem_of_the_pull(store, kind):
    async with pulled(store, kind, esim(1)) as (simulator, copies):
        simulator._upstreams.secret = "another"
        state = await copies.pull()
    assert "HTTP 40" in state.problem
    assert SECRET not in state.problem
    assert state.applied_ms is None


def record(simulator):
    """The paths of requests from now on."""
    seen = []
    call_of = simulator._upstreams._call_of

    async def noted(request):
        seen.append(request.url.path)
        return await call_of(request)

    simulator._upstreams._call_of = noted
    return seen


async def test_a_catalogue_is_replaced_over_http_or_refused_as_a_whole(store):
    async with pulled(store, "esim_go", esim(1)) as (simulator, copies):
        url = f"http://127.0.0.1:{simulator.http_port}/catalogue"
        async with aiohttp.ClientSession() as client:
            async with client.put(url, json={"esims": [{"iccid": "12"}]}) as refused:
                assert refused.status == 400
            body = {"plans": [], "esims": [{"iccid": "8944000000000000009", "status": "active"}]}
            async with client.put(url, json=body) as replaced:
                assert replaced.status == 204
            async with client.get(url) as shown:
                assert (await shown.json())["esims"][0]["iccid"] == "8944000000000000009"
        await copies.pull()
        assert set(await copies.esims()) == {"8944000000000000009"}


ANSWERS = {
    "/v2.5/catalogue": ("esim_go", "catalogue"),
    "/v2.5/esims": ("esim_go", "esims"),
    "/v2.5/esims/8901234567890123456": ("esim_go", "details"),
    "/v2.5/esims/8901234567890123456/bundles": ("esim_go", "bundles"),
    "/api/v1/business/esims/packages": ("esimfly", "packages"),
    "/api/v1/business/esims": ("esimfly", "esims"),
}
DOCUMENTED = {
    "esim_go": ("8901234567890123456", "4471234131234", "INSTALLATION", "esim_1GB_7D_GB_V2"),
    "esimfly": ("8910300001234567890", "", "ENABLED", "sweden-7days-1gb"),
}
VECTORS = Path(__file__).parents[1] / "vectors" / "suppliers"


async def answer_as_documented(request):
    name, part = ANSWERS[request.path]
    body = json.loads((VECTORS / f"{name}.json").read_text("utf-8"))[part]
    if name == "esimfly":
        body["data"]["pagination"]["total"] = 1
    # Further pages of eSIM Go are the first again, as of a server without pages.
    return web.json_response(body)


@TYPES
async def test_the_documented_examples_are_understood(store, kind):
    app = web.Application()
    app.router.add_get("/{path:.*}", answer_as_documented)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        url = f"http://127.0.0.1:{runner.addresses[0][1]}{PATHS[kind]}"
        copies = await copies_at(store, url, type=kind)
        state = await copies.pull()
        assert (state.problem, state.report.refused) == ("", [])
        [found] = (await copies.esims()).values()
        [plan] = await store.catalogue.all_plans(after="", limit=9)
    finally:
        await runner.cleanup()
    got = (found.iccid, found.msisdn, found.smdp_status, found.package_code)
    assert got == DOCUMENTED[kind]
    assert found.esim_status == "IN_USE"
    wanted = {
        "esim_go": {"volume": 1_000_000_000, "duration": 7, "location": "GB"},
        "esimfly": {"volume": 2**30, "duration": 7, "price": 14_400, "currencyCode": "USD"},
    }[kind]
    assert {name: plan.document.get(name) for name in wanted} == wanted


@pytest.mark.parametrize(
    ("currency", "prices"),
    [("USD", {("GB1", 45_000, "USD"), ("EU5", 120_000, "USD")}), ("", {"GB1", "EU5"})],
)
async def test_prices_of_esim_go_are_copied_if_the_account_pays_in_usd(store, currency, prices):
    async with pulled(store, "esim_go", esim(1), currency=currency) as (_, copies):
        await copies.pull()
        plans = await store.catalogue.all_plans(after="", limit=9)
    found = {
        (plan.package_code, plan.document["price"], plan.document["currencyCode"])
        if "price" in plan.document
        else plan.package_code
        for plan in plans
    }
    assert found == prices
