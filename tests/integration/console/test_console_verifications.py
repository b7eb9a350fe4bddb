"""One-time codes in the console and in the lists of the API: never a code."""

import re

from simpost.domain.console_users import ConsoleRole
from tests.integration.api.conftest import GOOD
from tests.integration.console.conftest import BOTH_STORES, signed_in, text_of

pytestmark = BOTH_STORES
VIEWER, SUPPORT, SENDER, ADMIN = ConsoleRole
PAGE = "/console/verifications"
DEMO = ("demo", "demo-secret")
OTHER = "26010100000006"


async def start(browser, number=GOOD, purpose="login"):
    body = {"esimTranNo": number, "purpose": purpose}
    response = await browser.client.post("/v1/verifications", json=body, auth=DEMO)
    assert response.status_code == 201, response.text
    return response.json()["id"]


async def end(browser, id_):
    """Cancel it."""
    await browser.client.delete(f"/v1/verifications/{id_}", auth=DEMO)


async def api(browser, path):
    response = await browser.client.get(f"/v1/{path}", auth=DEMO)
    assert response.status_code == 200
    return response.json()


async def test_the_page_lists_what_the_api_lists_and_no_code(services, browser):
    first, second = await start(browser), await start(browser, OTHER, "pay")
    await end(browser, first)
    found = await api(browser, "verifications")
    assert [each["id"] for each in found["verifications"]] == [second, first]
    found = await api(browser, "verifications?state=cancelled")
    assert [each["id"] for each in found["verifications"]] == [first]
    found = await api(browser, f"verifications?esimTranNo={OTHER}&limit=1")
    assert [each["id"] for each in found["verifications"]] == [second]
    await signed_in(browser, VIEWER)
    page = await browser.get(f"{PAGE}?account=demo")
    assert "cancelled" in text_of(page)
    assert page.text.count("/console/messages/") == 2
    queued = await services.store.routing.queued_messages("down", after=None, limit=9)
    codes = {digits for each in queued for digits in re.findall(r"\b\d{6}\b", each.text)}
    assert codes
    assert not any(code in page.text for code in codes)
    page = await browser.get(f"{PAGE}?account=demo&state=cancelled")
    assert "pay" not in text_of(page)
    assert (await browser.get(f"{PAGE}?account=demo&state=lost")).status_code == 422


async def test_pages_of_the_api_go_on_by_a_cursor(browser):
    ids = [await start(browser, number) for number in (GOOD, OTHER)]
    page = await api(browser, "verifications?limit=1")
    rest = await api(browser, f"verifications?limit=1&cursor={page['next']}")
    assert [each["id"] for each in page["verifications"] + rest["verifications"]] == ids[::-1]
    assert rest["next"] is None


async def test_ratios_are_by_prefix_and_hour(browser):
    await start(browser)
    [ratio] = (await api(browser, "verification-ratios"))["ratios"]
    assert ratio["prefix"] == "6681000"
    assert (ratio["started"], ratio["verified"], ratio["unverified"]) == (1, 0, 0)
    assert ratio["ratio"] is None
    await signed_in(browser, VIEWER)
    assert "6681000" in text_of(await browser.get(f"{PAGE}?account=demo"))


async def test_another_account_sees_none_of_them(browser):
    await start(browser)
    other = ("other", "other-secret")
    for path in ("verifications", "verification-ratios"):
        [rows] = [
            value
            for value in (await browser.client.get(f"/v1/{path}", auth=other)).json().values()
            if value is not None
        ]
        assert rows == []
    await signed_in(browser, ADMIN, 2)
    assert GOOD not in (await browser.get(PAGE)).text
    assert (await browser.get(f"{PAGE}?account=demo")).status_code == 404
