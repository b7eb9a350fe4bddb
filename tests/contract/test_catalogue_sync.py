"""Pulls of a supplier over HTTP, saved in both stores."""

import json

import pytest

from simpost.domain.accounts import Account
from simpost.errors import PullRuns, UnknownSource
from simpost.messaging.erasures import Erasures
from tests.contract.store_facts import NOW_MS, new_id
from tests.contract.supplier import SECRET, Supplier, esim_row, plan_row
from tests.contract.supplier_copies import copies_of, counts

HOUR_MS = 3_600_000


async def test_everything_is_compared_then_saved_then_left_alone(store):
    esims = [esim_row(number) for number in range(12)]
    esims[3] = esim_row(3, iccid="8.98522E+19")
    supplier = Supplier([plan_row("P1"), plan_row("TOPUP_P1"), plan_row("P2", smsStatus=7)], esims)
    async with copies_of(store, supplier) as copies:
        dry = await copies.pull(is_dry=True)
        assert (dry.applied_ms, await copies.esims(), copies.saved) == (None, {}, [])
        done = await copies.pull()
        again = await copies.pull()
    for state in (dry, done):
        assert state.problem == ""
        assert counts(state.report.plans) == (2, 0, 0, 1)
        assert counts(state.report.esims) == (11, 0, 0, 1)
        assert [row.key for row in state.report.refused] == ["P2", esims[3]["esimTranNo"]]
        assert state.report.missing == 0
    assert counts(again.report.esims) == (0, 0, 11, 1)
    assert len(await copies.esims()) == 11
    plans = await store.catalogue.all_plans(after="", limit=9)
    assert {plan.package_code: plan.type for plan in plans} == {"P1": "BASE", "TOPUP_P1": "TOPUP"}
    assert len(copies.saved) == 22
    assert [asked["pager"]["pageNum"] for path, asked in supplier.asked if "esim" in path] == [
        1,
        2,
        3,
    ] * 3


async def test_esims_that_are_listed_no_more_are_marked_and_retired_if_wanted(store):
    supplier = Supplier([plan_row("P1")], [esim_row(number) for number in range(8)])
    async with copies_of(store, supplier, retire_missing=True) as copies:
        await copies.pull()
        foreign = esim_row(99)
        del supplier.esims[5]
        gone = esim_row(5)["esimTranNo"]
        dry = await copies.pull(is_dry=True)
        assert (dry.report.missing, dry.report.retired) == (1, 0)
        done = await copies.pull()
        assert (done.report.missing, done.report.missing_examples) == (1, [gone])
        assert done.report.retired == 1
        assert (await copies.esims())[gone].retired
        supplier.esims.append(esim_row(5))
        back = await copies.pull()
    assert back.report.missing == 0
    assert foreign["esimTranNo"] not in await copies.esims()


async def test_a_pull_does_not_bring_back_the_number_of_a_forgotten_traveller(store):
    rows = [esim_row(number, imsi=f"52001000000000{number}") for number in range(2)]
    supplier = Supplier([plan_row("P1")], rows)
    async with copies_of(store, supplier) as copies:
        await copies.pull()
        erasures = Erasures(store, new_id=lambda: new_id(NOW_MS), clock_ms=lambda: NOW_MS)
        await erasures.forget(copies.account.id, rows[1]["esimTranNo"], "ada")
        rows[1]["esimStatus"] = "USED_UP"
        state = await copies.pull()
        found = await copies.esims()
    assert counts(state.report.esims) == (0, 1, 1, 0)
    kept, forgotten = (found[row["esimTranNo"]] for row in rows)
    assert (kept.msisdn, kept.imsi) == (rows[0]["msisdn"], rows[0]["imsi"])
    assert (forgotten.msisdn, forgotten.imsi, forgotten.esim_status) == ("", "", "USED_UP")


@pytest.mark.parametrize("moved", ["added", "removed"])
async def test_a_list_that_changes_while_it_is_read_marks_nothing(store, moved):
    supplier = Supplier([], [esim_row(number) for number in range(20)])
    async with copies_of(store, supplier, retire_missing=True) as copies:
        await copies.pull()

        def change(number):
            if number == 2:
                if moved == "added":
                    supplier.esims.insert(0, esim_row(50))
                else:
                    del supplier.esims[0]

        supplier.after_page = change
        state = await copies.pull()
    assert (state.problem, state.report.missing, state.report.retired) == ("", None, 0)
    assert not any(esim.retired for esim in (await copies.esims()).values())


async def test_a_supplier_that_lists_nothing_marks_and_retires_nothing(store):
    supplier = Supplier([plan_row("P1")], [esim_row(number) for number in range(3)])
    async with copies_of(store, supplier, retire_missing=True) as copies:
        await copies.pull()
        supplier.esims.clear()
        state = await copies.pull()
    assert (state.problem, state.report.missing, state.report.retired) == ("", None, 0)
    assert not any(esim.retired for esim in (await copies.esims()).values())


async def test_the_clock_pulls_new_orders_and_everything_only_after_the_first_copy(store):
    supplier = Supplier([plan_row("P1")], [esim_row(1)])
    async with copies_of(store, supplier, interval_s=60, full_interval_s=600) as copies:
        await copies.sync.tick()
        assert supplier.asked == []
        await copies.pull()
        supplier.asked.clear()
        await copies.sync.tick()
        assert supplier.asked == []
        copies.now_ms += 60_000
        plan = {"packageCode": "P1", "createTime": "2027-01-01T00:00:00+0000"}
        supplier.esims.append(esim_row(2, packageList=[plan]))
        await copies.sync.tick()
        state = await copies.end()
        [(_, asked)] = supplier.asked
        assert asked["startTime"].endswith("+0000")
        assert (state.report.is_full, counts(state.report.esims)) == (False, (1, 0, 0, 0))
        assert state.report.missing is None
        copies.now_ms += 600_000
        supplier.asked.clear()
        await copies.sync.tick()
        assert (await copies.end()).report.is_full
    assert [path for path, _ in supplier.asked] == ["package/list", "package/list", "esim/query"]


async def test_a_start_pulls_at_once_what_is_older_than_a_minute(store):
    """Lifecycle events may have been lost while the service was down."""
    supplier = Supplier([plan_row("P1")], [esim_row(1)])
    async with copies_of(store, supplier) as copies:
        await copies.pull()
        for passed_ms, pulls in ((59_000, 0), (61_000, 1)):
            copies.sync._is_start = True
            supplier.asked.clear()
            copies.now_ms += passed_ms
            await copies.sync.tick()
            state = await copies.end()
            assert len(supplier.asked) == pulls
            assert state.report.is_full is not bool(pulls)
            await copies.sync.tick()
            await copies.end()
            assert len(supplier.asked) == pulls


BLOCKED = json.dumps({"success": False, "errorCode": "101002", "errorMsg": "this IP\n is blocked"})
NO_LIST = '{"success": true, "errorCode": null, "obj": {"packageList": 5}}'
BUSY = json.dumps({"success": False, "errorCode": "900001", "errorMsg": "system busy"})


def said(text):
    return [(200, {}, text)]


@pytest.mark.parametrize(
    ("faults", "problem"),
    [
        ([(429, {"Retry-After": "0"}, "")] * 4, ""),
        ([(503, {}, "")], ""),
        (said(BUSY), ""),
        ([(503, {}, "")] * 5, "package/list: the supplier answered HTTP 503 (5 times)."),
        (said("<html>"), "package/list: the response is not JSON."),
        (said("[]"), "package/list: the response is not an object."),
        ([(404, {}, "")], "package/list: the supplier answered HTTP 404."),
        (said(BLOCKED), "package/list: the supplier answered 101002: this IP is blocked"),
        (said(NO_LIST), "packageList of the response is not a list."),
    ],
    ids=["429", "503", "busy", "503 for long", "html", "array", "404", "code", "no list"],
)
async def test_a_busy_supplier_is_asked_again_and_a_refusal_is_said(store, faults, problem):
    supplier = Supplier([plan_row("P1")], [esim_row(1)])
    async with copies_of(store, supplier) as copies:
        supplier.faults.extend(faults)
        state = await copies.pull()
        assert state.problem == problem
        assert (state.applied_ms is None) == bool(problem)
        assert SECRET not in state.problem
        assert (await copies.pull()).problem == ""


async def test_two_pulls_of_one_source_do_not_run_at_once(store):
    supplier = Supplier([], [esim_row(1)])
    async with copies_of(store, supplier) as copies:
        await copies.sync.begin("supplier")
        with pytest.raises(PullRuns):
            await copies.sync.begin("supplier")
        await copies.end()
        with pytest.raises(UnknownSource):
            await copies.sync.begin("other")


async def test_a_stale_copy_refuses_messages_of_its_account_only(store):
    supplier = Supplier([], [esim_row(1)])
    wanted = {"stale_after_s": 3600, "when_stale": "refuse"}
    async with copies_of(store, supplier, **wanted) as copies:
        find = copies.sync.find_refusal
        assert find(Account(1, "other", "another-secret")) is None
        assert find(copies.account).detail == "The copy of supplier was never made."
        await copies.pull()
        assert find(copies.account) is None
        copies.now_ms += HOUR_MS + 1
        assert find(copies.account).detail == "The copy of supplier is 3600 s old."


async def test_one_stale_copy_of_two_refuses_messages_of_their_account(store):
    supplier = Supplier([], [esim_row(1)])
    wanted = {"stale_after_s": 3600, "when_stale": "refuse"}
    async with copies_of(store, supplier, others=["second"], **wanted) as copies:
        await copies.pull()
        assert copies.sync.find_refusal(copies.account).detail == (
            "The copy of second was never made."
        )
        await copies.sync.begin("second")
        await copies.end("second")
        assert copies.sync.find_refusal(copies.account) is None
        copies.now_ms += HOUR_MS + 1
        await copies.sync.begin("second")
        await copies.end("second")
        assert copies.sync.find_refusal(copies.account).detail == (
            "The copy of supplier is 3600 s old."
        )


async def test_an_account_that_does_not_exist_is_the_problem_of_the_pull(store):
    supplier = Supplier([], [esim_row(1)])
    async with copies_of(store, supplier, account="nobody") as copies:
        state = await copies.pull()
    assert "account" in state.problem
