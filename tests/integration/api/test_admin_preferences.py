"""Preferences of any account, by the administrator."""

import pytest

from tests.integration.api.conftest import GOOD
from tests.integration.api.test_preferences import allowed, bring, send

pytestmark = pytest.mark.asyncio

OF_DEMO = "accounts/demo"
PATH = f"{OF_DEMO}/esims/{GOOD}/preferences"
DEFAULTS = f"{OF_DEMO}/preferences"
NO_PROMOTIONS = {"categories": {"promotion": False}}


async def answer(service, method, path, **request):
    response = await service.operate(method, path, **request)
    assert response.status_code == 200, response.text
    return response.json()


async def test_the_administrator_sees_and_sets_the_preferences_of_an_esim(service):
    body = await answer(service, "PATCH", PATH, json={**NO_PROMOTIONS, "words": "by phone"})
    assert not allowed(body)["promotion"]
    assert body == await answer(service, "GET", PATH)
    assert body == (await service.native("GET", f"esims/{GOOD}/preferences")).json()
    assert (await send(service, "promotion")).json()["code"] == "opted_out"
    await answer(service, "PATCH", PATH, json={"language": "fr", "changedBy": "Ana"})
    newest, oldest = (await answer(service, "GET", f"{PATH}/history"))["changes"]
    assert (newest["changedBy"], oldest["changedBy"], oldest["words"]) == (
        "Ana", "admin", "by phone",
    )  # fmt: skip


async def test_the_administrator_sees_and_sets_the_defaults_of_an_account(service):
    body = await answer(service, "PATCH", DEFAULTS, json=NO_PROMOTIONS)
    assert body == await answer(service, "GET", DEFAULTS)
    assert (await send(service, "promotion")).json()["code"] == "opted_out"
    [change] = (await answer(service, "GET", f"{DEFAULTS}/history"))["changes"]
    assert (change["way"], change["changedBy"]) == ("api", "admin")


async def test_the_administrator_imports_preferences_of_an_account(service):
    rows = [{"esimTranNo": GOOD, **NO_PROMOTIONS}, {"esimTranNo": "1", "language": "fr"}]
    body = await answer(service, "POST", f"{DEFAULTS}/import", json={"rows": rows})
    assert [each["outcome"] for each in body["results"]] == ["changed", "esim_unknown"]
    [change] = (await answer(service, "GET", f"{PATH}/history"))["changes"]
    assert (change["way"], change["changedBy"]) == ("import", "admin")


async def test_the_administrator_closes_flags_of_an_account(service):
    await bring(service, "please stop")
    [flag] = (await answer(service, "GET", f"{DEFAULTS}/flags"))["flags"]
    of_other = f"accounts/other/preferences/flags/{flag['id']}"
    assert (await service.operate("DELETE", of_other)).status_code == 404
    assert await answer(service, "DELETE", f"{DEFAULTS}/flags/{flag['id']}") == {"id": flag["id"]}
    assert (await answer(service, "GET", f"{DEFAULTS}/flags"))["flags"] == []


@pytest.mark.parametrize("path", [PATH.replace("demo", "other"), PATH.replace("demo", "nobody")])
async def test_an_esim_of_another_account_is_not_found(service, path):
    for method, name in (("GET", path), ("PATCH", path), ("GET", f"{path}/history")):
        json = NO_PROMOTIONS if method == "PATCH" else None
        response = await service.operate(method, name, json=json)
        assert (response.status_code, response.json()["code"]) == (404, "not_found")


async def test_the_credentials_of_an_account_are_refused(service):
    response = await service.native("GET", f"admin/{PATH}")
    assert response.status_code == 401
