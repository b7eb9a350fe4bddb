"""Two accounts see, guess and change nothing of each other, at every endpoint of /v1.

Generated from the OpenAPI document. A new endpoint with a parameter in its path, or with a body,
fails here until `World` has something of the account demo for it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from msgspec.structs import replace
from uuid_utils import uuid7

from simpost.api.shared.schemas import format_time
from simpost.domain.messages import format_id
from simpost.domain.reasons import Reason
from simpost.domain.states import State
from simpost.ports.store.recipients import Flag
from tests.contract.inbound_facts import alone, new
from tests.contract.store_facts import held, leased, new_id
from tests.integration.api.conftest import GOOD, NOW_MS, Service
from tests.integration.api.operations import OF_ACCOUNTS, Operation

SERVED = Any  # the `service` fixture of conftest.py

READS = [each for each in OF_ACCOUNTS if each.method == "GET" and not each.is_stream]
LISTS = [each for each in READS if not each.place and str(each) != "GET /v1/mcp"]
"""Not the one that says what the caller itself may do: it has nothing of the account."""
OBJECTS = [each for each in OF_ACCOUNTS if each.place]
CHANGES = [each for each in OF_ACCOUNTS if each.method != "GET"]

NOBODYS_ID = "01a22604-3188-7745-9b35-0090e3c08daf"
NOBODYS = {
    "/v1/messages/{id}": NOBODYS_ID,
    "/v1/inbound/{id}": NOBODYS_ID,
    "/v1/webhooks/{webhookId}": NOBODYS_ID,
    "/v1/esims/{esimTranNo}": "26010199999999",
    "/v1/templates/{name}": "nobodys",
    "/v1/keys/{id}": "0123456789",
    "/v1/preferences/flags/{id}": NOBODYS_ID,
    "/v1/verifications/{id}": NOBODYS_ID,
    "/v1/lifecycle/sources/{sourceId}": "0123456789abcdef",
    "/v1/conversations/{id}": NOBODYS_ID,
    "/v1/automations/{name}": "nobodys",
    "/v1/broadcasts/{id}": NOBODYS_ID,
    "/v1/broadcast-files/{id}": NOBODYS_ID,
    "/v1/bulk-jobs/{id}": NOBODYS_ID,
}
"""What no account has, by the place in the path."""
BODIES: dict[str, dict[str, Any]] = {
    "POST /v1/messages": {"esimTranNo": GOOD, "text": "Hello", "reference": "demo-1"},
    "POST /v1/templates": {"name": "welcome", "texts": {"en": "Hi"}},
    "POST /v1/templates/{name}/render": {"values": {}},
    "PATCH /v1/preferences": {"categories": {"notice": True}},
    "POST /v1/preferences/import": {"rows": [{"esimTranNo": GOOD, "language": "fr"}]},
    "PATCH /v1/esims/{esimTranNo}/preferences": {"categories": {"notice": True}},
    "POST /v1/webhooks": {"url": "http://127.0.0.1:9/other"},
    "PATCH /v1/webhooks/{webhookId}": {"description": "theirs"},
    "POST /v1/webhooks/{webhookId}/rotate-secret": {},
    "POST /v1/webhooks/{webhookId}/replay": {"after": 0},
    "POST /v1/verifications": {"esimTranNo": GOOD, "purpose": "login"},
    "POST /v1/verifications/{id}/check": {"code": "000000"},
    "POST /v1/esims/{esimTranNo}/events": {"kind": "installed"},
    "POST /v1/esims/tags": {"esimTranNos": [GOOD], "add": ["theirs"]},
    "PUT /v1/esims/{esimTranNo}/tags": {"tags": ["theirs"]},
    "POST /v1/lifecycle/events": {"rows": [{"esimTranNo": GOOD, "kind": "enabled"}]},
    "POST /v1/lifecycle/sources": {"kind": "esimgo"},
    "PUT /v1/automations/{name}": {"trigger": "installed", "template": "welcome"},
    "POST /v1/automations/{name}/preview": {"days": 1},
    "POST /v1/broadcasts": {"name": "theirs", "template": "theirs"},
    "POST /v1/broadcast-files": f"esimTranNo\n{GOOD}\n".encode(),
    "POST /v1/broadcasts/{id}/pause": {"actor": "theirs"},
    "POST /v1/broadcasts/{id}/resume": {"actor": "theirs"},
    "POST /v1/broadcasts/{id}/cancel": {"actor": "theirs"},
    "POST /v1/bulk-jobs": {"verb": "cancel", "messages": {"esimTranNo": GOOD}},
    "POST /v1/bulk-jobs/{id}/stop": {"actor": "theirs"},
    "POST /v1/needs-a-person/try-again": {"kind": "bulk_job"},
    "POST /v1/needs-a-person/cancel": {"kind": "bulk_job"},
    "POST /v1/conversations": {"esimTranNo": GOOD},
    "PATCH /v1/conversations/{id}": {"assignee": "theirs"},
    "POST /v1/conversations/{id}/replies": {"text": "theirs"},
    "PUT /v1/conversations/{id}/replies/{messageId}": {"text": "theirs"},
    "POST /v1/conversations/{id}/notes": {"author": "theirs", "text": "theirs"},
    "POST /v1/mcp/calls": {"tool": "look_up_esim", "client": "theirs", "session": "theirs"},
    "POST /v1/keys": {"name": "theirs", "scopes": ["messages:read"]},
}
"""A valid body of each endpoint that takes one; it names what demo has."""
FILTERS = {
    "esimTranNo": (GOOD, "26010199999999"),
    "iccid": (f"8988{GOOD}", "89880000000000"),
    "reference": ("demo-1", "nobodys"),
    "referencePrefix": ("demo", "nobodys"),
}
"""Values of filters: demo's, and nobody's."""
NEEDED = {
    "GET /v1/messages/export": {"format": "jsonl"},
    "GET /v1/esims": {"tag": "vip"},
    "GET /v1/look-up": {"text": "demo-1"},
}
"""Parameters without which an endpoint returns nothing."""


def shown(answer: httpx2.Response) -> Any:
    """What a response shows: JSON, or the lines of a file."""
    is_file = answer.headers["Content-Type"].startswith("application/jsonl")
    return answer.text.splitlines() if is_file else answer.json()


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"allow_private_webhooks": True}


@dataclass
class World:
    """What the account demo has; the account other has nothing."""

    service: Service
    owned: dict[str, str] = field(default_factory=dict)
    """Ids of what demo has, by the place in the path."""
    inner: dict[str, str] = field(default_factory=dict)
    """Ids of what demo has inside these, by the name in the path."""

    async def fill(self) -> None:
        sent = await self._created("messages", BODIES["POST /v1/messages"])
        counted = leased("Hi", account_id=1, esim_tran_no=GOOD, id=new_id(NOW_MS))
        await self.service.store.queue.accept(counted)  # of the last hour by the service's clock
        quiet = held("Hi", account_id=1, state=State.HELD, reason=Reason.QUIET_HOURS)
        await self.service.store.held.hold(quiet)
        await self.service.native("POST", "messages", json={"esimTranNo": GOOD, "text": " "})
        await self._created("templates", BODIES["POST /v1/templates"])
        hook = await self._created("webhooks", {"url": "http://127.0.0.1:9/demo"})
        verification = await self._created("verifications", BODIES["POST /v1/verifications"])
        source = await self._created("lifecycle/sources", {"kind": "esimgo", "name": "demo's"})
        await self._report(source["url"])
        await self.service.native("PUT", f"esims/{GOOD}/tags", json={"tags": ["vip"]})
        conversation = await self._created("conversations", {"esimTranNo": GOOD})
        works = {"name": "demo's", "template": "welcome"}
        broadcast = await self._created("broadcasts", works)
        bulk_job = await self._created("bulk-jobs", BODIES["POST /v1/bulk-jobs"])
        rows = BODIES["POST /v1/broadcast-files"]
        file = (await self.service.native("POST", "broadcast-files", content=rows)).json()
        demos = {"trigger": "attached", "template": "welcome"}
        await self.service.native("PUT", "automations/welcome", json=demos)
        later = {"text": "Later", "sendAt": format_time(NOW_MS + 60_000)}
        reply = await self._created(f"conversations/{conversation['id']}/replies", later)
        self.inner = {"messageId": reply["id"]}
        key = await self._created("keys", {"name": "demo's", "scopes": ["messages:read"]})
        for path in ("preferences", f"esims/{GOOD}/preferences"):
            no = {"categories": {"notice": False}}
            assert (await self.service.native("PATCH", path, json=no)).status_code == 200
        inbound_id = uuid7().bytes
        row = {"id": inbound_id, "account_id": 1, "esim_tran_no": GOOD, "text": "mine"}
        flagged = replace(new(alone("mine"), **row), flag=Flag(inbound_id, 1, GOOD, "mine", 1))
        await self.service.store.inbound.save(flagged)
        self.owned = {
            "/v1/messages/{id}": sent["id"],
            "/v1/inbound/{id}": format_id(inbound_id),
            "/v1/webhooks/{webhookId}": hook["id"],
            "/v1/esims/{esimTranNo}": GOOD,
            "/v1/templates/{name}": "welcome",
            "/v1/keys/{id}": key["id"],
            "/v1/preferences/flags/{id}": format_id(inbound_id),
            "/v1/verifications/{id}": verification["id"],
            "/v1/lifecycle/sources/{sourceId}": source["id"],
            "/v1/conversations/{id}": conversation["id"],
            "/v1/automations/{name}": "welcome",
            "/v1/broadcasts/{id}": broadcast["id"],
            "/v1/broadcast-files/{id}": file["id"],
            "/v1/bulk-jobs/{id}": bulk_job["id"],
        }

    async def _report(self, url: str) -> None:
        """An event in the history of demo's eSIM, one that waits, and one that is no event."""
        for body in (
            {"alertType": "FirstAttachment", "iccid": f"8988{GOOD}"},
            {"alertType": "FirstAttachment", "iccid": "8944538532008160222"},
            {"alertType": "Unheard", "iccid": f"8988{GOOD}"},
        ):
            assert (await self.service.client.post(url, json=body)).status_code == 200

    async def _created(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = await self.service.native("POST", path, json=body)
        assert answer.status_code in (201, 202), answer.text
        created: dict[str, Any] = answer.json()
        return created

    async def ask(
        self, operation: Operation, account: str, value: str = "", **query: str
    ) -> httpx2.Response:
        path = operation.at(value, self.inner).removeprefix("/v1/")
        body = BODIES[str(operation)] if operation.has_body else None
        if body == {"kind": "bulk_job"}:
            body = body | {"id": self.owned["/v1/bulk-jobs/{id}"]}
        return await self.service.native(
            operation.method,
            path,
            account=account,
            **({"content": body} if isinstance(body, bytes) else {"json": body}),
            params=NEEDED.get(str(operation), {}) | query,
        )

    async def lists_of(self, account: str) -> dict[str, Any]:
        """All lists of the account, by their endpoint."""
        return {str(each): shown(await self.ask(each, account)) for each in LISTS}

    async def everything(self) -> dict[str, Any]:
        """All that demo can read, by endpoint."""
        return {
            str(each): shown(await self.ask(each, "demo", self.owned.get(each.place, "")))
            for each in READS
        }


@pytest_asyncio.fixture
async def world(service: SERVED, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    monkeypatch.setattr("simpost.features.message_counts.service._FRESH_MS", 0)  # not the same page
    for account in ("demo", "other"):
        await service.operate("PATCH", f"accounts/{account}", json={"events": True})
    yield World(service)
    await service.services.webhooks._sender.close()


async def test_the_lists_of_an_account_are_the_same_whatever_another_one_has(world: World) -> None:
    others, own = await world.lists_of("other"), await world.lists_of("demo")
    await world.fill()
    assert await world.lists_of("other") == others
    filled = await world.lists_of("demo")
    assert [endpoint for endpoint in filled if filled[endpoint] == own[endpoint]] == []


async def test_a_filter_finds_nothing_of_another_account(world: World) -> None:
    await world.fill()
    pairs = [(each, name) for each in LISTS for name in each.query & FILTERS.keys()]
    assert pairs
    for operation, name in pairs:
        demos, nobodys = FILTERS[name]
        found = shown(await world.ask(operation, "other", **{name: demos}))
        same = shown(await world.ask(operation, "other", **{name: nobodys}))
        assert found == same, (operation, name)
        own = shown(await world.ask(operation, "demo", **{name: demos}))
        assert found != own, (operation, name)


@pytest.mark.parametrize("operation", OBJECTS, ids=str)
async def test_what_another_account_has_is_as_unknown_as_what_nobody_has(
    world: World, operation: Operation
) -> None:
    await world.fill()
    owned, nobodys = world.owned[operation.place], NOBODYS[operation.place]
    found = await world.ask(operation, "other", owned)
    unknown = await world.ask(operation, "other", nobodys)
    assert found.status_code == unknown.status_code
    assert found.text == unknown.text.replace(nobodys, owned)
    own = await world.ask(operation, "demo", owned)
    assert own.status_code in (200, 201, 202, 409), own.text
    assert own.json() != found.json()


@pytest.mark.parametrize("operation", CHANGES, ids=str)
async def test_a_change_by_one_account_changes_nothing_of_another(
    world: World, operation: Operation
) -> None:
    await world.fill()
    before = await world.everything()
    await world.ask(operation, "other", world.owned.get(operation.place, ""))
    assert await world.everything() == before
