"""Signing in to the console: passwords, cookies, sessions, and requests of other sites."""

import asyncio

import pytest

from simpost.domain.console_users import ConsoleRole, form_token
from tests.integration.api.conftest import NOW_MS
from tests.integration.console.conftest import (
    OWN,
    PASSWORD,
    add_user,
    signed_in,
    text_of,
    token_of,
)

MINUTE_MS = 60_000


class Clock:
    now_ms = NOW_MS

    def __call__(self):
        return self.now_ms


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def settings(clock):
    return {"clock_ms": clock}


@pytest.fixture
async def ann(services, digest):
    return await add_user(services, "ann", ConsoleRole.SUPPORT, digest=digest)


async def test_a_user_signs_in_and_out(services, browser, ann):
    assert (await browser.get("/console")).headers["location"] == (
        "/console/sign-in?next=%2Fconsole"
    )
    assert (await browser.sign_in("ann")).headers["location"] == "/console"
    assert "ann, support" in text_of(await browser.get("/console"))
    left = await browser.post("/console/sign-out")
    assert "Max-Age=0" in left.headers["set-cookie"]
    assert (await browser.get("/console")).status_code == 303  # the old cookie opens nothing
    acts = await services.store.console.list_audit(None, before=None, limit=9)
    assert [each.action for each in acts] == ["sign_out", "sign_in"]


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("ann", "wrong horse battery"),
        ("nobody", PASSWORD),
        ("ann", ""),
        ("a\0n", PASSWORD),
        ("ann", "x" * 5_000),
    ],
)
async def test_wrong_credentials_have_one_answer(services, browser, ann, name, password):
    response = await browser.sign_in(name, password)
    assert response.status_code == 401
    assert "The name or the password is wrong." in text_of(response)
    assert "set-cookie" not in response.headers
    assert services.wrong_credentials.counts["console",] == 1
    assert password not in response.text or not password


async def test_a_second_try_waits_for_the_answer_to_the_first(services, browser, ann):
    tries = [browser.sign_in("ann", "wrong horse battery") for _ in range(3)]
    statuses = sorted(each.status_code for each in await asyncio.gather(*tries))
    assert statuses == [401, 503, 503]


async def test_repeated_failures_are_answered_later_and_later(services, browser, ann):
    waited = []

    async def sleep(seconds):
        waited.append(seconds)

    services.wrong_credentials._sleep = sleep
    for _ in range(8):
        await browser.sign_in("ann", "")
    assert waited == [0.25, 0.5, 1.0]
    assert (await browser.sign_in("ann")).status_code == 303  # nobody is locked out


async def test_each_sign_in_has_a_token_of_its_own(browser, ann):
    browser.token = planted = "A" * 43
    assert token_of(await browser.sign_in("ann")) != planted
    browser.token = planted
    assert (await browser.get("/console")).status_code == 303


async def test_signing_in_again_ends_the_session_before(services, browser, ann):
    await browser.sign_in("ann")
    first = browser.token
    await browser.sign_in("ann")
    assert browser.token != first
    assert len(await services.store.console.list_sessions("ann")) == 1


async def test_the_store_has_neither_the_password_nor_the_token(services, browser, ann):
    await browser.sign_in("ann")
    [session] = await services.store.console.list_sessions("ann")
    assert browser.token.encode() not in session.digest
    assert PASSWORD not in ann.password_digest
    assert ann.password_digest.startswith("$argon2id$v=19$m=47104,t=1,p=1$")


@pytest.mark.parametrize(
    ("url", "start", "is_secure"),
    [("http://simpost", "simpost_console=", False), ("https://sp", "__Host-simpost_", True)],
)
async def test_the_cookie_is_kept_from_scripts_and_other_sites(
    open_browser, ann, url, start, is_secure
):
    cookie = (await open_browser(url).sign_in("ann")).headers["set-cookie"]
    assert cookie.startswith(start)
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
    assert ("Secure" in cookie.split("; ")) == is_secure
    assert "Domain" not in cookie


async def test_an_idle_session_ends(browser, clock, ann):
    await browser.sign_in("ann")
    clock.now_ms += 29 * MINUTE_MS
    assert (await browser.get("/console")).status_code == 200
    clock.now_ms += 29 * MINUTE_MS
    assert (await browser.get("/console")).status_code == 200
    clock.now_ms += 31 * MINUTE_MS
    assert (await browser.get("/console")).status_code == 303


async def test_a_used_session_ends_after_twelve_hours(browser, clock, ann):
    await browser.sign_in("ann")
    for _ in range(12 * 60 // 20 - 1):
        clock.now_ms += 20 * MINUTE_MS
        assert (await browser.get("/console")).status_code == 200
    clock.now_ms += 20 * MINUTE_MS
    assert (await browser.get("/console")).status_code == 303


async def test_ended_sessions_and_old_acts_are_deleted(services, browser, clock, ann):
    await browser.sign_in("ann")
    clock.now_ms += 32 * MINUTE_MS
    await services.console_users.delete_old()
    assert await services.store.console.list_sessions("ann") == []
    assert await services.store.console.list_audit(None, before=None, limit=9)
    clock.now_ms += 400 * 24 * 60 * MINUTE_MS
    await services.console_users.delete_old()
    assert await services.store.console.list_audit(None, before=None, limit=9) == []


async def test_a_user_ends_a_session_of_another_browser(open_browser, ann):
    here, there = open_browser(), open_browser()
    await there.sign_in("ann")
    await here.sign_in("ann")
    page = (await here.get("/console/sessions")).text
    [name] = {part.split('"')[0] for part in page.split('name="session" value="')[1:]}
    await here.post("/console/sessions/end", {"session": name})
    assert (await there.get("/console")).status_code == 303
    assert (await here.get("/console")).status_code == 200


async def test_a_new_password_and_a_removal_end_the_sessions(services, browser, ann):
    await browser.sign_in("ann")
    await services.console_users.set_password("ann", "another horse battery")
    assert (await browser.get("/console")).status_code == 303
    assert (await browser.sign_in("ann")).status_code == 401
    browser.token = ""
    assert (await browser.sign_in("ann", "another horse battery")).status_code == 303
    await services.console_users.remove("ann")
    assert (await browser.get("/console")).status_code == 303


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "null"},
        {"Origin": "http://evil.example"},
        {"Origin": "http://simpost.evil.example"},
        {"Origin": "http://[", "Host": "simpost"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://simpost"},
    ],
)
async def test_a_form_of_another_site_does_nothing(services, browser, ann, headers):
    sent = await browser.post_raw(
        "/console/sign-in", {"name": "ann", "password": PASSWORD}, headers
    )
    assert sent.status_code == 400
    assert "set-cookie" not in sent.headers
    await signed_in(browser, ConsoleRole.ADMIN)
    fields = {"token": form_token(browser.token)}
    left = await browser.post_raw("/console/sign-out", fields, headers | browser.cookies())
    assert left.status_code == 400
    assert (await browser.get("/console")).status_code == 200


async def test_without_fetch_metadata_the_origin_decides(browser, ann):
    fields = {"name": "ann", "password": PASSWORD}
    sent = await browser.post_raw("/console/sign-in", fields, {"Origin": "http://simpost"})
    assert sent.status_code == 303


@pytest.mark.parametrize("token", ["", "0" * 64, "é", None])
async def test_a_form_needs_the_token_of_its_session(browser, token):
    await signed_in(browser, ConsoleRole.ADMIN)
    fields = {} if token is None else {"token": token}
    for given in (fields, {"token": form_token("B" * 43)}):
        left = await browser.post_raw("/console/sign-out", given, OWN | browser.cookies())
        assert left.status_code == 400
    assert (await browser.get("/console")).status_code == 200


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example/",
        "//evil.example",
        "/console@evil.example",
        "/consoles",
        "/console/\r\nSet-Cookie: a=b",
        "/console/\\evil.example",
        "javascript:alert(1)",
    ],
)
async def test_a_sign_in_never_leads_to_another_site(browser, ann, wanted):
    assert (await browser.sign_in("ann", next=wanted)).headers["location"] == "/console"


async def test_a_sign_in_leads_to_the_page_that_was_wanted(browser, ann):
    asked = await browser.get("/console/audit?before=1")
    assert asked.headers["location"].endswith("?next=%2Fconsole%2Faudit%3Fbefore%3D1")
    wanted = "/console/audit?before=1"
    assert (await browser.sign_in("ann", next=wanted)).headers["location"] == wanted


async def test_a_form_is_limited_in_size(browser, ann):
    response = await browser.sign_in("ann", "x" * 10_000)
    assert response.status_code == 413
    many = {f"field{number}": "" for number in range(30)}
    assert (await browser.sign_in("ann", **many)).status_code == 400
