"""The message log, its filters and exports; stops, nodes, accounts, keys and webhook endpoints."""

import re
from html import unescape
from urllib.parse import quote

import pytest

from simpost.domain.accounts import AccountChange
from simpost.domain.console_users import ConsoleRole
from simpost.domain.messages import Category, format_id
from simpost.domain.webhooks import DeliveryAttempt, DeliveryState, EventDelivery
from tests.integration.api.conftest import GOOD, NOW_MS
from tests.integration.console.conftest import BOTH_STORES, signed_in, text_of

pytestmark = BOTH_STORES
VIEWER, SUPPORT, SENDER, ADMIN = ConsoleRole
MESSAGES = "/console/messages"
OTHER = "26010100000006"


async def send(browser, text="Your seat is 17A", number=GOOD, account="demo", **fields):
    body = {"esimTranNo": number, "text": text} | fields
    auth = (account, f"{account}-secret")
    response = await browser.client.post("/v1/messages", json=body, auth=auth)
    assert response.status_code == 202, response.text
    return response.json()["id"]


def ids_of(page):
    return re.findall(rf'href="{MESSAGES}/([0-9a-f-]{{36}})"', page)


async def api_ids(browser, query):
    auth = ("demo", "demo-secret")
    response = await browser.client.get(f"/v1/messages?{query}", auth=auth)
    return [each["id"] for each in response.json()["messages"]]


async def act(browser, path, fields=None):
    """Post a form, and the confirmation that it asks for."""
    asked = await browser.post(path, fields)
    assert asked.status_code == 200, text_of(asked)
    return await browser.post(path, confirmation(asked))


def confirmation(asked):
    """The hidden fields of the page that asks."""
    form = asked.text[asked.text.index('<form class="confirm"') :]
    named = dict(re.findall(r'type="hidden" name="([^"]*)" value="([^"]*)"', form))
    assert named["act"]
    return {name: unescape(text) for name, text in named.items()}


async def actions(services):
    rows = await services.store.console.list_audit(None, before=None, limit=50)
    return [each.action for each in rows if each.action != "sign_in"]


@pytest.mark.parametrize(
    "query",
    [
        "",
        f"esimTranNo={GOOD}",
        f"iccid=8988{GOOD}",
        "msisdn=%2B66810000001",
        "reference=cart-17",
        "referencePrefix=cart",
        "state=accepted",
        "state=delivered",
        "category=support",
        "reason=quiet_hours",
        "template=welcome",
        "from=2026-01-01T00:00:00Z&to=2026-01-01T00:00:00.000Z",
        "from=2026-01-02T00:00:00Z",
    ],
)
async def test_a_filter_selects_what_the_api_selects(browser, query):
    await send(browser, reference="cart-17")
    await send(browser, category="support", number=OTHER)
    await signed_in(browser, VIEWER)
    page = (await browser.get(f"{MESSAGES}?account=demo&{query}")).text
    assert ids_of(page) == await api_ids(browser, query)


async def test_the_list_goes_on_by_a_cursor_and_keeps_its_filters(browser):
    sent = [await send(browser, reference=f"cart-{number}") for number in range(3)]
    await signed_in(browser, VIEWER)
    page = (await browser.get(f"{MESSAGES}?account=demo&state=accepted&limit=2")).text
    assert ids_of(page) == sent[:0:-1]
    older = re.search(r'rel="next" href="([^"]+)"', page)[1].replace("&amp;", "&")
    assert "state=accepted" in older
    assert ids_of((await browser.get(older)).text) == sent[:1]


async def test_a_filter_that_is_not_as_documented_is_named_and_searches_nothing(browser):
    await send(browser)
    await signed_in(browser, VIEWER)
    response = await browser.get(f"{MESSAGES}?account=demo&from=yesterday")
    assert response.status_code == 422
    assert ids_of(response.text) == []
    assert "from must be an RFC 3339 time" in text_of(response) or "is not an RFC" in text_of(
        response
    )


async def test_texts_and_numbers_are_not_in_the_list(browser):
    await send(browser)
    await signed_in(browser, SUPPORT)
    page = (await browser.get(f"{MESSAGES}?account=demo")).text
    assert "17A" not in page
    assert "66810000001" not in page


@pytest.mark.parametrize("account_id", [1, 2])
async def test_a_user_of_an_account_sees_its_messages_only(browser, account_id):
    mine = await send(browser)
    await signed_in(browser, ADMIN, account_id)
    page = (await browser.get(MESSAGES)).text
    assert (mine in ids_of(page)) == (account_id == 1)
    named = await browser.get(f"{MESSAGES}?account=demo")
    assert named.status_code == (200 if account_id == 1 else 404)
    export = await browser.post(f"{MESSAGES}/export", {"account": "demo", "format": "csv"})
    assert export.status_code == (200 if account_id == 1 else 404)


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
async def test_an_export_is_that_of_the_api_and_is_audited(services, browser, kind):
    await send(browser, reference="cart-17")
    await send(browser, number=OTHER)
    await signed_in(browser, SUPPORT)
    fields = {"account": "demo", "format": kind, "reference": "cart-17"}
    response = await browser.post(f"{MESSAGES}/export", fields)
    auth = ("demo", "demo-secret")
    path = f"/v1/messages/export?format={kind}&reference=cart-17"
    assert response.text == (await browser.client.get(path, auth=auth)).text
    assert "17A" in response.text
    assert "attachment" in response.headers["content-disposition"]
    assert "frame-ancestors 'none'" in response.headers["content-security-policy"]
    assert await actions(services) == ["messages.export"]


async def test_a_viewer_exports_nothing(browser):
    await signed_in(browser, VIEWER)
    assert "Export" not in text_of(await browser.get(MESSAGES))
    response = await browser.post(f"{MESSAGES}/export", {"account": "demo", "format": "csv"})
    assert response.status_code == 403


async def test_a_stop_is_set_after_a_confirmation_and_lifted(services, browser):
    await signed_in(browser, ADMIN)
    fields = {"category": "promotion", "country": "TH", "reason": "wrong <b>price</b>"}
    asked = await browser.post("/console/stops", fields)
    assert "Stop sending: category promotion, country TH?" in text_of(asked)
    assert await services.stops.list_stored() == []
    assert (await browser.post("/console/stops", confirmation(asked))).status_code == 303
    [stop] = await services.stops.list_stored()
    assert (stop.scope.category, stop.scope.country) == (Category.PROMOTION, "TH")
    page = await browser.get("/console/stops")
    assert "wrong <b>price</b>" in text_of(page)
    assert "<b>price" not in page.text
    scope = {"category": "promotion", "country": "TH"}
    assert (await act(browser, "/console/stops/lift", scope)).status_code == 303
    assert await services.stops.list_stored() == []
    assert await actions(services) == ["stop.lift", "stop.add"]


@pytest.mark.parametrize(
    "fields",
    [
        {"reason": "no scope"},
        {"everything": "yes", "category": "code", "reason": "both"},
        {"category": "promotion"},
        {"country": "ZZ", "reason": "no such country"},
        {"account": "nobody", "reason": "no such account"},
    ],
)
async def test_a_stop_that_is_not_as_documented_is_refused(services, browser, fields):
    await signed_in(browser, ADMIN)
    response = await browser.post("/console/stops", fields)
    if response.status_code == 200:  # the account is looked for when it is confirmed
        response = await browser.post("/console/stops", confirmation(response))
    assert response.status_code == 422
    assert "Nothing was stopped" in text_of(response)
    assert await services.stops.list_stored() == []


async def test_the_nodes_page_says_who_leads(browser):
    await signed_in(browser, VIEWER)
    assert "which leads" in text_of(await browser.get("/console/nodes"))


async def test_a_key_is_shown_once_and_added_once(services, browser):
    await signed_in(browser, ADMIN)
    path = "/console/accounts/demo/keys"
    fields = {"name": "shop", "scope messages:write": "yes", "days": "30"}
    asked = await browser.post(path, fields)
    assert await services.api_keys.list_stored(services.accounts.get("demo")) == []
    confirmed = confirmation(asked)
    shown = await browser.post(path, confirmed)
    key = re.search(r'value="(sp_live_[^"]+)"', shown.text)[1]
    assert services.api_keys.is_valid(services.api_keys.find(key), key)
    again = await browser.post(path, confirmed)
    assert again.status_code == 303
    [added] = await services.api_keys.list_stored(services.accounts.get("demo"))
    assert added.expires_ms == NOW_MS + 30 * 86_400_000
    page = (await browser.get("/console/accounts/demo")).text
    assert f"sp_live_{added.id}" in page
    assert key not in page
    gone = await act(browser, f"{path}/{added.id}/revoke")
    assert gone.status_code == 303
    assert await services.api_keys.list_stored(services.accounts.get("demo")) == []
    assert await actions(services) == ["key.revoke", "key.add"]


async def test_the_confirmation_of_another_session_confirms_nothing(services, open_browser):
    one = await signed_in(open_browser(), ADMIN, name="ann")
    two = await signed_in(open_browser(), ADMIN, name="bob")
    fields = {"name": "shop", "scope messages:read": "yes"}
    asked = await one.post("/console/accounts/demo/keys", fields)
    act_of_one = {"act": confirmation(asked)["act"]}
    response = await two.post("/console/accounts/demo/keys", fields | act_of_one)
    assert "Add a key to demo?" in text_of(response)
    assert await services.api_keys.list_stored(services.accounts.get("demo")) == []


async def test_an_admin_of_one_account_adds_no_key_with_the_scope_admin(services, browser):
    await signed_in(browser, ADMIN, 1)
    fields = {"name": "root", "scope admin": "yes"}
    response = await browser.post("/console/accounts/demo/keys", fields)
    assert response.status_code == 422
    assert (await browser.get("/console/accounts/other")).status_code == 404
    assert "other" not in text_of(await browser.get("/console/accounts"))


async def test_an_account_is_added_with_a_secret_shown_once(services, browser):
    await signed_in(browser, ADMIN)
    shown = await act(browser, "/console/accounts", {"accessCode": "shop", "name": "A <shop>"})
    secret = re.search(r'id="secret"[^>]* value="([^"]+)"', shown.text)[1]
    assert services.accounts.get("shop").secret == secret
    page = (await browser.get("/console/accounts")).text
    assert secret not in page
    assert "A &lt;shop&gt;" in page
    taken = await act(browser, "/console/accounts", {"accessCode": "shop"})
    assert taken.status_code == 422


async def test_an_account_is_disabled_and_enabled_and_gets_a_new_secret(services, browser):
    await signed_in(browser, ADMIN)
    path = "/console/accounts/demo"
    asked = await browser.post(f"{path}/disable")
    assert "Disable the account demo?" in text_of(asked)
    assert services.accounts.get("demo") is not None
    confirmed = confirmation(asked)
    for _ in range(2):
        assert (await browser.post(f"{path}/disable", confirmed)).headers["location"] == path
    assert services.accounts.get("demo") is None
    assert "Its requests are refused." in text_of(await browser.get(path))
    await act(browser, f"{path}/enable")
    before = services.accounts.get("demo").secret
    shown = await act(browser, f"{path}/secret")
    secret = re.search(r'id="secret"[^>]* value="([^"]+)"', shown.text)[1]
    assert services.accounts.get("demo").secret == secret != before
    assert secret not in (await browser.get(path)).text
    assert await actions(services) == ["account.secret", "account.enable", "account.disable"]


async def test_an_admin_of_one_account_sees_no_verbs_of_the_account(browser):
    await signed_in(browser, ADMIN, 1)
    page = (await browser.get("/console/accounts/demo")).text
    assert "Disable" not in page
    assert "Replace the secret" not in page


@pytest.fixture
async def endpoint(services):
    await services.accounts.change(AccountChange(id=1, access_code="demo", events=True))
    account = services.accounts.get("demo")
    added, _ = await services.webhooks.add(account, "https://shop.example/hook?a=1&b=2")
    return added


def page_of(endpoint):
    return f"/console/webhooks/demo/{format_id(endpoint.id)}"


async def test_an_endpoint_is_paused_resumed_and_deleted(services, browser, endpoint):
    await signed_in(browser, ADMIN)
    page = await browser.get("/console/webhooks?account=demo")
    assert "https://shop.example/hook?a=1&b=2 enabled" in text_of(page)
    assert endpoint.secret not in page.text
    account = services.accounts.get("demo")
    for verb, state in (("pause", "paused"), ("resume", "enabled")):
        assert (await act(browser, f"{page_of(endpoint)}/{verb}")).status_code == 303
        assert (await services.webhooks.find(account, endpoint.id)).state == state
    await act(browser, f"{page_of(endpoint)}/delete")
    assert await services.webhooks.list_all(account) == []
    expected = ["webhook.delete", "webhook.resume", "webhook.pause"]
    assert await actions(services) == expected


async def test_a_secret_is_replaced_once_and_shown_once(services, browser, endpoint):
    await signed_in(browser, ADMIN)
    path = f"{page_of(endpoint)}/rotate"
    confirmed = confirmation(await browser.post(path, {"overlap": "3600"}))
    shown = await browser.post(path, confirmed)
    assert (await browser.post(path, confirmed)).status_code == 303
    now = await services.webhooks.find(services.accounts.get("demo"), endpoint.id)
    assert now.secret in shown.text
    assert now.old_secret == endpoint.secret
    assert now.old_secret_until_ms == NOW_MS + 3_600_000
    assert now.secret not in (await browser.get(page_of(endpoint))).text


async def test_deliveries_show_their_attempts_and_are_replayed(services, browser, endpoint):
    attempt = DeliveryAttempt(NOW_MS, 12, 500, "", "<script>window.ran = 1</script>")
    delivery = EventDelivery(
        account_id=1,
        endpoint_id=endpoint.id,
        sequence=7,
        type="message.delivered",
        subject="0190",
        at_ms=NOW_MS,
        data={},
        state=DeliveryState.EXHAUSTED,
        attempts=(attempt,),
        updated_ms=NOW_MS,
    )
    await services.store.webhooks.add_deliveries([delivery])
    await signed_in(browser, ADMIN)
    page = await browser.get(f"{page_of(endpoint)}?state=exhausted")
    assert "message.delivered" in page.text
    assert "&lt;script&gt;window.ran" in page.text
    assert "<script>window" not in page.text
    nothing = await browser.get(f"{page_of(endpoint)}?state=pending")
    assert "message.delivered" not in nothing.text
    done = await act(browser, f"{page_of(endpoint)}/replay", {"state": "exhausted"})
    assert "1 event will be sent." in text_of(done)
    none = await browser.post(f"{page_of(endpoint)}/replay", {})
    assert none.status_code == 422


async def test_an_endpoint_is_added_and_another_account_sees_nothing(services, open_browser):
    mine = await signed_in(open_browser(), ADMIN, 1)
    fields = {"account": "demo", "url": "https://mine.example/hook", "eventTypes": "message.*"}
    shown = await act(mine, "/console/webhooks", fields)
    [added] = await services.webhooks.list_all(services.accounts.get("demo"))
    assert added.secret in shown.text
    refused = await mine.post("/console/webhooks", fields | {"url": "http://127.0.0.1/"})
    assert refused.status_code == 422
    other = await signed_in(open_browser(), ADMIN, 2)
    assert (await other.get(page_of(added))).status_code == 404
    assert (await other.post(f"{page_of(added)}/delete")).status_code == 404
    assert "mine.example" not in (await other.get("/console/webhooks")).text


async def test_hostile_names_are_shown_as_text(services, browser):
    hostile = "</td><img src=x onerror=window.ran=1>"
    await send(browser, reference=hostile)
    await signed_in(browser, ADMIN)
    for path in (
        f"{MESSAGES}?account=demo&reference={quote(hostile)}",
        f"{MESSAGES}?account=demo&state={quote(hostile)}",
    ):
        assert "<img" not in (await browser.get(path)).text
    response = await browser.post("/console/stops", {"reason": hostile, "everything": "yes"})
    assert response.status_code == 200
    assert "<img" not in response.text
