"""Recipients: saved, found, and part of the look-up of the eSIM."""

import pytest

from simpost.ports.store.recipients import Recipient
from tests.contract.store_facts import esim, plan

pytestmark = pytest.mark.asyncio

TRAN_NO = "23072017992029"


async def found(store, account_id=1):
    return await store.catalogue.find_esim(account_id, esim_tran_no=TRAN_NO, iccid=None)


async def saved_esim(store):
    await store.catalogue.save_plans([plan()])
    await store.catalogue.save_esims(1, [esim()])


async def test_nothing_is_known_of_most_recipients(store):
    await saved_esim(store)
    assert await store.recipients.find_recipient(1, TRAN_NO) is None
    one = await found(store)
    assert (one.country, one.language, one.choices, one.open_hours) == ("", "", "", "")


async def test_a_saved_recipient_is_part_of_the_next_look_up(store):
    await saved_esim(store)
    assert (await found(store)).country == ""
    for country in ("FR", "JP"):
        one = Recipient(1, TRAN_NO, country, "fr", "promotion=no", "always")
        await store.recipients.save_recipient(one)
        assert await store.recipients.find_recipient(1, TRAN_NO) == one
        shown = await found(store)
        assert (shown.country, shown.language) == (country, "fr")
        assert (shown.choices, shown.open_hours) == ("promotion=no", "always")


async def test_the_look_up_has_the_coverage_of_the_plan(store):
    await saved_esim(store)
    assert (await found(store)).coverage == plan().location


async def test_a_recipient_of_another_account_is_not_found(store):
    await saved_esim(store)
    await store.recipients.save_recipient(Recipient(2, TRAN_NO, "FR"))
    assert await store.recipients.find_recipient(1, TRAN_NO) is None
    assert (await found(store)).country == ""
