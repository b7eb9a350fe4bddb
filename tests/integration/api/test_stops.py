"""Stops of the administrator, over the APIs, on a real store."""

from typing import Any

import pytest
import pytest_asyncio

from simpost.domain.accounts import Account
from simpost.messaging.phone_texts import forward
from simpost.messaging.policy.stops import Stops
from simpost.messaging.release import Release
from tests.integration.api.conftest import GOOD, NOW_MS

HOUR_MS = 3_600_000
STRANGER = "26010100000090"
WHY = "the key leaked; call +44 1632 960001"


class Clock:
    now_ms = NOW_MS

    def __call__(self) -> int:
        return self.now_ms


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest_asyncio.fixture
async def service(serve: Any, clock: Clock) -> Any:
    return await serve(clock_ms=clock)


async def stop(service: Any, **fields: Any) -> Any:
    answer = await service.operate("POST", "stops", json={"reason": WHY, **fields})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def send(service: Any, account: str = "demo", **fields: Any) -> Any:
    number = GOOD if account == "demo" else STRANGER
    body = {"esimTranNo": number, "text": "Hello", **fields}
    return await service.native("POST", "messages", account=account, json=body)


async def is_stopped(service: Any, account: str = "demo", **fields: Any) -> bool:
    answer = await send(service, account, **fields)
    if answer.is_success:
        return False
    assert (answer.status_code, answer.json()["code"]) == (409, "sending_stopped")
    return True


async def test_a_stop_is_listed_and_its_reason_is_shown_to_callers(service: Any) -> None:
    made = await stop(service, account="demo")
    assert made == {
        "account": "demo", "category": None, "country": None, "codes": False, "reason": WHY,
        "since": "2026-01-01T00:00:00.000Z",
    }  # fmt: skip
    assert (await service.operate("GET", "stops")).json() == {"stops": [made]}
    problem = (await send(service)).json()
    assert (problem["code"], WHY in problem["detail"]) == ("sending_stopped", True)
    would = (await send(service, dryRun=True)).json()
    assert (would["decision"], would["reason"]["code"]) == ("refuse", "sending_stopped")
    assert would["reason"]["detail"] == WHY


async def test_the_compatible_api_answers_200002_with_the_reason(service: Any) -> None:
    await stop(service, account="demo")
    answer = await service.send()
    assert (answer.json()["errorCode"], answer.headers["rt-reason"]) == (
        "200002",
        "sending_stopped",
    )


@pytest.mark.parametrize(
    ("scope", "stopped", "passing"),
    [
        ({"account": "demo"}, {}, {"account": "other"}),
        ({"category": "notice"}, {"category": "notice"}, {"category": "support"}),
        ({"country": "TH"}, {}, {"esimTranNo": "26010100000006"}),
        ({"everything": True}, {"account": "other"}, {"category": "code"}),
        ({"category": "code"}, {"category": "code"}, {}),
        ({"everything": True, "codes": True}, {"category": "code"}, None),
        ({"account": "demo", "category": "notice"}, {"category": "notice"}, {}),
    ],
)
async def test_a_stop_refuses_its_scope_until_it_is_resumed(
    service: Any, scope: Any, stopped: Any, passing: Any
) -> None:
    await stop(service, **scope)
    assert await is_stopped(service, **stopped)
    if passing is not None:
        assert not await is_stopped(service, **passing)
    query = {name: value for name, value in scope.items() if name != "codes"}
    answer = await service.operate("DELETE", "stops", params=query)
    assert (answer.status_code, answer.json()) == (200, {"stops": []})
    assert not await is_stopped(service, **stopped)


async def test_only_the_stop_of_exactly_that_scope_is_removed(service: Any) -> None:
    for scope in ({"account": "demo"}, {"account": "demo", "country": "TH"}):
        await stop(service, **scope)
    answer = await service.operate("DELETE", "stops", params={"everything": "true"})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    left = (await service.operate("DELETE", "stops", params={"account": "demo"})).json()
    assert [each["country"] for each in left["stops"]] == ["TH"]


async def test_a_scheduled_message_is_refused_as_well(service: Any) -> None:
    await stop(service, everything=True)
    assert await is_stopped(service, sendAt="2026-01-02T00:00:00Z")


async def test_a_held_message_is_rejected_when_it_is_due(service: Any, clock: Clock) -> None:
    sent = (await send(service, sendAt="2026-01-01T01:00:00Z")).json()
    queued = (await send(service)).json()
    await stop(service, everything=True)
    clock.now_ms += HOUR_MS
    services = service.services
    await Release(
        service.store.held, services.intake, services.accounts, service.lanes, clock_ms=clock
    ).run_once()
    shown = (await service.native("GET", f"messages/{sent['id']}")).json()
    assert (shown["state"], shown["reason"]["code"]) == ("rejected", "sending_stopped")
    shown = (await service.native("GET", f"messages/{queued['id']}")).json()
    assert shown["state"] == "accepted"


async def test_a_text_from_a_phone_is_refused(service: Any) -> None:
    await stop(service, everything=True)
    intake = service.services.intake
    esim = await service.store.catalogue.find_esim(1, esim_tran_no=GOOD, iccid=None)
    account = service.services.accounts.get("demo")
    assert isinstance(account, Account)
    refused = forward(intake, account, esim, sender="447700900123", text="hello")
    assert refused.reason == "sending_stopped"


async def test_a_stop_survives_a_restart(service: Any, store: Any, clock: Clock) -> None:
    await stop(service, everything=True)
    stops = Stops(store.stops, clock)
    await stops.reload()
    assert [each.reason for each in await stops.list_stored()] == [WHY]


@pytest.mark.parametrize(
    ("body", "at"),
    [
        ({"reason": WHY}, "body"),
        ({"reason": WHY, "everything": True, "account": "demo"}, "body"),
        ({"everything": True}, "body.reason"),
        ({"everything": True, "reason": ""}, "body.reason"),
        ({"everything": True, "reason": " \t"}, "body.reason"),
        ({"everything": True, "reason": "two\nlines"}, "body.reason"),
        ({"everything": True, "reason": "x" * 201}, "body.reason"),
        ({"everything": True, "reason": "\0"}, "body.reason"),
        ({"everything": "yes", "reason": WHY}, "body.everything"),
        ({"country": "UK", "reason": WHY}, "body.country"),
        ({"country": "gb", "reason": WHY}, "body.country"),
        ({"country": "G", "reason": WHY}, "body.country"),
        ({"category": "advert", "reason": WHY}, "body.category"),
        ({"account": "de mo", "reason": WHY}, "body.account"),
        ({"everything": True, "reason": WHY, "until": "tomorrow"}, "body.until"),
    ],
)
async def test_an_impossible_stop_is_refused_with_the_field(
    service: Any, body: Any, at: str
) -> None:
    answer = await service.operate("POST", "stops", json=body)
    assert answer.status_code == 422
    assert [each["at"] for each in answer.json()["errors"]] == [at]
    assert (await service.operate("GET", "stops")).json() == {"stops": []}


async def test_a_stop_of_an_unknown_account_is_refused(service: Any) -> None:
    answer = await service.operate("POST", "stops", json={"account": "nobody", "reason": WHY})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_only_the_administrator_may_stop(service: Any) -> None:
    body = {"everything": True, "reason": WHY}
    assert (await service.native("POST", "admin/stops", json=body)).status_code == 401
