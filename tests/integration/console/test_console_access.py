"""Who may open which page, and the headers of every response."""

import hashlib
from html.parser import HTMLParser

import pytest

from simpost.console.app import PAGES
from simpost.console.assets import HTMX_SHA256, UPLOT_SHA256
from simpost.console.page import POLICY
from simpost.domain.console_users import ConsoleRole
from tests.integration.api.conftest import GOOD
from tests.integration.console.conftest import CONSOLE, signed_in

VIEWER, SUPPORT, SENDER, ADMIN = ConsoleRole
ANYONE = None
MATRIX = {
    "GET /console/sign-in": ANYONE,
    "POST /console/sign-in": ANYONE,
    "GET /console/sign-in/code": ANYONE,
    "POST /console/sign-in/code": ANYONE,
    "GET /console/sign-in/oidc": ANYONE,
    "GET /console/sign-in/oidc/callback": ANYONE,
    "POST /console/sign-out": VIEWER,
    "GET /console/second-factor": VIEWER,
    "POST /console/second-factor/begin": VIEWER,
    "POST /console/second-factor/confirm": VIEWER,
    "POST /console/second-factor/recovery-codes": VIEWER,
    "POST /console/second-factor/off": VIEWER,
    "GET /console": VIEWER,
    "GET /console/numbers": VIEWER,
    "GET /console/numbers/live": VIEWER,
    "GET /console/messages": VIEWER,
    "POST /console/messages/export": SUPPORT,
    "GET /console/messages/{id}": VIEWER,
    "GET /console/messages/{id}/live": VIEWER,
    "POST /console/messages/{id}/reveal": SUPPORT,
    "POST /console/messages/{id}/again": SENDER,
    "GET /console/esims/{account}/{number}": VIEWER,
    "POST /console/esims/{account}/{number}/reveal": SUPPORT,
    "POST /console/esims/{account}/{number}/conversation": SUPPORT,
    "GET /console/compose": SENDER,
    "GET /console/compose/{account}/{number}": SENDER,
    "POST /console/compose/{account}/{number}": SENDER,
    "POST /console/compose/{account}/{number}/preview": SENDER,
    "GET /console/conversations": SUPPORT,
    "GET /console/conversations/live": SUPPORT,
    "GET /console/conversations/{account}/{id}": SUPPORT,
    "GET /console/conversations/{account}/{id}/live": SUPPORT,
    "POST /console/conversations/{account}/{id}/reveal": SUPPORT,
    "POST /console/conversations/{account}/{id}/change": SUPPORT,
    "POST /console/conversations/{account}/{id}/notes": SUPPORT,
    "POST /console/conversations/{account}/{id}/flags/{flag}/opt-out": SUPPORT,
    "POST /console/conversations/{account}/{id}/flags/{flag}/close": SUPPORT,
    "POST /console/conversations/{account}/{id}/replies": SENDER,
    "POST /console/conversations/{account}/{id}/replies/preview": SENDER,
    "POST /console/conversations/{account}/{id}/replies/{message}/edit": SENDER,
    "POST /console/conversations/{account}/{id}/replies/{message}/replace": SENDER,
    "POST /console/conversations/{account}/{id}/replies/{message}/cancel": SENDER,
    "GET /console/esims/{account}/{number}/preferences": VIEWER,
    "POST /console/esims/{account}/{number}/preferences": SUPPORT,
    "GET /console/verifications": VIEWER,
    "GET /console/needs-a-person": VIEWER,
    "POST /console/bulk-jobs": SENDER,
    "GET /console/bulk-jobs": VIEWER,
    "GET /console/bulk-jobs/{account}": VIEWER,
    "GET /console/bulk-jobs/{account}/{id}": VIEWER,
    "POST /console/bulk-jobs/{account}/{id}/stop": SENDER,
    "GET /console/needs-a-person/live": VIEWER,
    "POST /console/needs-a-person/cancel": SENDER,
    "POST /console/needs-a-person/dismiss": ADMIN,
    "GET /console/dismissals": VIEWER,
    "POST /console/dismissals": ADMIN,
    "GET /console/dismissals/{id}": VIEWER,
    "POST /console/dismissals/{id}/stop": ADMIN,
    "POST /console/needs-a-person/try-again": SENDER,
    "POST /console/needs-a-person/try-all": SENDER,
    "GET /console/carriers": VIEWER,
    "GET /console/carriers/live": VIEWER,
    "POST /console/carriers/{name}/pause": ADMIN,
    "POST /console/carriers/{name}/drain": ADMIN,
    "POST /console/carriers/{name}/resume": ADMIN,
    "GET /console/stops": VIEWER,
    "POST /console/stops": ADMIN,
    "POST /console/stops/lift": ADMIN,
    "GET /console/nodes": VIEWER,
    "GET /console/accounts": ADMIN,
    "POST /console/accounts": ADMIN,
    "GET /console/accounts/{account}": ADMIN,
    "POST /console/accounts/{account}/enable": ADMIN,
    "POST /console/accounts/{account}/disable": ADMIN,
    "POST /console/accounts/{account}/secret": ADMIN,
    "POST /console/accounts/{account}/keys": ADMIN,
    "POST /console/accounts/{account}/keys/{id}/revoke": ADMIN,
    "GET /console/webhooks": ADMIN,
    "POST /console/webhooks": ADMIN,
    "GET /console/webhooks/{account}/{id}": ADMIN,
    "POST /console/webhooks/{account}/{id}/pause": ADMIN,
    "POST /console/webhooks/{account}/{id}/resume": ADMIN,
    "POST /console/webhooks/{account}/{id}/test": ADMIN,
    "POST /console/webhooks/{account}/{id}/rotate": ADMIN,
    "POST /console/webhooks/{account}/{id}/replay": ADMIN,
    "POST /console/webhooks/{account}/{id}/delete": ADMIN,
    "GET /console/broadcasts": VIEWER,
    "GET /console/broadcasts/{account}": VIEWER,
    "GET /console/broadcasts/{account}/new": SENDER,
    "POST /console/broadcasts/{account}/preview": SENDER,
    "POST /console/broadcasts/{account}/begin": SENDER,
    "GET /console/broadcasts/{account}/files": VIEWER,
    "POST /console/broadcasts/{account}/files": SENDER,
    "GET /console/broadcasts/{account}/files/{file}": VIEWER,
    "POST /console/broadcasts/{account}/files/{file}/reveal": SUPPORT,
    "POST /console/broadcasts/{account}/files/{file}/delete": SENDER,
    "GET /console/broadcasts/{account}/{id}": VIEWER,
    "GET /console/broadcasts/{account}/{id}/recipients": VIEWER,
    "GET /console/broadcasts/{account}/{id}/preview": VIEWER,
    "POST /console/broadcasts/{account}/{id}/preview": SUPPORT,
    "GET /console/broadcasts/{account}/{id}/confirm/{verb}": SENDER,
    "POST /console/broadcasts/{account}/{id}/{verb}": SENDER,
    "GET /console/templates": VIEWER,
    "GET /console/templates/{account}": VIEWER,
    "GET /console/templates/{account}/{name}": VIEWER,
    "POST /console/templates/{account}/{name}/render": VIEWER,
    "GET /console/templates/{account}/{name}/delete": SENDER,
    "POST /console/templates/{account}/{name}/delete": SENDER,
    "GET /console/template-editor/{account}": SENDER,
    "POST /console/template-editor/{account}": SENDER,
    "GET /console/automations": VIEWER,
    "GET /console/automations/{account}": VIEWER,
    "GET /console/automations/{account}/{name}": VIEWER,
    "POST /console/automations/{account}/{name}/switch": SENDER,
    "GET /console/automations/{account}/{name}/preview": VIEWER,
    "POST /console/automations/{account}/{name}/preview": SUPPORT,
    "GET /console/automations/{account}/{name}/delete": SENDER,
    "POST /console/automations/{account}/{name}/delete": SENDER,
    "GET /console/automation-editor/{account}": SENDER,
    "POST /console/automation-editor/{account}": SENDER,
    "GET /console/sessions": VIEWER,
    "POST /console/sessions/end": VIEWER,
    "GET /console/audit": ADMIN,
}
"""The least role of every route."""
ID = "01900000-0000-7000-8000-000000000000"
SIGN_IN = "/console/sign-in"
INSTALLATION = {
    route
    for route in MATRIX
    if any(each in route for each in ("carriers", "stops", "nodes", "dismiss"))
    or (route.startswith("POST /console/accounts") and "/keys" not in route)
}
"""Only for users who see all accounts."""


def test_every_route_is_in_the_matrix():
    assert {f"{page.method} {page.path}" for page in PAGES} == set(MATRIX)


async def ask(browser, route):
    method, path = route.split()
    names = {"name": "down", "account": "demo", "number": GOOD, "verb": "pause"}
    path = path.format(id=ID, file=ID, message=ID, flag=ID, **names)
    if method == "GET":
        return await browser.get(path)
    is_upload = path.endswith("/files")
    return await (browser.post_file(path, b"") if is_upload else browser.post(path))


@pytest.mark.parametrize("account_id", [None, 1])
@pytest.mark.parametrize("role", ConsoleRole)
async def test_a_role_opens_its_routes_and_no_other(
    services, open_browser, role, account_id, monkeypatch
):
    async def drain(_name):
        pass  # its tasks do not run here

    monkeypatch.setattr(services.carriers, "drain", drain)
    for number, (route, least) in enumerate(MATRIX.items()):
        if least is ANYONE:
            continue
        browser = await signed_in(open_browser(), role, account_id, name=f"user{number}")
        status = (await ask(browser, route)).status_code
        order = list(ConsoleRole)
        is_allowed = order.index(role) >= order.index(least) and (
            account_id is None or route not in INSTALLATION
        )
        assert status in ((200, 303, 404, 422) if is_allowed else (403,)), route


async def test_without_a_session_only_the_sign_in_is_served(browser):
    for route, least in MATRIX.items():
        response = await ask(browser, route)
        if least is ANYONE:
            assert response.status_code != 403, route
            assert response.headers.get("location", SIGN_IN) == SIGN_IN
        else:
            is_page = route.startswith("GET") and not route.endswith("/live")
            assert response.status_code == (303 if is_page else 401), route


async def test_an_unknown_token_is_no_session(browser):
    for token in ("A" * 43, "", "\xff", "a; b", "A" * 10_000):
        response = await browser.client.get(
            "/console", headers={"Cookie": f"simpost_console={token}".encode("latin-1")}
        )
        assert response.status_code == 303


async def test_every_response_allows_no_foreign_content_and_no_frame(browser):
    await signed_in(browser, ADMIN)
    assert "unsafe" not in POLICY
    assert "frame-ancestors 'none'" in POLICY
    paths = ("/console", "/console/sign-in", "/console/none", "/console/assets/0/console.css")
    for path in paths:
        headers = (await browser.get(path)).headers
        assert headers["content-security-policy"] == POLICY, path
        assert headers["x-frame-options"] == "DENY"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["cache-control"] == "no-store"


class Elements(HTMLParser):
    """Everything in a page that a browser would load, run or go to."""

    def __init__(self, page):
        super().__init__()
        self.faults = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        named = dict(attrs)
        if tag == "style" or (tag == "script" and "src" not in named):
            self.faults.append(tag)
        for name, value in attrs:
            is_way = name in ("href", "src", "action", "hx-get", "hx-post")
            if name == "style" or name.startswith(("on", "hx-on")):
                self.faults.append(name)
            if is_way and (value[:1] not in ("/", "#", "?") or value.startswith("//")):
                self.faults.append(value)


async def test_pages_name_no_other_host_and_no_inline_code(browser):
    await signed_in(browser, ADMIN)
    for route in (route for route in MATRIX if route.startswith("GET")):
        assert Elements((await ask(browser, route)).text).faults == [], route
    hostile = Elements("<p onclick=x style=y><script>1</script><a href='//x'><style></style>")
    assert hostile.faults == ["onclick", "style", "script", "//x", "style"]


async def test_files_are_served_under_their_digest_and_kept(browser):
    page = (await browser.get("/console/sign-in")).text
    for name, kind in (("console.css", "text/css"), ("htmx.min.js", "text/javascript")):
        [path] = {part for part in page.split('"') if part.endswith(name)}
        response = await browser.get(path)
        assert response.headers["content-type"].startswith(kind)
        assert "immutable" in response.headers["cache-control"]
        assert response.content == (CONSOLE / "assets" / name).read_bytes()


def test_htmx_is_as_its_package_has_it_with_its_licence():
    octets = (CONSOLE / "assets/htmx.min.js").read_bytes()
    assert hashlib.sha256(octets).hexdigest() == HTMX_SHA256
    assert "Zero-Clause BSD" in (CONSOLE / "assets/htmx.LICENSE").read_text("utf-8")


def test_uplot_is_as_its_package_has_it_with_its_licence():
    for name, digest in UPLOT_SHA256.items():
        octets = (CONSOLE / "assets" / name).read_bytes()
        assert hashlib.sha256(octets).hexdigest() == digest
    assert "The MIT License" in (CONSOLE / "assets/uplot.LICENSE").read_text("utf-8")


async def test_a_first_load_of_the_start_page_takes_less_than_100_kb(browser):
    """As octets of the responses with gzip, which every browser takes."""
    await signed_in(browser, ADMIN)
    page = await browser.get("/console")
    files = {part for part in page.text.split('"') if part.startswith("/console/assets/")}
    assert len(files) >= 6
    size = len(page.content)
    for path in files:
        async with browser.client.stream(
            "GET", path, headers={"Accept-Encoding": "gzip"}
        ) as response:
            assert response.headers["content-encoding"] == "gzip"
            size += sum([len(chunk) async for chunk in response.aiter_raw()])
    assert size < 100_000
    plain = await browser.client.get(path, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers


async def test_a_method_that_a_page_does_not_take_is_refused(browser):
    await signed_in(browser, ADMIN)
    assert (await browser.client.put("/console")).status_code == 405


async def test_the_api_knows_nothing_of_the_session(browser):
    await signed_in(browser, ADMIN)
    response = await browser.get("/v1/admin/carriers")
    assert response.status_code == 401
