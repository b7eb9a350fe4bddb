"""The administrator opens a message or conversation of any account, and finds by number."""

from typing import Any

import pytest

from tests.integration.api.conftest import GOOD

SERVED = Any  # the `service` fixture of conftest.py
NUMBER = "66810000001"


async def sent(service: SERVED) -> str:
    return str((await service.send("Grüße")).headers["RT-MessageID"])


async def test_the_administrator_opens_one_message_of_any_account(service: SERVED) -> None:
    message_id = await sent(service)
    shown = (await service.operate("GET", f"messages/{message_id}")).json()
    assert (shown["id"], shown["account"], shown["text"]) == (message_id, "demo", "Grüße")
    own = (await service.native("GET", f"messages/{message_id}")).json()
    assert {**own, "waitingFor": None} == {**shown, "waitingFor": None}


@pytest.mark.parametrize("name", ["nonsense", "01890000-0000-7000-8000-000000000000"])
async def test_a_message_that_no_account_has_is_not_found(service: SERVED, name: str) -> None:
    answer = await service.operate("GET", f"messages/{name}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_another_account_cannot_open_the_message(service: SERVED) -> None:
    message_id = await sent(service)
    assert (
        await service.native("GET", f"messages/{message_id}", account="other")
    ).status_code == 404
    auth = ("demo", "demo-secret")
    path = f"/v1/admin/messages/{message_id}"
    assert (await service.client.get(path, auth=auth)).status_code == 401


async def test_a_queued_message_names_its_carrier_and_the_state(service: SERVED) -> None:
    message_id = await sent(service)
    own = (await service.native("GET", f"messages/{message_id}")).json()
    assert own["state"] == "accepted"
    assert own["waitingFor"] == {"carrier": "down", "state": "lost", "problem": None}
    shown = (await service.operate("GET", f"messages/{message_id}")).json()
    assert shown["waitingFor"]["problem"] == "connection refused"
    await service.operate("POST", "carriers/down/pause")
    own = (await service.native("GET", f"messages/{message_id}")).json()
    assert own["waitingFor"]["state"] == "paused"


async def test_messages_are_found_by_the_number_of_their_esim(service: SERVED) -> None:
    message_id = await sent(service)
    await service.send("to another eSIM", number="26010100000006")
    for number in (NUMBER, f"+{NUMBER}"):
        for query in ({"msisdn": number}, {"msisdn": number, "account": "demo"}):
            found = (await service.operate("GET", "messages", params=query)).json()["messages"]
            assert [each["id"] for each in found] == [message_id]
        own = (await service.native("GET", "messages", params={"msisdn": number})).json()
        assert [each["id"] for each in own["messages"]] == [message_id]
    query = {"msisdn": NUMBER, "esimTranNo": "26010100000006"}
    assert (await service.native("GET", "messages", params=query)).json()["messages"] == []


async def test_a_number_of_another_account_finds_nothing(service: SERVED) -> None:
    await sent(service)
    own = await service.native("GET", "messages", account="other", params={"msisdn": NUMBER})
    assert own.json() == {"messages": [], "next": None}
    query = {"msisdn": NUMBER, "account": "other"}
    assert (await service.operate("GET", "messages", params=query)).json()["messages"] == []
    query = {"msisdn": "999"}
    assert (await service.operate("GET", "messages", params=query)).json()["messages"] == []


async def test_the_list_of_the_administrator_needs_an_account_or_a_number(service: SERVED) -> None:
    answer = await service.operate("GET", "messages")
    assert answer.status_code == 422
    assert "account, msisdn" in answer.json()["detail"]


async def test_the_administrator_reads_the_conversation_of_an_esim(service: SERVED) -> None:
    await sent(service)
    path = f"esims/{GOOD}/conversation"
    shown = await service.operate("GET", f"accounts/demo/{path}")
    assert shown.json() == (await service.native("GET", path)).json()
    assert len(shown.json()["entries"]) == 1
    assert (await service.operate("GET", f"accounts/other/{path}")).status_code == 404
    assert (await service.operate("GET", f"accounts/nobody/{path}")).status_code == 404
