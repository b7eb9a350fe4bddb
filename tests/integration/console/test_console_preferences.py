"""What a traveller is sent: shown, changed by support, and how it changed."""

import asyncio

import pytest

from simpost.domain.console_users import ConsoleRole
from simpost.domain.messages import Category
from simpost.domain.policy.preference_changes import Way
from simpost.features.preferences.service import WantedChange
from tests.integration.api.conftest import GOOD
from tests.integration.console.conftest import BOTH_STORES, signed_in, text_of
from tests.integration.console.test_console_lists import actions, confirmation

pytestmark = BOTH_STORES
VIEWER, SUPPORT, SENDER, ADMIN = ConsoleRole
PAGE = f"/console/esims/demo/{GOOD}/preferences"
AS_SHOWN = {
    "was service": "",
    "was support": "",
    "was notice": "",
    "was promotion": "",
    "was language": "",
    "was openHours": "",
}


async def found(services):
    return await services.preferences.find(services.accounts.get("demo"), GOOD)


async def change(browser, **fields):
    asked = await browser.post(PAGE, AS_SHOWN | fields)
    assert asked.status_code == 200, text_of(asked)
    return await browser.post(PAGE, confirmation(asked))


async def test_support_changes_a_choice_and_the_history_names_the_user(services, browser):
    await signed_in(browser, SUPPORT, name="ann")
    fields = {"promotion": "no", "language": "fr", "words": "no <b>more</b> offers"}
    assert (await change(browser, **fields)).status_code == 303
    now = await found(services)
    assert not now.allowances[Category.PROMOTION].allowed
    assert now.language == "fr"
    shown = text_of(await browser.get(PAGE))
    assert "ann api" in shown
    assert "promotion: none → no" in shown
    assert "language: none → fr" in shown
    assert "(hidden: 21 characters)" in shown
    assert "more</b>" not in (await browser.get(PAGE)).text
    assert await actions(services) == ["preferences.change"]


async def test_what_the_form_did_not_change_stays_as_others_left_it(services, browser):
    await signed_in(browser, SUPPORT)
    account = services.accounts.get("demo")
    other = WantedChange(way=Way.HANDSET, choices={Category.NOTICE: False}, open_hours="always")
    await services.preferences.change(account, GOOD, other)
    await change(browser, promotion="no")
    now = await found(services)
    assert not now.allowances[Category.NOTICE].allowed
    assert now.open_hours == "always"
    assert "the traveller handset" in text_of(await browser.get(PAGE))


async def test_a_confirmation_that_is_sent_twice_at_once_changes_once(services, browser):
    await signed_in(browser, SUPPORT)
    confirmed = confirmation(await browser.post(PAGE, AS_SHOWN | {"promotion": "no"}))
    await asyncio.gather(*(browser.post(PAGE, confirmed) for _ in range(4)))
    assert await actions(services) == ["preferences.change"]
    account = services.accounts.get("demo")
    rows = await services.store.recipients.list_changes(account.id, GOOD, before=None, limit=9)
    assert len(rows) == 1


@pytest.mark.parametrize("fields", [{}, {"language": "<b>"}, {"openHours": "never"}])
async def test_a_change_that_is_none_or_not_as_documented_is_refused(services, browser, fields):
    await signed_in(browser, SUPPORT)
    response = await browser.post(PAGE, AS_SHOWN | fields)
    assert response.status_code == 422
    assert "Nothing was changed" in text_of(response)
    assert "<b>" not in response.text
    assert await actions(services) == []


async def test_a_viewer_sees_them_and_changes_nothing(browser):
    await signed_in(browser, VIEWER)
    page = await browser.get(PAGE)
    assert "a code cannot be refused" in text_of(page)
    assert "<select" not in page.text
    assert (await browser.post(PAGE, AS_SHOWN)).status_code == 403


async def test_another_account_sees_nothing_of_them(browser):
    await signed_in(browser, ADMIN, 2)
    assert (await browser.get(PAGE)).status_code == 404
    assert (await browser.post(PAGE, AS_SHOWN | {"promotion": "no"})).status_code == 404
