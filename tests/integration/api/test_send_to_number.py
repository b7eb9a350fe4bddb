"""Messages to the phone number of an eSIM."""

from typing import Any

import pytest

from simpost.catalogue.normalization import parse_esim
from tests.integration.api.conftest import GOOD, NOW_MS, esim

NUMBER = "66810000001"
SERVED = Any  # the `service` fixture of conftest.py


async def send(service: SERVED, **fields: Any) -> Any:
    return await service.native("POST", "messages", json={"text": "Hello"} | fields)


@pytest.mark.parametrize("number", [NUMBER, f"+{NUMBER}"])
async def test_a_number_names_the_esim_of_the_account(service: SERVED, number: str) -> None:
    sent = await send(service, msisdn=number)
    shown = await service.native("GET", f"messages/{sent.json()['id']}")
    assert (shown.json()["esimTranNo"], shown.json()["to"]) == (GOOD, NUMBER)


async def test_a_number_of_another_account_is_unknown(service: SERVED) -> None:
    answer = await send(service, msisdn="66810000090")
    assert (answer.status_code, answer.json()["code"]) == (404, "esim_unknown")


async def test_names_that_do_not_agree_are_unknown(service: SERVED) -> None:
    answer = await send(service, msisdn=NUMBER, esimTranNo="26010100000006")
    assert (answer.status_code, answer.json()["code"]) == (404, "esim_unknown")


async def test_a_number_that_two_esims_have_is_refused(service: SERVED) -> None:
    twin = parse_esim(esim("26010100000077", msisdn=NUMBER), NOW_MS)
    await service.store.catalogue.save_esims(1, [twin])
    answer = await send(service, msisdn=NUMBER)
    assert (answer.status_code, answer.json()["code"]) == (409, "msisdn_ambiguous")
    assert (await send(service, msisdn=NUMBER, esimTranNo=GOOD)).status_code == 202
    batch = await service.native(
        "POST", "messages", json={"messages": [{"msisdn": NUMBER, "text": "x"}]}
    )
    assert batch.json()["results"][0]["status"] == 409


async def test_a_retired_esim_leaves_its_number_to_the_next(service: SERVED) -> None:
    twin = parse_esim(esim("26010100000077", msisdn=NUMBER), NOW_MS)
    await service.store.catalogue.save_esims(1, [twin])
    await service.store.catalogue.retire_esims([GOOD], now_ms=NOW_MS)
    sent = await send(service, msisdn=NUMBER)
    shown = await service.native("GET", f"messages/{sent.json()['id']}")
    assert shown.json()["esimTranNo"] == "26010100000077"
