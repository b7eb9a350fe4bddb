"""The page behind a link: GET shows, POST acts, again and again, without a sign-in."""

import re
from html import escape

import pytest

from simpost.domain.messages import Category
from simpost.features.preferences.phrases import PHRASES
from tests.integration.api.conftest import GOOD, STRANGERS

pytestmark = pytest.mark.asyncio

PATH = f"esims/{GOOD}/preferences"


def page_of(service, esim=GOOD, category=Category.PROMOTION, account_id=1):
    url = service.services.opt_out_links.url_for(account_id, esim, category)
    return url.removeprefix("https://sms.example.com")


def states(html):
    return re.findall(r"<h2>(.*?)</h2>\n<p>(.*?)</p>", html)


async def press(service, page, html, number=0):
    """Send the form of a button; the page that it leads to."""
    action = re.findall(r'action="([^"]*)"', html)[number].replace("&amp;", "&")
    done = await service.client.post(page + action)
    assert done.status_code == 303
    shown = await service.client.get(str(done.next_request.url))
    assert shown.status_code == 200
    return shown.text


async def history(service):
    return (await service.native("GET", f"{PATH}/history")).json()["changes"]


async def test_reading_the_page_changes_nothing(service):
    page = page_of(service)
    for method in ("GET", "HEAD", "GET"):
        shown = await service.client.request(method, page)
        assert shown.status_code == 200
    assert states(shown.text) == [("Offers", "You get these."), ("Notices", "You get these.")]
    assert await history(service) == []


async def test_a_button_acts_and_the_link_works_again(service):
    page = page_of(service)
    html = await press(service, page, (await service.client.get(page)).text)
    assert states(html)[0] == ("Offers", "You do not get these.")
    body = {"esimTranNo": GOOD, "text": "Sale", "category": "promotion"}
    assert (await service.native("POST", "messages", json=body)).json()["code"] == "opted_out"
    html = await press(service, page, html)
    assert states(html)[0] == ("Offers", "You get these.")
    assert (await service.native("POST", "messages", json=body)).status_code == 202
    assert [(each["way"], each["changedBy"]) for each in await history(service)] == [
        ("link", None),
        ("link", None),
    ]


async def test_the_page_shows_what_was_decided_elsewhere(service):
    await service.native("PATCH", PATH, json={"categories": {"notice": False}})
    html = (await service.client.get(page_of(service, category=Category.NOTICE))).text
    assert states(html) == [("Notices", "You do not get these."), ("Offers", "You get these.")]


async def test_the_page_is_in_the_language_of_the_traveller(service):
    await service.native("PATCH", PATH, json={"language": "de-AT"})
    html = (await service.client.get(page_of(service))).text
    assert '<html lang="de">' in html
    assert states(html)[0] == ("Angebote", "Du erhältst sie.")


@pytest.mark.parametrize("language", sorted(PHRASES))
async def test_the_page_acts_in_every_language_without_a_script(service, language):
    phrases = PHRASES[language]
    await service.native("PATCH", PATH, json={"language": language})
    page = page_of(service)
    html = (await service.client.get(page)).text
    for state in (phrases.on, phrases.off, phrases.on):
        assert f'<html lang="{language}">' in html
        assert "<script" not in html
        label = phrases.labels[Category.PROMOTION]
        assert states(html)[0] == (escape(label), escape(state))
        html = await press(service, page, html)


async def test_the_page_has_no_script_and_is_not_stored(service):
    shown = await service.client.get(page_of(service))
    assert "<script" not in shown.text
    assert shown.headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in shown.headers["Content-Security-Policy"]
    assert GOOD not in shown.text


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("token", ["x", "A" * 24, "A" * 5000, "%00", "..%2f", "ÿ" * 24])
async def test_a_link_that_is_not_ours_shows_nothing(service, method, token):
    shown = await service.client.request(method, f"/o/{token}?category=promotion&allowed=no")
    assert shown.status_code in (404, 405)
    assert GOOD not in shown.text


async def test_the_link_of_an_esim_of_another_account_is_not_valid(service):
    stranger = STRANGERS[0]["esimTranNo"]
    assert (await service.client.get(page_of(service, stranger))).status_code == 404
    assert (await service.client.get(page_of(service, account_id=9))).status_code == 404


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?category=code&allowed=no",
        "?category=service&allowed=no",
        "?category=promotion&allowed=maybe",
        "?category=promotion",
        "?allowed=no",
        "?category=%00&allowed=no",
    ],
)
async def test_a_button_that_the_page_does_not_have_changes_nothing(service, query):
    done = await service.client.post(page_of(service) + query, content=b"category=notice")
    assert done.status_code == 303
    assert await history(service) == []
