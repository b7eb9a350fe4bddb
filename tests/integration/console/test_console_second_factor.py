"""The second factor: switched on in the console, asked at sign-in, required, lost and reset."""

import re
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest

from simpost.config.console import ConsoleSettings
from simpost.domain.console_users import ConsoleRole
from simpost.domain.totp import BLOCKED_MS, MAX_FAILURES
from tests.integration.api.conftest import NOW_MS
from tests.integration.console.conftest import add_user, signed_in, text_of, token_of

PAGE = "/console/second-factor"


class Clock:
    now_ms = NOW_MS

    def __call__(self):
        return self.now_ms

    def next_code(self, app):
        """Wait for the next code of an authenticator app."""
        self.now_ms += 30_000
        return app.at(self.now_ms // 1000)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def required():
    return "none"


@pytest.fixture
def settings(clock, required):
    return {"clock_ms": clock, "console": ConsoleSettings(require_totp=required)}


@pytest.fixture
async def ann(services, digest):
    return await add_user(services, "ann", ConsoleRole.ADMIN, digest=digest)


async def switch_on(browser, clock):
    """The app with the key that the page shows, and the recovery codes."""
    shown = await browser.post(f"{PAGE}/begin")
    [uri] = re.findall(r'<code id="uri">(.*?)</code>', shown.text)
    app = pyotp.parse_uri(uri.replace("&amp;", "&"))
    done = await browser.post(f"{PAGE}/confirm", {"code": clock.next_code(app)})
    assert done.status_code == 200
    browser.token = token_of(done)
    return app, re.findall(r"<code>([a-z2-7-]{19})</code>", done.text)


def ticket_of(response):
    [ticket] = re.findall(r'name="ticket" value="([^"]+)"', response.text)
    return ticket


async def give(browser, ticket, code, **more):
    fields = {"ticket": ticket, "code": code} | more
    response = await browser.post("/console/sign-in/code", fields)
    if response.status_code == 303:
        browser.token = token_of(response)
    return response


async def acts(services):
    return [
        each.action for each in await services.store.console.list_audit(None, before=None, limit=99)
    ]


async def test_a_user_switches_it_on_and_is_asked_for_a_code(
    services, open_browser, browser, ann, clock
):
    await browser.sign_in("ann")
    app, spare = await switch_on(browser, clock)
    assert len(spare) == 10
    assert "ann, admin" in text_of(await browser.get("/console"))
    other = open_browser()
    first = await other.sign_in("ann", next="/console/audit")
    assert first.status_code == 200
    assert "set-cookie" not in first.headers
    done = await give(other, ticket_of(first), clock.next_code(app), next="/console/audit")
    assert done.headers["location"] == "/console/audit"
    assert (await other.get("/console")).status_code == 200
    assert await acts(services) == ["sign_in", "sign_in", "totp.on", "sign_in"]


async def test_the_key_is_shown_as_text_as_uri_and_as_picture(browser, ann, clock):
    await browser.sign_in("ann")
    page = (await browser.post(f"{PAGE}/begin")).text
    [key] = re.findall(r'<code id="key">([A-Z2-7 ]+)</code>', page)
    [uri] = re.findall(r'<code id="uri">(.*?)</code>', page)
    query = parse_qs(urlsplit(uri.replace("&amp;", "&")).query)
    assert query["secret"] == [key.replace(" ", "")]
    assert len(query["secret"][0]) == 32
    assert "<svg" in page
    assert "style=" not in page
    again = (await browser.post(f"{PAGE}/begin")).text
    assert key not in again  # a key that was not confirmed is replaced


async def test_a_wrong_code_confirms_nothing(services, browser, ann, clock):
    await browser.sign_in("ann")
    shown = await browser.post(f"{PAGE}/begin")
    [key] = re.findall(r'<code id="key">([A-Z2-7 ]+)</code>', shown.text)
    refused = await browser.post(f"{PAGE}/confirm", {"code": "000000"})
    assert refused.status_code == 422
    assert key in refused.text
    assert not (await services.console_users.find_user("ann")).has_totp
    assert "totp.on" not in await acts(services)


async def test_switching_on_gives_a_new_token_and_ends_other_sessions(
    open_browser, browser, ann, clock
):
    other = open_browser()
    await other.sign_in("ann")
    await browser.sign_in("ann")
    before = browser.token
    await switch_on(browser, clock)
    assert browser.token != before
    assert (await other.get("/console")).status_code == 303
    browser.token = before
    assert (await browser.get("/console")).status_code == 303


async def test_the_first_step_opens_no_page(open_browser, browser, ann, clock):
    await browser.sign_in("ann")
    await switch_on(browser, clock)
    half = open_browser()
    ticket = ticket_of(await half.sign_in("ann"))
    for token in (ticket, ticket.split(".")[1], "A" * 43):
        half.token = token
        assert (await half.get("/console")).status_code == 303
        assert (await half.post(f"{PAGE}/off", {"code": "1"})).status_code == 401


async def test_a_code_counts_once(open_browser, browser, ann, clock):
    await browser.sign_in("ann")
    app, _ = await switch_on(browser, clock)
    code = clock.next_code(app)
    one, two = open_browser(), open_browser()
    tickets = [ticket_of(await each.sign_in("ann")) for each in (one, two)]
    assert (await give(one, tickets[0], code)).status_code == 303
    assert (await give(two, tickets[1], code)).status_code == 401
    assert (await give(two, tickets[1], clock.next_code(app))).status_code == 303


async def test_recovery_codes_sign_in_once_each_and_are_audited(
    services, open_browser, browser, ann, clock
):
    await browser.sign_in("ann")
    _, spare = await switch_on(browser, clock)
    other = open_browser()
    for code in spare[:2]:
        assert (await give(other, ticket_of(await other.sign_in("ann")), code)).status_code == 303
        assert (await give(other, ticket_of(await other.sign_in("ann")), code)).status_code == 401
    assert "8 recovery codes left" in text_of(await browser.get(PAGE))
    found = await acts(services)
    assert found.count("sign_in.recovery_code") == 2
    assert found.count("sign_in.wrong_code") == 2


async def test_the_store_and_the_pages_have_no_code_and_no_key(services, browser, ann, clock):
    await browser.sign_in("ann")
    app, spare = await switch_on(browser, clock)
    for path in (PAGE, "/console/audit", "/console/sessions"):
        page = (await browser.get(path)).text
        assert app.secret not in page
        assert not any(each in page for each in spare)
    octets = b"".join(
        each.read_bytes() for each in services.store.database.path.parent.glob("simpost.db*")
    )
    assert b"ann" in octets
    assert app.byte_secret() not in octets
    assert app.secret.encode() not in octets
    assert not any(each.encode() in octets for each in spare)


@pytest.mark.parametrize("change", ["forged", "empty", "other", "late", "password", "reset"])
async def test_a_ticket_is_of_one_user_password_and_time(
    services, browser, open_browser, ann, clock, change
):
    await browser.sign_in("ann")
    app, _ = await switch_on(browser, clock)
    other = open_browser()
    ticket = ticket_of(await other.sign_in("ann"))
    code = clock.next_code(app)
    until, mac, name = ticket.split(".", 2)
    if change == "forged":
        ticket = f"{int(until) + 1}.{mac}.{name}"
    elif change == "empty":
        ticket = ""
    elif change == "other":
        ticket = f"{until}.{mac}.bob"
        await add_user(services, "bob", ConsoleRole.ADMIN, digest=ann.password_digest)
    elif change == "late":
        clock.now_ms += 300_000
        code = clock.next_code(app)
    elif change == "password":
        await services.console_users.set_password("ann", "another horse battery")
    elif change == "reset":
        await services.console_users.reset_totp("ann")
    refused = await give(other, ticket, code)
    assert refused.status_code == 401
    assert "set-cookie" not in refused.headers


async def test_wrong_codes_are_delayed_and_then_no_code_counts(
    services, browser, open_browser, ann, clock
):
    waited = []

    async def sleep(seconds):
        waited.append(seconds)

    services.wrong_credentials._sleep = sleep
    await browser.sign_in("ann")
    app, spare = await switch_on(browser, clock)
    other = open_browser()
    ticket = ticket_of(await other.sign_in("ann"))
    for _ in range(MAX_FAILURES):
        shown = text_of(await give(other, ticket, "000000"))
        assert "This code is wrong" in shown
    assert waited == [0.25, 0.5, 1.0, 2.0, 4.0]
    assert services.wrong_credentials.counts["console",] == MAX_FAILURES
    for code in (clock.next_code(app), spare[0]):
        assert "Too many codes were wrong" in text_of(await give(other, ticket, code))
    assert (await browser.get("/console")).status_code == 200  # who is signed in stays so
    clock.now_ms += BLOCKED_MS
    ticket = ticket_of(await other.sign_in("ann"))
    assert (await give(other, ticket, clock.next_code(app))).status_code == 303


async def test_new_recovery_codes_and_switching_off_need_a_code(services, browser, ann, clock):
    await browser.sign_in("ann")
    app, spare = await switch_on(browser, clock)
    for path in ("recovery-codes", "off"):
        refused = await browser.post(f"{PAGE}/{path}", {"code": "000000"})
        assert refused.status_code == 422
    renewed = await browser.post(f"{PAGE}/recovery-codes", {"code": clock.next_code(app)})
    fresh = re.findall(r"<code>([a-z2-7-]{19})</code>", renewed.text)
    assert len(fresh) == 10
    assert not set(fresh) & set(spare)
    assert (await browser.post(f"{PAGE}/off", {"code": spare[0]})).status_code == 422
    assert (await browser.post(f"{PAGE}/off", {"code": fresh[0]})).status_code == 303
    assert "A password alone signs you in" in text_of(await browser.get(PAGE))
    assert (await browser.sign_in("ann")).status_code == 303
    found = [each for each in await acts(services) if each.startswith("totp.")]
    assert found == ["totp.off", "totp.recovery_codes", "totp.on"]


async def test_an_administrator_resets_a_lost_authenticator(services, browser, ann, clock):
    await browser.sign_in("ann")
    await switch_on(browser, clock)
    headers = {"Authorization": "Bearer admin-token"}
    path = "/v1/admin/console-users/ann/totp"
    listed = await browser.client.get("/v1/admin/console-users", headers=headers)
    assert [each["totp"] for each in listed.json()["users"]] == [True]
    reset = await browser.client.delete(path, headers=headers)
    assert reset.json() == {"name": "ann", "hadTotp": True}
    assert (await browser.client.delete(path, headers=headers)).json()["hadTotp"] is False
    missing = await browser.client.delete(path.replace("ann", "nobody"), headers=headers)
    assert missing.status_code == 404
    assert (await browser.get("/console")).status_code == 303
    browser.token = ""
    assert (await browser.sign_in("ann")).status_code == 303
    audit = await services.store.console.list_audit(None, before=None, limit=9)
    assert ("(admin API)", "totp.reset") in [(each.user, each.action) for each in audit]


@pytest.mark.parametrize(
    ("required", "role", "is_asked"),
    [
        ("none", ConsoleRole.ADMIN, False),
        ("admins", ConsoleRole.ADMIN, True),
        ("admins", ConsoleRole.SENDER, False),
        ("all", ConsoleRole.VIEWER, True),
    ],
)
async def test_a_required_second_factor_comes_before_every_page(
    browser, clock, required, role, is_asked
):
    await signed_in(browser, role, name="ann")
    first = await browser.get("/console")
    assert first.status_code == (303 if is_asked else 200)
    if not is_asked:
        return
    assert first.headers["location"] == PAGE
    assert (await browser.post("/console/sessions/end")).status_code == 403
    poll = await browser.get("/console", hx_request="true")
    assert poll.headers["hx-redirect"] == PAGE
    assert "switch it on" in text_of(await browser.get(PAGE))
    await switch_on(browser, clock)
    assert (await browser.get("/console")).status_code == 200


@pytest.mark.parametrize("required", ["all"])
async def test_who_must_switch_it_on_may_sign_out(browser, required):
    await signed_in(browser, ConsoleRole.VIEWER)
    assert (await browser.post("/console/sign-out")).headers["location"] == "/console/sign-in"


def test_other_words_are_no_setting():
    with pytest.raises(ValueError, match="require_totp"):
        ConsoleSettings(require_totp="some")
