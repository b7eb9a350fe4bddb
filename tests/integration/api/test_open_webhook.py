import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web

from simpost.domain.accounts import AccountChange

SERVED = Any  # the `service` fixture of conftest.py


class Receiver:
    """A webhook endpoint on a real socket."""

    def __init__(self) -> None:
        self.status = 200
        self.before: Callable[[], Awaitable[None]] | None = None
        self.got: list[tuple[str, str]] = []
        self.url = ""

    async def answer(self, request: web.Request) -> web.Response:
        self.got.append((request.path, await request.text()))
        if self.before:
            await self.before()
        if request.path != "/hook":
            return web.Response()
        headers = {"Location": f"{self.url}/elsewhere"} if self.status == 302 else {}
        return web.Response(status=self.status, headers=headers)


@pytest_asyncio.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", receiver.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    listener = socket.create_server(("127.0.0.1", 0))
    await web.SockSite(runner, listener).start()
    receiver.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    yield receiver
    await runner.cleanup()


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"allow_private_webhooks": True}


async def test_a_webhook_saved_at_the_same_time_does_not_undo_a_revocation(
    service: SERVED, receiver: Receiver
) -> None:
    """The other dialect asks the receiver first, so that its save takes a while."""
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def revoke() -> None:
        asked.set()
        await go_on.wait()

    receiver.before = revoke
    saves = [
        asyncio.create_task(
            service.open("webhook/save", {"webhook": f"{receiver.url}/hook"}, account="other")
        )
        for _ in range(4)
    ]
    await asked.wait()
    # As another node would: nothing in the memory of this process knows of it.
    change = AccountChange(
        id=2,
        access_code="other",
        secret="another-secret-of-16",
        ip_allow=("192.0.2.0/24",),
        enabled=False,
    )
    await service.store.accounts.change_account(change)
    go_on.set()
    assert [answer.json()["success"] for answer in await asyncio.gather(*saves)] == [True] * 4
    account = next(one for one in await service.store.accounts.list_accounts() if one.id == 2)
    assert account.webhook == f"{receiver.url}/hook"
    assert (account.secret, account.enabled) == ("another-secret-of-16", False)
    assert account.ip_allow == ("192.0.2.0/24",)


def code_of(answer: Any) -> str | None:
    assert answer.status_code == 200
    code: str | None = answer.json()["errorCode"]
    return code


async def saved(service: SERVED, account: str) -> Any:
    return (await service.open("webhook/query", account=account)).json()["obj"]


async def test_without_a_webhook_the_answer_is_an_object_all_the_same(service: SERVED) -> None:
    assert await saved(service, "demo") == {"webhook": ""}


@pytest.mark.parametrize("name", ["webhook", "webhookUrl"])
async def test_a_saved_webhook_is_shown_and_survives(service: SERVED, name: str) -> None:
    answer = await service.open("webhook/save", {name: "https://example.com/hook?a=1"})
    assert answer.json() == {"success": True, "errorCode": None, "errorMsg": None, "obj": None}
    assert await saved(service, "demo") == {"webhook": "https://example.com/hook?a=1"}
    stored = {
        each.access_code: each.webhook for each in await service.store.accounts.list_accounts()
    }
    assert stored == {"demo": "https://example.com/hook?a=1", "other": ""}


async def test_the_other_dialect_checks_the_health_of_a_webhook_first(
    service: SERVED, receiver: Receiver
) -> None:
    body = {"webhook": f"{receiver.url}/hook"}
    answer = await service.open("webhook/save", body, account="other")
    assert answer.json() == {"success": True, "errorCode": "0", "errorMsg": None, "obj": {}}
    ((path, text),) = receiver.got
    assert path == "/hook"
    notice = json.loads(text)
    assert notice["notifyType"] == "CHECK_HEALTH"
    assert notice["content"] == {"orderNo": "1234567890", "orderStatus": "Test"}
    assert len(notice["notifyId"]) == 32
    assert notice["eventGenerateTime"] == "2026-01-01T00:00:00Z"
    assert await saved(service, "other") == body


@pytest.mark.parametrize("status", [201, 302, 404, 500])
async def test_a_webhook_that_does_not_answer_200_is_not_saved(
    service: SERVED, receiver: Receiver, status: int
) -> None:
    receiver.status = status
    body = {"webhook": f"{receiver.url}/hook"}
    assert code_of(await service.open("webhook/save", body, account="other")) == "400001"
    assert len(receiver.got) == 1
    assert await saved(service, "other") == {"webhook": ""}


async def test_a_webhook_that_refuses_connections_is_not_saved(service: SERVED) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    body = {"webhook": f"http://127.0.0.1:{port}/"}
    assert code_of(await service.open("webhook/save", body, account="other")) == "400001"


async def test_a_dialect_without_a_health_check_calls_no_webhook(
    service: SERVED, receiver: Receiver
) -> None:
    assert code_of(await service.open("webhook/save", {"webhook": receiver.url})) is None
    assert receiver.got == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "000105"),
        ({"webhook": None}, "000106"),
        ({"webhook": " ", "webhookUrl": ""}, "000106"),
        ({"webhook": "https://example.com/" + "x" * 2048}, "000107"),
        ({"webhook": "ftp://example.com/"}, "400001"),
        ({"webhook": "https://user:password@example.com/"}, "400001"),
        ({"webhook": ["https://example.com/"]}, "000104"),
    ],
)
async def test_an_invalid_webhook_url_is_refused(service: SERVED, body: Any, code: str) -> None:
    assert code_of(await service.open("webhook/save", body)) == code
    assert await saved(service, "demo") == {"webhook": ""}


@pytest.mark.parametrize("account", ["demo", "other"])
async def test_unless_it_is_allowed_no_webhook_leads_to_our_own_network(
    serve: Any, receiver: Receiver, account: str
) -> None:
    service = await serve(allow_private_webhooks=False)
    answer = await service.open("webhook/save", {"webhook": receiver.url}, account=account)
    assert code_of(answer) == "400001"
    assert receiver.got == []


async def test_a_name_that_resolves_to_our_own_network_is_not_called(
    serve: Any, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = int(receiver.url.rpartition(":")[2])

    look_up = socket.getaddrinfo

    def to_loopback(host: str, *given: Any) -> Any:
        return look_up("127.0.0.1" if host == "hook.example.com" else host, *given)

    monkeypatch.setattr(socket, "getaddrinfo", to_loopback)
    body = {"webhook": f"http://hook.example.com:{port}/"}
    strict = await serve(allow_private_webhooks=False)
    assert code_of(await strict.open("webhook/save", body, account="other")) == "400001"
    assert receiver.got == []
    lenient = await serve(allow_private_webhooks=True)
    assert code_of(await lenient.open("webhook/save", body, account="other")) == "0"
    assert len(receiver.got) == 1
