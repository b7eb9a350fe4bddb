"""The look-up box, the page of an eSIM and the page of a message."""

import re
from html import unescape
from urllib.parse import quote

import pytest

from simpost.carriers.http import HttpCarrier
from simpost.carriers.smpp import SmppCarrier
from simpost.domain.console_users import ConsoleRole
from simpost.errors import StoreError
from simpost.text.display import visible
from tests.contract.store_facts import plan
from tests.integration.api.conftest import GOOD
from tests.integration.api.test_exchanges import TWILIO, result
from tests.integration.carriers import centre
from tests.integration.carriers.upstream_api import settings_of
from tests.integration.console.conftest import signed_in, text_of

VIEWER, SUPPORT, SENDER, ADMIN = ConsoleRole
SECRET_TEXT = "Your seat is 17A"
NUMBER = "66810000001"  # of GOOD
ESIM = f"/console/esims/demo/{GOOD}"


async def send(browser, text=SECRET_TEXT, number=GOOD, account="demo", **fields):
    """The id of a message that was accepted."""
    body = {"esimTranNo": number, "text": text} | fields
    auth = (account, f"{account}-secret")
    response = await browser.client.post("/v1/messages", json=body, auth=auth)
    assert response.status_code == 202, response.text
    return response.json()["id"]


async def look_up(browser, text):
    """Where the box leads to; `None` if it stays."""
    response = await browser.client.get("/console", params={"q": text}, headers=browser.cookies())
    return response.headers.get("location")


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        f" {GOOD} ",
        f"8988{GOOD}",
        f"8988 {GOOD[:6]} {GOOD[6:]}",
        f"8988-{GOOD}F",
        "66810000001",
        "+66 81 000 0001",
        "0066810000001",
        "ORD1",
    ],
)
async def test_the_box_finds_an_esim_by_whatever_names_it(browser, text):
    await signed_in(browser, VIEWER)
    assert await look_up(browser, text) == ESIM


async def test_the_box_finds_a_message_by_id_and_reference(browser):
    await signed_in(browser, VIEWER)
    id_ = await send(browser, reference="cart 17/&<b>")
    assert await look_up(browser, id_) == f"/console/messages/{id_}"
    assert await look_up(browser, id_.upper()) == f"/console/messages/{id_}"
    assert await look_up(browser, "cart 17/&<b>") == f"/console/messages/{id_}"


async def test_the_box_lists_what_is_named_twice(browser):
    await signed_in(browser, VIEWER)
    page = (await browser.get("/console?q=ORD5")).text
    assert page.count('<a href="/console/esims/demo/') == 2


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "nothing",
        "x" * 500,
        "a\0b",
        "%",
        "'; DROP TABLE parts",
        "01890a5d-ac96-774b-bcce-b302099a8057",
    ],
)
async def test_the_box_says_that_nothing_is_known(browser, text):
    await signed_in(browser, VIEWER)
    response = await browser.client.get("/console", params={"q": text}, headers=browser.cookies())
    assert response.status_code == 200
    assert ("Nothing is known" in response.text) == bool(text.strip())


async def test_the_page_of_an_esim_says_what_can_be_sent(services, browser):
    await signed_in(browser, VIEWER)
    shown = text_of(await browser.get(ESIM))
    for words in ("SMS can be sent to it.", "Thailand", "from the API and from phones", "ENABLED"):
        assert words in shown
    assert "promotion is sent, decided by" in shown
    revoked = text_of(await browser.get("/console/esims/demo/26010100000004"))
    assert "No SMS can be sent to it now." in revoked


async def test_the_page_of_an_esim_has_its_day_and_its_history(services, browser):
    auth = ("demo", "demo-secret")
    event = {"kind": "country_changed", "country": "IN"}
    path = f"/v1/esims/{GOOD}/events"
    assert (await browser.client.post(path, json=event, auth=auth)).status_code == 200
    await send(browser, category="notice")
    await signed_in(browser, VIEWER)
    shown = text_of(await browser.get(ESIM))
    assert re.search(r"Local time \w+day, \d\d:\d\d Asia/Kolkata", shown)
    assert "notice today 1 of 5 sent" in shown
    assert "country changed: IN api applied" in shown


async def test_the_page_of_a_message_says_what_became_of_it(browser):
    await signed_in(browser, VIEWER)
    id_ = await send(browser)
    shown = text_of(await browser.get(f"/console/messages/{id_}"))
    assert "It waits for the carrier down" in shown
    assert "accepted: send" in shown
    assert "carrier: down" in shown  # of the decision


async def test_the_page_of_a_message_has_the_submit_of_each_attempt(services, browser):
    services.carriers._dispatch.add(SmppCarrier(centre.settings(1, name="down")))
    await signed_in(browser, SUPPORT)
    id_ = await send(browser)
    await services.store.queue.record([result(id_)])
    path = f"/console/messages/{id_}"
    hidden = await browser.get(path)
    shown = text_of(hidden)
    assert "part 1, attempt 0 by down (SMPP)" in shown
    assert "submit_sm, built again from the message, with the settings of now" in shown
    assert "destination_addr •••••01" in shown
    assert "short_message (hidden)" in shown
    assert "command_status 0x00000000 (ESME_ROK: No error.)" in shown
    assert "message_id c-1" in shown
    for private in (SECRET_TEXT, SECRET_TEXT.encode().hex(), NUMBER):
        assert private not in hidden.text
    revealed = (await browser.post(f"{path}/reveal")).text
    for private in (SECRET_TEXT, SECRET_TEXT.encode().hex(), NUMBER):
        assert private in revealed


async def test_hosts_of_an_api_are_shown_to_administrators_only(services, browser):
    api = "https://api.example.com"
    services.carriers._dispatch.add(HttpCarrier(settings_of(TWILIO, api)))
    id_ = await send(browser)
    await services.store.queue.record([result(id_)])
    path = f"/console/messages/{id_}"
    for role, sees in ((SUPPORT, False), (ADMIN, True)):
        await signed_in(browser, role)
        assert "api.example.com" not in (await browser.get(path)).text
        revealed = (await browser.post(f"{path}/reveal")).text
        assert ("api.example.com" in revealed) is sees
        assert "hush-hush-key" not in revealed
        assert SECRET_TEXT in revealed


@pytest.mark.parametrize("role", [SUPPORT, SENDER, ADMIN])
async def test_a_text_and_a_number_are_shown_only_after_an_audit_row(services, browser, role):
    user = (await signed_in(browser, role)).services
    id_ = await send(browser)
    for path, action, target in (
        (f"/console/messages/{id_}", "message.reveal", id_),
        (ESIM, "esim.reveal", GOOD),
    ):
        hidden = (await browser.get(path)).text
        assert SECRET_TEXT not in hidden
        assert NUMBER not in hidden
        assert "(hidden: 16 characters)" in hidden
        assert await user.store.console.list_audit(1, before=None, limit=1) == [] or (
            action == "esim.reveal"
        )
        revealed = (await browser.post(f"{path}/reveal")).text
        assert SECRET_TEXT in revealed
        assert NUMBER in revealed
        [row] = await services.store.console.list_audit(1, before=None, limit=1)
        assert (row.action, row.target, row.user) == (action, target, f"{role.value}-all")


async def test_nothing_is_revealed_if_the_audit_log_cannot_be_written(
    services, browser, monkeypatch
):
    async def fail(*_args, **_fields):
        raise StoreError

    await signed_in(browser, ADMIN)
    id_ = await send(browser)
    monkeypatch.setattr(services.console_users, "audit", fail)
    response = await browser.post(f"/console/messages/{id_}/reveal")
    assert response.status_code == 503
    assert SECRET_TEXT not in response.text


async def test_a_viewer_reveals_nothing(services, browser):
    await signed_in(browser, VIEWER)
    id_ = await send(browser)
    page = await browser.get(f"/console/messages/{id_}")
    assert "/reveal" not in page.text
    response = await browser.post(f"/console/messages/{id_}/reveal")
    assert response.status_code == 403
    assert SECRET_TEXT not in response.text
    assert await services.store.console.list_audit(None, before=None, limit=9) == []


async def test_a_one_time_code_is_never_shown(services, browser):
    await signed_in(browser, ADMIN)
    auth = ("demo", "demo-secret")
    begun = await browser.client.post(
        "/v1/verifications", json={"esimTranNo": GOOD, "purpose": "login"}, auth=auth
    )
    assert begun.status_code in (200, 201, 202), begun.text
    log = await browser.client.get("/v1/messages", auth=auth)
    [message] = log.json()["messages"]
    page = await browser.post(f"/console/messages/{message['id']}/reveal")
    assert "(a one-time code)" in page.text
    assert "(a one-time code)" in (await browser.post(f"{ESIM}/reveal")).text


async def test_two_accounts_see_nothing_of_each_other(services, open_browser):
    mine = await signed_in(open_browser(), ADMIN, 1)
    other = await signed_in(open_browser(), ADMIN, 2)
    id_ = await send(mine, reference="cart-17")
    for path in (f"/console/messages/{id_}", ESIM):
        assert (await mine.get(path)).status_code == 200
        for response in (await other.get(path), await other.post(f"{path}/reveal")):
            assert response.status_code == 404
            unknown = await other.get("/console/messages/01900000-0000-7000-8000-000000000000")
            assert text_of(response) == text_of(unknown)
        assert (await mine.post(f"{path}/reveal")).status_code == 200
    for text in (GOOD, id_, NUMBER, "ORD1", "cart-17"):
        assert await look_up(mine, text)
        assert await look_up(other, text) is None
    assert GOOD in (await mine.get("/console/audit")).text
    assert GOOD not in (await other.get("/console/audit")).text


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg/onload=alert(1)>",
    "</textarea><script>alert(1)</script>",
    "{{ 7 * 7 }}{% raw %}",
    "${7*7}<%= 7*7 %>",
    "javascript:alert(1)",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "<a hx-get=/console/audit hx-trigger=load>x</a>",
    "<style>*{display:none}</style>",
    "\u202e<b>reversed</b>",
]


@pytest.mark.parametrize("hostile", HOSTILE)
async def test_what_others_wrote_is_shown_as_text(services, browser, hostile):
    await signed_in(browser, ADMIN)
    await services.store.catalogue.save_plans([plan("P-TH", document={"name": hostile})])
    id_ = await send(browser, hostile, reference=hostile if hostile.isascii() else "r")
    found = {"q": f"x{hostile}"}
    pages = [
        await browser.post(f"/console/messages/{id_}/reveal"),
        await browser.post(f"{ESIM}/reveal"),
        await browser.client.get("/console", params=found, headers=browser.cookies()),
        await browser.get(f"/console/esims/demo/{quote(hostile, safe='')}"),
        await browser.sign_in(hostile, hostile),
    ]
    for page in pages:
        assert "<script>alert" not in page.text
        for tag in ("<img", "<svg", "<style", "<a hx", "<b>", "onload=alert(1)>", "<script>"):
            assert tag not in page.text
    shown = unescape(pages[0].text)
    assert visible(hostile) in shown
    assert "\u202e" not in shown
