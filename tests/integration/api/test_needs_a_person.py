"""`GET /v1/needs-a-person`, of an account and of the installation with all accounts."""

from simpost.api.v1.needs_a_person import MOST
from simpost.domain.messages import format_id
from simpost.domain.reasons import Reason
from simpost.domain.states import State
from simpost.domain.webhooks import DeliveryState, EndpointState, EventDelivery
from simpost.ports.store import EndpointChange
from tests.contract.store_facts import NOW_MS, held, in_doubt, leased, receipt
from tests.integration.api.conftest import GOOD

HEALTHY = {
    "healthy": True,
    "inDoubt": [],
    "held": [],
    "webhooks": [],
    "stuck": [],
    "more": False,
}


async def doubt(store, account_id=1):
    one = leased("Hello", account_id=account_id, esim_tran_no=GOOD)
    await store.queue.accept(one)
    await store.queue.record([in_doubt(one)])
    return one


async def webhook(service, account="demo"):
    await service.operate("PATCH", f"accounts/{account}", json={"events": True})
    owner = service.services.accounts.get(account)
    added, _ = await service.services.webhooks.add(owner, "https://shop.example/hook")
    return added


async def test_nothing_means_healthy(service):
    assert (await service.native("GET", "needs-a-person")).json() == HEALTHY


async def test_messages_in_doubt_are_listed_up_to_the_limit(service):
    for _ in range(MOST + 1):
        newest = await doubt(service.store)
    found = (await service.native("GET", "needs-a-person")).json()
    assert not found["healthy"]
    (listed,) = found["inDoubt"]
    assert (listed["account"], len(listed["messages"]), listed["more"]) == ("demo", MOST, True)
    assert listed["messages"][0]["id"] == format_id(newest.id)
    assert listed["messages"][0]["esimTranNo"] == GOOD
    other = (await service.native("GET", "needs-a-person", account="other")).json()
    assert other == HEALTHY


async def test_what_policy_holds_is_listed_and_needs_nobody(service):
    quiet = held("Hi", account_id=1, state=State.HELD, reason=Reason.QUIET_HOURS)
    await service.store.held.hold(quiet)
    found = (await service.native("GET", "needs-a-person")).json()
    assert found["healthy"]
    (row,) = found["held"][0]["messages"]
    assert (row["id"], row["reason"]["code"]) == (format_id(quiet.message.id), "quiet_hours")


async def test_webhooks_that_gave_up_or_are_stopped_are_counted(service):
    one = await webhook(service)
    lost = [
        EventDelivery(
            account_id=1,
            endpoint_id=one.id,
            sequence=each,
            type="message.delivered",
            subject="s",
            at_ms=NOW_MS,
            data={},
            state=DeliveryState.EXHAUSTED,
            updated_ms=NOW_MS,
        )
        for each in (1, 2)
    ]
    await service.store.webhooks.add_deliveries(lost)
    found = (await service.native("GET", "needs-a-person")).json()
    row = {"account": "demo", "id": format_id(one.id), "state": "enabled", "givenUp": 2}
    assert found["webhooks"] == [row | {"more": False}]
    change = EndpointChange(state=EndpointState.DISABLED)
    await service.store.webhooks.change_endpoint(1, one.id, change)
    found = (await service.native("GET", "needs-a-person")).json()
    assert found["webhooks"] == [row | {"state": "disabled", "givenUp": 0, "more": False}]
    assert not found["healthy"]
    await service.services.webhooks._sender.close()


async def test_a_key_without_the_scope_webhooks_sees_none(service):
    one = await webhook(service)
    change = EndpointChange(state=EndpointState.GONE)
    await service.store.webhooks.change_endpoint(1, one.id, change)
    seen = []
    for scopes in (["messages:read"], ["messages:read", "webhooks"]):
        given = {"name": "key", "scopes": scopes}
        key = (await service.native("POST", "keys", json=given)).json()["key"]
        headers = {"Authorization": f"Bearer {key}"}
        found = (await service.client.get("/v1/needs-a-person", headers=headers)).json()
        seen.append((found["webhooks"] is None, found["healthy"]))
    assert seen == [(True, True), (False, False)]
    await service.services.webhooks._sender.close()


async def test_the_administrator_sees_the_installation_and_all_accounts(service):
    mine, theirs = await doubt(service.store, 1), await doubt(service.store, 2)
    await service.store.queue.record((), [receipt("unknown-17")])
    stop = {"account": "other", "reason": "ticket"}
    assert (await service.operate("POST", "stops", json=stop)).status_code == 201
    found = (await service.operate("GET", "needs-a-person")).json()
    assert not found["healthy"]
    assert [(each["account"], each["messages"][0]["id"]) for each in found["inDoubt"]] == [
        ("demo", format_id(mine.id)),
        ("other", format_id(theirs.id)),
    ]
    words = {each["kind"]: each["what"] for each in found["installation"]}
    assert "unknown-17" in words["receipt"]
    assert words["stop"].startswith("Sending is stopped for other since ")
    one = (await service.operate("GET", "needs-a-person?account=demo")).json()
    assert [each["account"] for each in one["inDoubt"]] == ["demo"]
    assert one["installation"] == []
    assert (await service.operate("GET", "needs-a-person?account=none")).status_code == 404
