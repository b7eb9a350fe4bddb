"""GET /v1/messages/{id}/exchanges, for an account and for the administrator."""

from __future__ import annotations

import json
from typing import Any

import pytest

from simpost.carriers.http import HttpCarrier
from simpost.carriers.smpp import SmppCarrier
from simpost.domain.messages import parse_id
from simpost.domain.outcomes import OutcomeKind
from simpost.domain.reasons import Reason
from simpost.domain.states import State
from simpost.ports.store import AttemptResult
from tests.integration.api.conftest import GOOD, NOW_MS
from tests.integration.carriers import centre
from tests.integration.carriers.upstream_api import settings_of

SERVED = Any  # the `service` fixture of conftest.py
TEXT = "Your seat is 17A"
TWILIO = {
    "type": "twilio",
    "name": "down",
    "base_url": "https://api.example.com",
    "account_sid": "AC1",
    "auth_token": "hush-hush-key",
}


def use_smpp(service: SERVED) -> None:
    """An SMPP carrier in place of the double, not started."""
    service.services.carriers._dispatch.add(SmppCarrier(centre.settings(1, name="down")))


def result(id_: str, **changed: Any) -> AttemptResult:
    fields: dict[str, Any] = {
        "account_id": 1,
        "message_id": parse_id(id_),
        "number": 1,
        "total": 1,
        "attempt": 0,
        "repeat": False,
        "carrier": "down",
        "state": State.SENT,
        "reason": None,
        "outcome": OutcomeKind.ACCEPTED,
        "carrier_message_id": "c-1",
        "carrier_code": None,
        "started_ms": NOW_MS,
        "ended_ms": NOW_MS + 20,
        "due_ms": None,
    }
    return AttemptResult(**fields | changed)


async def tried(service: SERVED, *, text: str = TEXT, **changed: Any) -> str:
    """The id of a message with one attempt."""
    body = {"esimTranNo": GOOD, "text": text}
    id_: str = (await service.native("POST", "messages", json=body)).json()["id"]
    await service.store.queue.record([result(id_, **changed)])
    return id_


async def exchanges(service: SERVED, id_: str) -> list[dict[str, Any]]:
    found = await service.native("GET", f"messages/{id_}/exchanges")
    assert found.status_code == 200
    shown: list[dict[str, Any]] = found.json()["exchanges"]
    return shown


def values(side: dict[str, Any]) -> dict[str, Any]:
    return {field["name"]: field["value"] for field in side["fields"]}


async def test_a_submit_and_its_response_are_shown_decoded(service: SERVED) -> None:
    use_smpp(service)
    id_ = await tried(service)
    [shown] = await exchanges(service, id_)
    assert (shown["part"], shown["attempt"], shown["carrier"]) == (1, 0, "down")
    assert (shown["protocol"], shown["settings"], shown["source"]) == ("smpp", "of_now", "store")
    assert shown["request"]["name"] == "submit_sm"
    request = values(shown["request"])
    assert request["destination_addr"] == "66810000001"
    assert bytes.fromhex(request["short_message"]) == TEXT.encode()
    assert values(shown["response"])["message_id"] == "c-1"
    admin = await service.operate("GET", f"messages/{id_}/exchanges")
    assert admin.json()["exchanges"] == [shown]


async def test_hosts_and_settings_of_an_api_are_for_the_administrator(service: SERVED) -> None:
    carrier = HttpCarrier(settings_of(TWILIO, "https://api.example.com"))
    service.services.carriers._dispatch.add(carrier)
    id_ = await tried(service)
    [mine] = await exchanges(service, id_)
    assert values(mine["request"])["body Body"] == TEXT
    assert values(mine["request"])["body To"] == "+66810000001"
    assert values(mine["request"])["body SmartEncoded"] is None
    assert "example.com" not in json.dumps(mine)
    [admins] = (await service.operate("GET", f"messages/{id_}/exchanges")).json()["exchanges"]
    url = "https://api.example.com/2010-04-01/Accounts/AC1/Messages.json"
    assert values(admins["request"])["URL"] == url
    assert values(admins["request"])["body SmartEncoded"] == "false"
    assert values(admins["request"])["header Authorization"] is None
    assert "hush-hush-key" not in json.dumps(admins)


async def test_a_one_time_code_is_in_no_exchange(service: SERVED) -> None:
    use_smpp(service)
    body = {"esimTranNo": GOOD, "purpose": "login"}
    await service.native("POST", "verifications", json=body)
    [message] = (await service.native("GET", "messages")).json()["messages"]
    await service.store.queue.record([result(message["id"])])
    [stored] = await service.store.log.find_sent_parts(1, parse_id(message["id"]))
    assert stored.text == ""
    for found in (
        await exchanges(service, message["id"]),
        (await service.operate("GET", f"messages/{message['id']}/exchanges")).json()["exchanges"],
    ):
        [shown] = found
        assert shown["request"]["octets"] is None
        assert values(shown["request"])["short_message"] is None
        assert values(shown["request"])["destination_addr"] == "66810000001"


@pytest.mark.parametrize(
    ("outcome", "reason", "note"),
    [
        (OutcomeKind.UNREACHABLE, Reason.CARRIER_PAUSED, "Nothing was sent in this attempt."),
        (OutcomeKind.IN_DOUBT, Reason.NO_RESPONSE, "No response came."),
    ],
)
async def test_what_did_not_happen_is_explained(
    service: SERVED, outcome: OutcomeKind, reason: Reason, note: str
) -> None:
    use_smpp(service)
    state = State.IN_DOUBT if outcome is OutcomeKind.IN_DOUBT else State.SENDING
    changed = {"outcome": outcome, "reason": reason, "state": state, "carrier_message_id": None}
    [shown] = await exchanges(service, await tried(service, **changed))
    assert shown["note"] == note
    assert shown["response"] is None
    assert bool(shown["request"]) is (outcome is OutcomeKind.IN_DOUBT)


async def test_without_attempts_or_carrier_there_is_no_exchange(service: SERVED) -> None:
    body = {"esimTranNo": GOOD, "text": TEXT}
    id_ = (await service.native("POST", "messages", json=body)).json()["id"]
    assert await exchanges(service, id_) == []
    [shown] = await exchanges(service, await tried(service, carrier="gone"))
    assert (shown["request"], shown["response"]) == (None, None)
    assert shown["note"].startswith("The carrier is not configured any more")


async def test_the_exchanges_of_another_account_are_not_found(service: SERVED) -> None:
    id_ = await tried(service)
    for account, path in (("other", id_), ("demo", "none")):
        found = await service.native("GET", f"messages/{path}/exchanges", account=account)
        assert found.status_code == 404
    assert (await service.operate("GET", "messages/none/exchanges")).status_code == 404
