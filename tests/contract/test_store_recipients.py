"""Recipients: what they want, how that changed, and that the look-up of the eSIM shows it."""

import asyncio

import pytest
from msgspec.structs import replace

from simpost.domain.accounts import Account
from simpost.domain.messages import Category
from simpost.domain.policy.preference_changes import DEFAULTS, PreferenceChange, Way
from simpost.domain.policy.quotas import Quota, QuotaReached
from simpost.domain.reasons import Reason
from simpost.ports.store.inbound import Duplicate, NewInbound
from simpost.ports.store.recipients import Flag, Recipient
from tests.contract.inbound_facts import alone, inbound
from tests.contract.store_facts import NOW_MS, enter_country, esim, message, new_id, plan

pytestmark = pytest.mark.asyncio

TRAN_NO = "23072017992029"
STOP = {Category.NOTICE: False, Category.PROMOTION: False}


def change(esim_tran_no=TRAN_NO, *, account_id=1, way=Way.API, at_ms=NOW_MS, **wanted):
    return PreferenceChange(
        id=new_id(at_ms),
        account_id=account_id,
        esim_tran_no=esim_tran_no,
        way=way,
        at_ms=at_ms,
        **wanted,
    )


async def found(store, account_id=1):
    return await store.catalogue.find_esim(account_id, esim_tran_no=TRAN_NO, iccid=None)


async def history(store, account_id=1, esim_tran_no=TRAN_NO, limit=50):
    return await store.recipients.list_changes(account_id, esim_tran_no, before=None, limit=limit)


async def saved_esim(store):
    await store.catalogue.save_plans([plan()])
    await store.catalogue.save_esims(1, [esim()])


async def add_account(store, **fields):
    return await store.accounts.add_account(Account(0, "shop", "shop-secret", **fields))


async def test_nothing_is_known_of_most_recipients(store):
    await saved_esim(store)
    assert await store.recipients.find_recipient(1, TRAN_NO) is None
    one = await found(store)
    assert (one.country, one.language, one.choices, one.open_hours) == ("", "", "", "")


async def test_a_change_is_part_of_the_next_look_up(store):
    await saved_esim(store)
    assert (await found(store)).choices == ""
    for wanted in (False, True):
        await store.recipients.change_preferences(
            change(choices={Category.PROMOTION: wanted}, language="fr", open_hours="always")
        )
        shown = await found(store)
        assert shown.choices == f"promotion={'yes' if wanted else 'no'}"
        assert (shown.language, shown.open_hours) == ("fr", "always")


async def test_the_country_is_saved_beside_the_preferences(store):
    await saved_esim(store)
    await enter_country(store, TRAN_NO, "FR")
    await store.recipients.change_preferences(change(language="fr"))
    await enter_country(store, TRAN_NO, "JP")
    assert await store.recipients.find_recipient(1, TRAN_NO) == Recipient(1, TRAN_NO, "JP", "fr")
    assert ((await found(store)).country, (await found(store)).language) == ("JP", "fr")


async def test_the_look_up_has_the_coverage_of_the_plan(store):
    await saved_esim(store)
    assert (await found(store)).coverage == plan().location


async def test_a_recipient_of_another_account_is_not_found(store):
    await saved_esim(store)
    await store.recipients.change_preferences(change(account_id=2, language="fr"))
    assert await store.recipients.find_recipient(1, TRAN_NO) is None
    assert (await found(store)).language == ""
    assert await history(store) == []


async def test_the_history_says_what_changed_who_changed_it_and_when(store):
    first = change(choices={Category.PROMOTION: False}, actor="shop", words="no ads")
    second = change(language="fr", way=Way.LINK, at_ms=NOW_MS + 1)
    for each in (first, second):
        await store.recipients.change_preferences(each)
    newest, oldest = await history(store)
    assert (newest.id, newest.way, newest.actor, newest.at_ms) == (
        second.id,
        Way.LINK,
        "",
        NOW_MS + 1,
    )
    assert newest.differences == {"language": {"from": None, "to": "fr"}}
    assert (oldest.actor, oldest.words) == ("shop", "no ads")
    assert oldest.differences == {"promotion": {"from": None, "to": False}}
    before = await store.recipients.list_changes(1, TRAN_NO, before=newest.id, limit=5)
    assert [each.id for each in before] == [first.id]


async def test_a_change_that_changes_nothing_is_not_recorded(store):
    for _ in range(2):
        await store.recipients.change_preferences(change(choices={Category.PROMOTION: False}))
    assert len(await history(store)) == 1


async def test_a_traveller_who_confirms_a_choice_is_recorded_once(store):
    await store.recipients.change_preferences(change(choices=STOP))
    for _ in range(2):
        await store.recipients.change_preferences(change(choices=STOP, way=Way.HANDSET))
    assert [each.way for each in await history(store)] == [Way.HANDSET, Way.API]


async def test_an_import_leaves_the_choices_of_the_traveller(store):
    await store.recipients.change_preferences(
        change(choices={Category.PROMOTION: False}, way=Way.HANDSET)
    )
    yes = {Category.PROMOTION: True, Category.NOTICE: True}
    differences = await store.recipients.change_preferences(change(choices=yes, way=Way.IMPORT))
    assert differences == {"notice": {"from": None, "to": True}}
    one = await store.recipients.find_recipient(1, TRAN_NO)
    assert (one.choices, one.own_choices) == ("notice=yes promotion=no", "promotion")
    await store.recipients.change_preferences(change(choices=yes))
    assert (await store.recipients.find_recipient(1, TRAN_NO)).choices == (
        "notice=yes promotion=yes"
    )


async def test_changes_at_the_same_time_are_merged(store):
    categories = (Category.SERVICE, Category.SUPPORT, Category.NOTICE, Category.PROMOTION)
    async with asyncio.TaskGroup() as tasks:
        for category in categories:
            tasks.create_task(
                store.recipients.change_preferences(change(choices={category: False}))
            )
    one = await store.recipients.find_recipient(1, TRAN_NO)
    assert one.choices == "service=no support=no notice=no promotion=no"


async def test_the_history_of_an_esim_is_bounded(store, monkeypatch):
    monkeypatch.setattr("simpost.store.shared.recipients.MOST_CHANGES", 3)
    for count in range(5):
        await store.recipients.change_preferences(
            change(choices={Category.PROMOTION: bool(count % 2)}, at_ms=NOW_MS + count)
        )
    assert [each.at_ms - NOW_MS for each in await history(store)] == [4, 3, 2]


async def test_the_defaults_of_an_account_come_with_the_account(store):
    account_id = await add_account(store)
    await store.recipients.change_preferences(
        change(
            DEFAULTS,
            account_id=account_id,
            choices={Category.PROMOTION: False},
            open_hours="09:00-18:00",
        )
    )
    [account] = await store.accounts.list_accounts()
    assert (account.choices, account.open_hours) == ("promotion=no", "09:00-18:00")


async def test_a_change_is_an_event_of_an_account_that_keeps_events(store):
    account_id = await add_account(store, events=True)
    await store.recipients.change_preferences(
        change(account_id=account_id, choices={Category.PROMOTION: False}, words="no ads")
    )
    await store.recipients.change_preferences(
        change(DEFAULTS, account_id=account_id, open_hours="always")
    )
    page = await store.events.events_after(account_id, None, limit=10)
    assert [(each.type, each.subject) for each in page.events] == [
        ("preferences.changed", TRAN_NO),
        ("preferences.changed", "defaults"),
    ]
    assert page.events[0].data == {
        "way": "api",
        "differences": {"promotion": {"from": None, "to": False}},
    }


async def test_an_account_without_events_gets_none(store):
    account_id = await add_account(store)
    await store.recipients.change_preferences(change(account_id=account_id, language="de"))
    assert (await store.events.events_after(account_id, None, limit=10)).events == ()


def stop_text(part=None, **changes):
    row = inbound(text="STOP", **changes)
    wanted = change(choices=STOP, way=Way.HANDSET, words="STOP")
    return NewInbound(row, part or alone("STOP"), message(), replace(wanted, id=row.id))


async def test_an_inbound_text_is_committed_with_its_change_and_its_answer(store):
    await saved_esim(store)
    assert (await found(store)).choices == ""
    new = stop_text()
    await store.inbound.save(new)
    assert (await found(store)).choices == "notice=no promotion=no"
    assert [each.id for each in await history(store)] == [new.inbound.id]
    assert await store.log.find_message(1, new.message.id) is not None


async def test_a_duplicate_of_an_inbound_text_changes_nothing(store):
    await store.inbound.save(stop_text())
    again = stop_text(alone("STOP", link=b"link-2", links=(b"link-2",)))
    assert isinstance(await store.inbound.save(again), Duplicate)
    assert len(await history(store)) == 1
    assert await store.log.find_message(1, again.message.id) is None


async def test_the_answer_to_a_text_that_changes_nothing_is_not_committed(store):
    await store.inbound.save(stop_text())
    again = stop_text()
    assert await store.inbound.save(again) is None
    assert await store.inbound.find_inbound(1, again.inbound.id) is not None
    assert await store.log.find_message(1, again.message.id) is None


async def test_an_opt_out_is_committed_when_its_answer_is_beyond_the_budget(store):
    await saved_esim(store)
    spent = Quota("budget:day:", "2026-01-01", 1, 0, Reason.BUDGET_REACHED, NOW_MS)
    new = stop_text()
    new = replace(new, message=replace(new.message, quotas=(spent,)))
    assert await store.inbound.save(new) == QuotaReached(spent, 0)
    assert (await found(store)).choices == "notice=no promotion=no"
    assert await store.log.find_message(1, new.message.id) is None


def flagged(at_ms=NOW_MS, account_id=1):
    row = inbound(at_ms, text="please stop", account_id=account_id)
    flag = Flag(row.id, account_id, TRAN_NO, "please stop", at_ms)
    return NewInbound(row, alone(f"please stop {at_ms}"), flag=flag)


async def flags(store, account_id=1, limit=50):
    return await store.recipients.list_flags(account_id, before=None, limit=limit)


async def test_a_doubtful_text_is_a_flag_until_a_person_closes_it(store):
    account_id = await add_account(store, events=True)
    new = flagged(account_id=account_id)
    await store.inbound.save(new)
    assert await flags(store, account_id) == [new.flag]
    assert await flags(store, account_id + 1) == []
    assert await store.recipients.list_flagged(account_id) == {new.flag.id: TRAN_NO}
    assert await store.recipients.list_flagged(account_id + 1) == {}
    [event] = (await store.events.events_after(account_id, None, limit=10)).events
    assert (event.type, event.subject) == ("preferences.flagged", TRAN_NO)
    assert not await store.recipients.close_flag(account_id + 1, new.flag.id)
    assert await store.recipients.close_flag(account_id, new.flag.id)
    assert not await store.recipients.close_flag(account_id, new.flag.id)
    assert await flags(store, account_id) == []


async def test_the_flags_of_an_account_are_bounded(store, monkeypatch):
    monkeypatch.setattr("simpost.store.shared.recipients.MOST_FLAGS", 3)
    for count in range(5):
        await store.inbound.save(flagged(NOW_MS + count))
    assert [each.at_ms - NOW_MS for each in await flags(store)] == [4, 3, 2]
