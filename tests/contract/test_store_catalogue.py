import asyncio

import msgspec
import pytest

from simpost.domain.accounts import Account, AccountChange, Dialect
from simpost.domain.code_budgets import CodeBudget
from simpost.domain.code_policy import CodePolicy
from simpost.domain.esims import Esim
from simpost.domain.messages import Category
from simpost.domain.policy.budgets import Budget
from simpost.errors import InvalidRequest
from simpost.ports.store import EsimFilter, EsimSearch, PlanFilter, PriceRow
from tests.contract.store_facts import DAY_MS, NOW_MS, esim, message, plan

# eSIMs.


async def find(store, account_id=1, tran_no=None, iccid=None):
    return await store.catalogue.find_esim(account_id, esim_tran_no=tran_no, iccid=iccid)


async def test_an_esim_is_found_with_the_sms_status_of_its_plan(store):
    await store.catalogue.save_plans([plan(sms_status=2)])
    await store.catalogue.save_esims(1, [esim()])
    assert await find(store, tran_no="23072017992029") == Esim(
        esim_tran_no="23072017992029",
        iccid="8985200000000000001",
        msisdn="66812345678",
        imsi="454000000000001",
        smdp_status="ENABLED",
        esim_status="IN_USE",
        sms_status=2,
        package_code="PKG-TH-01",
        slug="TH_1_7",
        coverage="TH",
    )


@pytest.mark.parametrize(
    ("own", "plans", "effective"),
    [(None, 1, 1), (0, 1, 0), (2, 0, 2), (None, None, None), (1, None, 1)],
)
async def test_an_esims_own_sms_status_goes_before_its_plans(store, own, plans, effective):
    if plans is not None:
        await store.catalogue.save_plans([plan(sms_status=plans)])
    await store.catalogue.save_esims(1, [esim(sms_status=own)])
    assert (await find(store, tran_no="23072017992029")).sms_status == effective
    [row], _ = await store.catalogue.query_esims(1, EsimFilter())
    assert row.sms_status == (effective or 0)


async def test_an_esim_may_name_its_plan_by_slug(store):
    await store.catalogue.save_plans([plan()])
    await store.catalogue.save_esims(1, [esim(package_code="TH_1_7")])
    found = await find(store, tran_no="23072017992029")
    assert (found.sms_status, found.package_code, found.slug) == (1, "PKG-TH-01", "TH_1_7")


async def test_an_esim_without_a_plan_does_not_find_one_without_a_slug(store):
    await store.catalogue.save_plans([plan(slug="")])
    await store.catalogue.save_esims(1, [esim(package_code="")])
    assert (await find(store, tran_no="23072017992029")).sms_status is None


async def test_an_iccid_finds_the_newest_esim_that_has_it(store):
    await store.catalogue.save_esims(1, [esim("new", created_ms=NOW_MS + 1), esim("old")])
    assert (await find(store, iccid="8985200000000000001")).esim_tran_no == "new"


async def test_number_and_iccid_find_an_esim_only_if_they_agree(store):
    await store.catalogue.save_esims(1, [esim("a"), esim("b", iccid="8985200000000000002")])
    assert (await find(store, tran_no="a", iccid="8985200000000000001")).esim_tran_no == "a"
    assert await find(store, tran_no="a", iccid="8985200000000000002") is None


async def test_an_account_finds_its_own_esims_only(store):
    await store.catalogue.save_esims(1, [esim()])
    assert await find(store, 2, tran_no="23072017992029") is None
    assert await find(store, 2, iccid="8985200000000000001") is None
    assert await store.catalogue.query_esims(2, EsimFilter()) == ([], 0)


async def test_nothing_given_finds_nothing(store):
    await store.catalogue.save_esims(1, [esim(iccid="")])
    assert await find(store) is None
    assert await find(store, tran_no="other") is None


async def test_saving_esims_again_replaces_them(store):
    assert await store.catalogue.save_esims(1, [esim(), esim("other")]) == []
    changed = esim(esim_status="CANCEL", sms_status=2, document={"esimTranNo": "changed"})
    for _ in range(2):
        assert await store.catalogue.save_esims(1, [changed]) == []
    rows, count = await store.catalogue.query_esims(1, EsimFilter(esim_tran_no="23072017992029"))
    assert (rows, count) == ([changed], 1)
    assert (await store.catalogue.query_esims(1, EsimFilter()))[1] == 2


async def test_an_esim_of_another_account_is_named_and_left_alone(store):
    await store.catalogue.save_esims(1, [esim("theirs", esim_status="IN_USE")])
    foreign = await store.catalogue.save_esims(
        2, [esim("ours"), esim("theirs", esim_status="CANCEL")]
    )
    assert foreign == ["theirs"]
    assert (await find(store, 1, tran_no="theirs")).esim_status == "IN_USE"
    assert (await find(store, 2, tran_no="ours")) is not None


async def test_esims_are_queried_oldest_first_in_pages_with_the_count_of_all(store):
    await store.catalogue.save_esims(
        1, [esim(f"e{index}", created_ms=NOW_MS + index * DAY_MS) for index in (3, 1, 4, 0, 2)]
    )
    rows, count = await store.catalogue.query_esims(1, EsimFilter(offset=1, limit=2))
    assert ([row.esim_tran_no for row in rows], count) == (["e1", "e2"], 5)


async def test_esims_are_queried_by_every_field_and_all_of_them(store):
    one = esim("one", order_no="B-1", iccid="8985200000000000007", created_ms=NOW_MS)
    two = esim("two", order_no="B-1", created_ms=NOW_MS + DAY_MS)
    await store.catalogue.save_plans([plan(sms_status=0)])
    await store.catalogue.save_esims(1, [one, two, esim("three", created_ms=NOW_MS + 2 * DAY_MS)])

    async def names(**which):
        return [
            row.esim_tran_no
            for row in (await store.catalogue.query_esims(1, EsimFilter(**which)))[0]
        ]

    assert await names(order_no="B-1") == ["one", "two"]
    assert await names(iccid="8985200000000000007") == ["one"]
    assert await names(esim_tran_no="two") == ["two"]
    assert await names(from_ms=NOW_MS + 1, to_ms=NOW_MS + DAY_MS) == ["two"]
    assert await names(order_no="B-1", from_ms=NOW_MS + DAY_MS) == ["two"]
    assert await names(order_no="none") == []


async def test_an_empty_batch_is_saved(store):
    await store.catalogue.save_plans([])
    assert await store.catalogue.save_esims(1, []) == []


def given(row, **changes):
    names = frozenset(changes) - {"document"}
    return msgspec.structs.replace(row, given=names, **{"document": {}, **changes})


async def test_two_partial_importers_at_once_lose_nothing(store):
    bare = esim("n", iccid="", msisdn="", imsi="", document={})
    for number in range(20):
        row = msgspec.structs.replace(bare, esim_tran_no=f"n{number}")
        states = {"smdp_status": "ENABLED", "esim_status": "IN_USE"}
        one = given(row, iccid="8985200000000000002", document={"iccid": "8985"}, **states)
        other = given(row, msisdn="4915112345678", document={"msisdn": "49"}, **states)
        await asyncio.gather(
            store.catalogue.merge_esims(1, [one]), store.catalogue.merge_esims(1, [other])
        )
    rows, _ = await store.catalogue.query_esims(1, EsimFilter(limit=50))
    assert len(rows) == 20
    for row in rows:
        assert (row.iccid, row.msisdn) == ("8985200000000000002", "4915112345678")
        assert row.document == {"iccid": "8985", "msisdn": "49"}


async def test_a_merge_counts_what_it_did(store):
    known, other = esim("known"), esim("theirs")
    await store.catalogue.save_esims(1, [known])
    await store.catalogue.save_esims(2, [other])
    lacking = esim("lacking", smdp_status="", given=frozenset())
    saved = await store.catalogue.merge_esims(
        1, [known, esim("new"), given(known, imsi="454000000000009"), other, lacking]
    )
    assert (saved.added, saved.changed, saved.unchanged) == (1, 1, 1)
    assert (saved.foreign, saved.incomplete, saved.plan_unknown) == (["theirs"], [4], 2)
    await store.catalogue.save_plans([plan()])
    assert (await store.catalogue.merge_esims(1, [known])).plan_unknown == 0
    assert await find(store, tran_no="lacking") is None


async def test_of_rows_with_one_key_only_the_incomplete_one_is_reported(store):
    lacking = esim("twice", smdp_status="", given=frozenset())
    saved = await store.catalogue.merge_esims(1, [esim("a"), lacking, esim("twice"), lacking])
    assert (saved.incomplete, saved.added, saved.unchanged) == ([1], 2, 1)
    assert (await find(store, tran_no="twice")).smdp_status == "ENABLED"
    bare = msgspec.structs.replace(plan("twice"), sms_status=0, given=frozenset())
    saved = await store.catalogue.merge_plans([plan("a"), bare, plan("twice"), bare])
    assert (saved.incomplete, saved.added, saved.unchanged) == ([1], 2, 1)


async def test_a_retired_esim_is_kept_and_marked_until_it_is_restored(store):
    await store.catalogue.save_plans([plan()])
    await store.catalogue.save_esims(1, [esim("a"), esim("b", created_ms=NOW_MS + 1)])
    assert await store.catalogue.retire_esims(["b", "none"], now_ms=NOW_MS) == 1
    assert await store.catalogue.retire_esims(["b"], now_ms=NOW_MS) == 0
    assert (await find(store, tran_no="b")).retired
    assert (await find(store, iccid="8985200000000000001")).esim_tran_no == "a"
    await store.catalogue.merge_esims(1, [given(esim("b"), imsi="454000000000009")])
    await store.catalogue.save_esims(1, [esim("b")])
    assert (await find(store, tran_no="b")).retired
    assert await store.catalogue.retire_esims(["b"], now_ms=None) == 1
    assert not (await find(store, tran_no="b")).retired


async def test_esims_of_all_accounts_are_searched_by_any_number(store):
    for code in ("one", "two"):
        await store.accounts.add_account(with_id(SHOP, 0, access_code=code))
    one = esim("a", iccid="8985200000000000007", msisdn="1111", imsi="2222", order_no="O-1")
    await store.catalogue.save_esims(1, [one])
    await store.catalogue.save_esims(2, [esim("b", iccid="8985", msisdn="", imsi="", order_no="")])

    async def names(**which):
        return [
            row.esim_tran_no for _, row in await store.catalogue.search_esims(EsimSearch(**which))
        ]

    assert await names() == ["a", "b"]
    assert await names(after="a") == ["b"]
    assert await names(account_id=2) == ["b"]
    for number in ("a", "8985200000000000007", "1111", "2222", "O-1"):
        assert await names(number=number) == ["a"]
        assert await names(number=number, account_id=2) == []
    await store.catalogue.retire_esims(["a"], now_ms=NOW_MS)
    assert (await names(retired=True), await names(retired=False)) == (["a"], ["b"])


async def test_a_deleted_esim_is_gone_and_its_messages_stay(store):
    await store.catalogue.save_esims(1, [esim()])
    sent = message()
    await store.queue.accept(sent)
    assert await store.catalogue.delete_esim("23072017992029")
    assert not await store.catalogue.delete_esim("23072017992029")
    assert await find(store, tran_no="23072017992029") is None
    assert (await store.log.find_message(1, sent.id)).esim_tran_no == "23072017992029"


async def test_a_retired_plan_is_not_on_sale_and_still_counts_for_its_esims(store):
    await store.catalogue.save_plans([plan()])
    await store.catalogue.save_esims(1, [esim()])
    assert await store.catalogue.retire_plans(["PKG-TH-01"], now_ms=NOW_MS) == 1
    assert await store.catalogue.list_plans(PlanFilter()) == []
    assert (await find(store, tran_no="23072017992029")).sms_status == 1
    assert [one.retired for one in await store.catalogue.all_plans(after="", limit=9)] == [True]
    await store.catalogue.save_plans([plan("TH-NEW")])
    assert (await store.catalogue.find_plan("TH_1_7")).package_code == "TH-NEW"
    assert (await store.catalogue.find_plan("PKG-TH-01")).retired
    assert await store.catalogue.delete_plan("TH-NEW")
    assert await store.catalogue.delete_plan("PKG-TH-01")
    assert not await store.catalogue.delete_plan("PKG-TH-01")
    assert (await find(store, tran_no="23072017992029")).sms_status is None


SECRETS = {
    "ac": "LPA:1$rsp.example.com$SECRET-CODE",
    "pin": "4711",
    "puk": "47110815",
    "qrCodeUrl": "https://qr.example.com/SECRET-CODE.png",
    "shortUrl": "https://qr.example.com/SECRET-CODE",
}


@pytest.mark.parametrize("verb", ["save_esims", "merge_esims"])
async def test_what_installs_an_esim_is_sealed_and_read_by_its_account_alone(store, verb):
    row = esim(document={**SECRETS, "apn": "internet", "eid": ""})
    await getattr(store.catalogue, verb)(1, [row])
    [(_, kept)] = await store.catalogue.search_esims(EsimSearch())
    assert all(text not in str(kept.document) for text in (*SECRETS.values(), "SECRET-CODE"))
    assert kept.document["apn"] == "internet"
    [read], _ = await store.catalogue.query_esims(1, EsimFilter())
    assert read.document == row.document
    assert (await store.catalogue.merge_esims(1, [row])).unchanged == 1
    states = given(row, esim_status="CANCEL")
    assert (await store.catalogue.merge_esims(1, [states])).changed == 1
    [read], _ = await store.catalogue.query_esims(1, EsimFilter())
    assert read.document == row.document


# Plans.


async def test_a_plan_is_found_by_code_before_slug(store):
    first, second = plan("A", slug="B"), plan("B", slug="C")
    await store.catalogue.save_plans([first, second])
    assert await store.catalogue.find_plan("B") == second
    assert await store.catalogue.find_plan("C") == second
    assert await store.catalogue.find_plan("A") == first
    assert await store.catalogue.find_plan("D") is None
    assert await store.catalogue.find_plan("") is None


async def test_saving_plans_again_replaces_them(store):
    changed = plan(sms_status=2, document={"price": 1})
    await store.catalogue.save_plans([plan()])
    for _ in range(2):
        await store.catalogue.save_plans([changed])
    assert await store.catalogue.list_plans(PlanFilter()) == [changed]


async def test_plans_are_listed_by_every_field(store):
    await store.catalogue.save_plans(
        [
            plan("TH", data_type=1),
            plan("EU", slug="EU-3_1_7", location="FR,DE,TH", data_type=2),
            plan("GL", slug="GL-120_1_7", location="FR,DE,TH,US", data_type=4),
            plan("TOPUP_TH", slug="TH_1_7", type="TOPUP"),
        ]
    )

    async def codes(**which):
        return sorted(
            one.package_code for one in await store.catalogue.list_plans(PlanFilter(**which))
        )

    assert await codes() == ["EU", "GL", "TH"]
    assert await codes(location="TH") == ["EU", "GL", "TH"]
    assert await codes(location="US") == ["GL"]
    assert await codes(location="!RG") == ["EU"]
    assert await codes(location="!GL") == ["GL"]
    assert await codes(location="T") == []
    assert await codes(type="TOPUP") == ["TOPUP_TH"]
    assert await codes(package_code="EU") == ["EU"]
    assert await codes(slug="TH_1_7") == ["TH"]
    assert await codes(data_types=(2, 4)) == ["EU", "GL"]
    assert await codes(data_types=()) == []


async def test_prices_are_an_accounts_own_and_of_known_plans(store):
    await store.catalogue.save_plans([plan("A", slug="S"), plan("B")])
    one, two = PriceRow("A", 45_000, 60_000), PriceRow("B", 2**40)
    saved = await store.catalogue.save_prices(1, [one, PriceRow("S", 1), two, one])
    assert (saved.added, saved.unchanged, saved.incomplete) == (2, 1, [1])
    assert await store.catalogue.list_prices(1) == {"A": one, "B": two}
    assert await store.catalogue.list_prices(2) == {}
    none = PriceRow("A", None)
    saved = await store.catalogue.save_prices(1, [none, none, PriceRow("B", 1), PriceRow("B", 2)])
    assert (saved.added, saved.changed, saved.unchanged) == (0, 3, 1)
    assert await store.catalogue.list_prices(1) == {"B": PriceRow("B", 2)}


# Accounts.

SHOP = Account(
    id=0,
    access_code="shop",
    secret="s3cret-in-clear",
    name="The Shop",
    dialect=Dialect.ESIM_ACCESS,
    access_code_only=True,
    ip_allow=("192.0.2.0/24", "2001:db8::/32"),
    requests_per_s=2.5,
    category=Category.CODE,
    webhook="https://shop.example/hook",
    enabled=False,
)


def with_id(account, account_id, **changes):
    facts = {name: getattr(account, name) for name in account.__struct_fields__}
    return Account(**{**facts, "id": account_id, **changes})


async def test_an_account_comes_back_as_it_was_added(opening):
    async with opening() as store:
        account_id = await store.accounts.add_account(SHOP)
    async with opening() as store:
        assert await store.accounts.list_accounts() == [with_id(SHOP, account_id)]


async def test_an_access_code_is_taken_once(store):
    first = await store.accounts.add_account(SHOP)
    with pytest.raises(InvalidRequest, match="shop"):
        await store.accounts.add_account(SHOP)
    second = await store.accounts.add_account(with_id(SHOP, 0, access_code="other"))
    assert first != second


CHANGES = {
    "secret": "another-secret-of-the-shop",
    "name": "Shop 2",
    "dialect": Dialect.HIROAMING,
    "access_code_only": not SHOP.access_code_only,
    "ip_allow": (),
    "requests_per_s": 0.0,
    "category": Category.NOTICE,
    "webhook": "",
    "enabled": not SHOP.enabled,
    "look_alikes": not SHOP.look_alikes,
    "events": not SHOP.events,
    "language": "pt-BR",
    "detect_codes": True,
    "budgets": (Budget("", 100, 2000), Budget("66", month=50)),
    "code_policy": CodePolicy(digits=8, sender="Acme", sends_per_day={CodeBudget.ACCOUNT: 5}),
}
OTHERWISE_CHANGED = {"choices", "open_hours"}
"""Defaults of its eSIMs: preferences of the recipient without an eSIM."""


def change(account_id, **fields):
    return AccountChange(id=account_id, access_code="shop", **fields)


def test_every_field_of_an_account_but_its_code_can_be_changed():
    assert set(CHANGES) == (
        set(Account.__struct_fields__) - {"id", "access_code"} - OTHERWISE_CHANGED
    )
    assert all(value != getattr(SHOP, name) for name, value in CHANGES.items())


@pytest.mark.parametrize("field", CHANGES)
async def test_a_change_of_one_field_leaves_the_others_alone(store, field):
    account_id = await store.accounts.add_account(SHOP)
    await store.accounts.change_account(change(account_id, **{field: CHANGES[field]}))
    assert await store.accounts.list_accounts() == [
        with_id(SHOP, account_id, **{field: CHANGES[field]})
    ]


async def test_of_changes_of_different_fields_at_once_none_is_lost(store):
    account_id = await store.accounts.add_account(SHOP)
    changes = [change(account_id, **{field: value}) for field, value in CHANGES.items()]
    await asyncio.gather(*(store.accounts.change_account(one) for one in changes))
    assert await store.accounts.list_accounts() == [with_id(SHOP, account_id, **CHANGES)]


async def test_an_account_that_does_not_exist_cannot_be_changed(store):
    with pytest.raises(InvalidRequest):
        await store.accounts.change_account(change(99, enabled=True))


async def test_an_esim_looked_up_before_is_found_as_it_is_now(store):
    assert await find(store, tran_no="23072017992029") is None
    await store.catalogue.save_esims(1, [esim()])
    assert (await find(store, tran_no="23072017992029")).esim_status == "IN_USE"
    await store.catalogue.save_esims(1, [esim(esim_status="CANCEL")])
    assert (await find(store, tran_no="23072017992029")).esim_status == "CANCEL"
    assert (await find(store, tran_no="23072017992029")).sms_status is None
    await store.catalogue.save_plans([plan(sms_status=2)])
    assert (await find(store, tran_no="23072017992029")).sms_status == 2


async def test_the_version_of_plans_is_another_after_each_change(store):
    first, second = plan(), plan("TH-NEW", slug="")
    seen = [await store.catalogue.plans_version()]

    async def is_new():
        seen.append(await store.catalogue.plans_version())
        assert len(set(seen)) == len(seen)

    await store.catalogue.save_plans([first, second])
    await is_new()
    await store.catalogue.merge_plans([msgspec.structs.replace(first, sms_status=2)])
    await is_new()
    await store.catalogue.retire_plans([second.package_code], now_ms=NOW_MS)
    await is_new()
    await store.catalogue.retire_plans([second.package_code], now_ms=None)
    await is_new()
    assert await store.catalogue.delete_plan(second.package_code)
    await is_new()
    await store.catalogue.save_plans([second])
    await is_new()
    await store.catalogue.save_esims(1, [esim()])
    assert await store.catalogue.plans_version() == seen[-1]


async def test_many_plans_and_esims_are_listed_like_few(store):
    plans = [plan(f"P-{number:03}", slug="") for number in range(120)]
    esims = [esim(f"2601{number:010}", iccid=f"8985{number:015}") for number in range(120)]
    await store.catalogue.save_plans(plans)
    await store.catalogue.save_esims(1, esims)
    assert await store.catalogue.list_plans(PlanFilter()) == plans
    found, total = await store.catalogue.query_esims(1, EsimFilter(limit=500))
    assert (found[7].esim_tran_no, len(found), total) == ("26010000000007", 120, 120)
    assert found[7].document == esims[7].document


async def test_a_number_names_the_esims_of_the_account_that_are_in_use(store):
    await store.catalogue.save_esims(1, [esim("A", msisdn="661"), esim("B", msisdn="661")])
    await store.catalogue.save_esims(2, [esim("C", msisdn="661"), esim("D", msisdn="")])
    assert sorted(await store.catalogue.esims_of_number(1, "661")) == ["A", "B"]
    assert await store.catalogue.esims_of_number(2, "661") == ["C"]
    assert await store.catalogue.esims_of_number(2, "") == []
    await store.catalogue.retire_esims(["A"], now_ms=1)
    assert await store.catalogue.esims_of_number(1, "661") == ["B"]
    await store.catalogue.retire_esims(["B"], now_ms=1)
    assert len(await store.catalogue.esims_of_number(1, "661")) == 1
