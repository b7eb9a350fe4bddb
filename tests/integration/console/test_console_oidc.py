"""Single sign-on: the console against a certified provider that requires PKCE."""

import asyncio
import re
import secrets

import msgspec
import pytest

from simpost.domain.console_users import ConsoleRole
from simpost.errors import UnknownConsoleUser
from simpost.runtime.clock import wall_clock_ms
from tests.integration.console.conftest import add_user, text_of
from tests.integration.console.identity_provider import query_of, running_provider

BEGIN = "/console/sign-in/oidc"
BACK = "http://simpost/console/sign-in/oidc/callback"
SECURE_BACK = "https://sp/console/sign-in/oidc/callback"
FLOW = "simpost_console_oidc"
ANN = "ann@example.com"
VALID_MS = 600_000


pytest.importorskip("joserfc", reason="needs the extra oidc")


@pytest.fixture(scope="module")
def provider():
    with running_provider(BACK, SECURE_BACK) as started:
        yield started


class Clock:
    """The time of the provider, plus what a test adds."""

    added_ms = 0

    def __call__(self):
        return wall_clock_ms() + self.added_ms


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def more():
    return {}


@pytest.fixture
def settings(clock, provider, more):
    return {"clock_ms": clock, "console": provider.settings(**more)}


@pytest.fixture
async def services(services):
    yield services
    await services.console_users.oidc.close()


@pytest.fixture
async def ann(services):
    return await add_user(services, ANN, ConsoleRole.SUPPORT)


def cookies_of(response):
    """Name and value of each cookie that a response sets."""
    found = [each.partition(";")[0] for each in response.headers.get_list("set-cookie")]
    return dict(each.split("=", 1) for each in found)


async def begin(browser, wanted="/console"):
    """Where the browser is sent to, and the cookie of the flow."""
    response = await browser.get(f"{BEGIN}?next={wanted}")
    assert response.status_code == 303, text_of(response)
    [(name, sealed)] = cookies_of(response).items()
    return response.headers["location"], {name: sealed}


async def come_back(browser, url, flow):
    """The response to what the provider sent; the browser has the cookie of the flow alone."""
    path = url.removeprefix(str(browser.client.base_url).rstrip("/"))
    cookie = "; ".join(f"{name}={value}" for name, value in flow.items())
    headers = {"Cookie": cookie, "Sec-Fetch-Site": "cross-site"}
    return await browser.client.get(path, headers=headers)


async def sign_in(provider, browser, name=ANN, wanted="/console"):
    url, flow = await begin(browser, wanted)
    return await come_back(browser, await provider.sign_in(url, name), flow)


def is_refused(response, sentence):
    assert response.status_code == 401
    assert sentence in text_of(response)
    return not {"simpost_console", "__Host-simpost_console"} & set(cookies_of(response))


async def actions(services):
    acts = await services.store.console.list_audit(None, before=None, limit=9)
    return [(each.action, each.user) for each in acts]


async def test_the_provider_signs_a_user_in(services, provider, browser, ann):
    page = (await browser.get("/console/sign-in?next=/console/audit")).text
    [way] = re.findall(rf'href="({BEGIN}[^"]*)"', page)
    assert way == f"{BEGIN}?next=/console/audit"
    url, flow = await begin(browser, "/console/numbers?a=1")
    asked = query_of(url)
    assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
    assert asked["scope"] == "openid email"
    done = await come_back(browser, await provider.sign_in(url, ANN), flow)
    # No redirect: after one a browser would not send the Strict cookie.
    assert done.status_code == 200
    assert '<meta http-equiv="refresh" content="0;url=/console/numbers?a=1">' in done.text
    set_by = cookies_of(done)
    assert set_by[FLOW] == ""
    browser.token = set_by["simpost_console"]
    assert f"{ANN}, support" in text_of(await browser.get("/console"))
    assert await actions(services) == [("sign_in.oidc", ANN)]


async def test_both_cookies_are_kept_from_scripts_and_the_flow_is_lax(provider, open_browser, ann):
    browser = open_browser("https://sp")
    begun = await browser.get(BEGIN)
    parts = set(begun.headers["set-cookie"].split("; ")[1:])
    assert parts == {"Path=/", "HttpOnly", "SameSite=Lax", "Max-Age=600", "Secure"}
    assert set(cookies_of(begun)) == {f"__Host-{FLOW}"}
    back = await provider.sign_in(begun.headers["location"], ANN)
    done = await come_back(browser, back, cookies_of(begun))
    session, _ = done.headers.get_list("set-cookie")
    assert session.startswith("__Host-simpost_console=")
    assert {"HttpOnly", "SameSite=Strict", "Secure"} <= set(session.split("; "))


async def test_a_code_signs_in_once(services, provider, browser, ann):
    url, flow = await begin(browser)
    back = await provider.sign_in(url, ANN)
    both = [await come_back(browser, back, flow) for _ in range(2)]
    assert both[0].status_code == 200
    assert is_refused(both[1], "is not valid")
    assert len(await services.store.console.list_sessions(ANN)) == 1


async def test_a_flow_signs_in_once_even_if_the_provider_took_its_code_twice(services, ann):
    users, flow_id = services.console_users, secrets.token_bytes(16)
    tries = [users.sign_in_identified(ANN, flow_id, "192.0.2.7") for _ in range(3)]
    assert sorted(step is None for step in await asyncio.gather(*tries)) == [False, True, True]


NOT_BEGUN = "was not begun in this browser"


async def test_a_response_of_another_browser_is_refused(provider, browser, ann):
    url, flow = await begin(browser)
    back = await provider.sign_in(url, ANN)
    _, other = await begin(browser)
    state = query_of(back)["state"]
    for given, cookies in (
        (back, {}),
        (back, other),
        (back, {FLOW: flow[FLOW][:-3] + "AAA"}),
        (back.replace(state, "A" * 43), flow),
        (back.replace(f"state={state}", ""), flow),
    ):
        assert is_refused(await come_back(browser, given, cookies), NOT_BEGUN)
    assert (await come_back(browser, back, flow)).status_code == 200  # nothing used it up


@pytest.mark.parametrize("name", ["nonce", "verifier"])
async def test_a_code_of_another_sign_in_is_refused(services, provider, browser, clock, ann, name):
    url, flow = await begin(browser)
    flows = services.console_users.oidc._flows
    opened = flows.open(flow[FLOW], clock())
    changed = msgspec.structs.replace(opened, **{name: secrets.token_urlsafe(32)})
    back = await provider.sign_in(url, ANN)
    response = await come_back(browser, back, {FLOW: flows.seal(changed)})
    assert is_refused(response, "is not valid")
    assert await actions(services) == []


async def test_a_response_of_another_provider_is_refused(provider, browser, ann):
    url, flow = await begin(browser)
    back = await provider.sign_in(url, ANN)
    other = back.replace("iss=http%3A%2F%2Flocalhost", "iss=http%3A%2F%2Fevil.example")
    assert other != back
    assert is_refused(await come_back(browser, other, flow), "is not valid")


async def test_a_sign_in_takes_ten_minutes_at_most(provider, browser, clock, ann):
    url, flow = await begin(browser)
    back = await provider.sign_in(url, ANN)
    clock.added_ms = VALID_MS
    assert is_refused(await come_back(browser, back, flow), NOT_BEGUN)


async def test_an_expired_id_token_is_refused(services, provider, browser, clock, ann):
    url, flow = await begin(browser)
    flows = services.console_users.oidc._flows
    opened = flows.open(flow[FLOW], clock())
    clock.added_ms = 2 * 3_600_000
    later = msgspec.structs.replace(opened, until_ms=clock() + VALID_MS)
    back = await provider.sign_in(url, ANN)
    assert is_refused(await come_back(browser, back, {FLOW: flows.seal(later)}), "is not valid")


async def test_new_keys_of_the_provider_are_read(provider, browser, clock, ann):
    assert (await sign_in(provider, browser)).status_code == 200
    provider.rotate()
    clock.added_ms = 10_000
    assert is_refused(await sign_in(provider, browser), "is not valid")  # read a moment ago
    clock.added_ms = 31_000
    assert (await sign_in(provider, browser)).status_code == 200


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("bob@example.com", "There is no user bob@example.com in this console."),
        ("<b>bob</b>", "There is no user <b>bob</b> in this console."),
        ("unverified@example.com", "has not verified your e-mail address"),
    ],
)
async def test_who_is_no_user_is_told_so(services, provider, browser, ann, name, sentence):
    response = await sign_in(provider, browser, name)
    assert is_refused(response, sentence)
    assert "<b>" not in response.text
    assert services.wrong_credentials.counts["console",] == 1


async def test_addresses_differ_in_case_without_meaning(provider, browser, ann):
    assert (await sign_in(provider, browser, "Ann@Example.com")).status_code == 200


async def test_failures_are_answered_later_and_later(services, browser):
    waited = []

    async def sleep(seconds):
        waited.append(seconds)

    services.wrong_credentials._sleep = sleep
    for _ in range(8):
        await browser.get(f"{BEGIN}/callback?code=a&state=b")
    assert waited == [0.25, 0.5, 1.0]


async def test_a_user_who_cancels_is_told_so(browser, ann):
    url, flow = await begin(browser)
    state = query_of(url)["state"]
    response = await come_back(browser, f"{BACK}?error=access_denied&state={state}", flow)
    assert is_refused(response, "cancelled")


async def test_an_authenticator_is_asked_after_the_provider(services, provider, browser, ann):
    factors = services.store.second_factors
    await factors.begin_totp(ANN, b"0" * 20, now_ms=wall_clock_ms())
    await services.store.console._database.transact(_confirm)
    response = await sign_in(provider, browser)
    assert "Code of your authenticator" in text_of(response)
    assert set(cookies_of(response)) == {FLOW}
    assert await services.store.console.list_sessions(ANN) == []


def _confirm():
    yield "UPDATE console_totp SET confirmed_ms = 1", ()


async def test_another_site_begins_no_sign_in(browser):
    response = await browser.get(BEGIN, Sec_Fetch_Site="cross-site")
    assert response.headers["location"] == "/console/sign-in?next=%2Fconsole"
    assert "set-cookie" not in response.headers


async def test_a_sign_in_never_leads_to_another_site(provider, browser, ann):
    done = await sign_in(provider, browser, wanted="//evil.example")
    assert 'content="0;url=/console"' in done.text


class TestWithoutPasswords:
    @pytest.fixture
    def more(self):
        return {"password_sign_in": False}

    async def test_a_password_signs_nobody_in(self, services, browser):
        page = await browser.get("/console/sign-in")
        assert 'type="password"' not in page.text
        response = await browser.sign_in(ANN)
        assert is_refused(response, "Nobody signs in with a password here.")


class TestBySubject:
    @pytest.fixture
    def more(self):
        return {"oidc_user_claim": "sub", "oidc_scopes": "openid"}

    async def test_the_claim_of_the_settings_is_the_name(self, services, provider, browser):
        await add_user(services, "00u17", ConsoleRole.ADMIN)
        assert (await sign_in(provider, browser, "00u17")).status_code == 200
        response = await sign_in(provider, browser, "00U17")
        assert is_refused(response, "There is no user 00U17")


class TestWithoutAClaim:
    @pytest.fixture
    def more(self):
        return {"oidc_user_claim": "preferred_username"}

    async def test_a_claim_that_is_missing_is_told(self, provider, browser):
        assert is_refused(await sign_in(provider, browser), "did not say who you are")


class TestWithoutAProvider:
    @pytest.fixture
    def more(self):
        return {"oidc_issuer": "http://localhost:9"}

    async def test_a_provider_that_cannot_be_reached_is_one_sentence(self, browser):
        for _ in range(2):  # the second one is answered without asking again
            response = await browser.get(BEGIN)
            assert response.status_code == 503
            assert "localhost:9 cannot be reached" in text_of(response)
            assert 'type="password"' in response.text


async def test_an_unknown_user_is_an_error_of_its_own(services):
    with pytest.raises(UnknownConsoleUser):
        await services.console_users.sign_in_identified("a b", bytes(16), "-")
