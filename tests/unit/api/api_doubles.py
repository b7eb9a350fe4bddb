"""The HTTP API with doubles behind it: accounts, and an intake that records requests."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from starlette.types import ASGIApp

from simpost.api import Services, build
from simpost.cluster.facade import Cluster
from simpost.domain.accounts import Account, Dialect
from simpost.features.catalogue_sync.supplier_calls import SupplierCalls
from simpost.messaging.accounts import Accounts
from simpost.messaging.carrier_control import CarrierControl
from simpost.messaging.copy_guard import CopyGuard
from simpost.messaging.intake import Intake
from simpost.messaging.refusal_log import RefusalLog
from simpost.messaging.send_request import SendRequest, SendResult
from simpost.net.resolver import NameResolver
from simpost.ports.store import AccountStore, RefusalStore, Store

NOW_MS = 1_767_225_600_000
MESSAGE_ID = bytes(range(16))
SEND = "/api/v1/open/esim/sendSms"
DEMO = Account(1, "demo", "demo-secret", requests_per_s=0)
OTHER = Account(2, "other", "other-secret", dialect=Dialect.ESIM_ACCESS, requests_per_s=0)


class StoreOfAccounts:
    """Just enough of a store to fill `Accounts`; any other call fails the test."""

    def __init__(self, *accounts: Account) -> None:
        self._accounts = list(accounts)

    async def list_accounts(self) -> list[Account]:
        return self._accounts


@dataclass
class IntakeDouble:
    """Returns `answer`, or raises it."""

    answer: SendResult | Exception = field(
        default_factory=lambda: SendResult(message_id=MESSAGE_ID)
    )
    asked: list[tuple[Account, SendRequest]] = field(default_factory=list)
    refusals: RefusalLog = field(
        default_factory=lambda: RefusalLog(cast("RefusalStore", None), lambda: b"", lambda: NOW_MS)
    )

    async def send(self, account: Account, ask: SendRequest) -> SendResult:
        self.asked.append((account, ask))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@dataclass
class Answered:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str | None:
        code: str | None = self.json["errorCode"]
        return code


@dataclass
class Api:
    """Every API of the server, with one intake double behind it."""

    app: ASGIApp
    intake: IntakeDouble

    async def ask(
        self,
        body: bytes | str | dict[str, Any] | Iterable[bytes] = b"",
        *,
        path: str = SEND,
        method: str = "POST",
        headers: Sequence[tuple[str, str]] = (),
        account: Account | None = DEMO,
        host: str = "192.0.2.7",
    ) -> Answered:
        """One request; a body that is a list of octets comes in those chunks."""
        raw = [(name.lower().encode(), value.encode()) for name, value in headers]
        if account:
            raw += [
                (b"rt-accesscode", account.access_code.encode()),
                (b"rt-secretkey", account.secret.encode()),
            ]
        if isinstance(body, dict):
            body = json.dumps(body)
        if isinstance(body, str):
            body = body.encode()
        chunks = [body] if isinstance(body, bytes) else list(body)
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            if not chunks:
                return {"type": "http.disconnect"}
            chunk = chunks.pop(0)
            return {"type": "http.request", "body": chunk, "more_body": bool(chunks)}

        async def send(event: Any) -> None:
            sent.append(event)

        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "scheme": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": b"",
            "headers": raw,
            "client": (host, 4711),
            "server": ("127.0.0.1", 8080),
        }
        await self.app(scope, receive, send)
        answered = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        octets = b"".join(event["body"] for event in sent[1:])
        return Answered(sent[0]["status"], answered, octets)


async def build_api(*accounts: Account, **settings: Any) -> Api:
    stored = cast("AccountStore", StoreOfAccounts(*(accounts or (DEMO, OTHER))))
    known = Accounts(stored, monotonic_s=lambda: 0.0)
    await known.reload()
    intake = IntakeDouble()
    services = Services(
        store=cast("Store", None),
        accounts=known,
        stops=cast("Any", None),
        erasures=cast("Any", None),
        preferences=cast("Any", None),
        webhooks=cast("Any", None),
        verifications=cast("Any", None),
        lifecycle=cast("Any", None),
        conversations=cast("Any", None),
        automations=cast("Any", None),
        broadcasts=cast("Any", None),
        bulk_jobs=cast("Any", None),
        catalogue_sync=cast("Any", None),
        supplier_calls=SupplierCalls((), NameResolver()),
        opt_out_links=cast("Any", None),
        api_keys=cast("Any", None),
        smpp_logins=cast("Any", None),
        console_users=cast("Any", None),
        message_counts=cast("Any", None),
        mcp_access=cast("Any", None),
        intake=cast("Intake", intake),
        templates=cast("Any", None),
        carriers=cast("CarrierControl", None),
        copy_guard=CopyGuard(cast("Store", None), new_id=bytes, clock_ms=lambda: NOW_MS),
        cluster=cast("Cluster", None),
        metrics=cast("Any", None),
        readiness=cast("Any", None),
        clock_ms=lambda: NOW_MS,
        admin_token="admin-token",
        version="0",
        **settings,
    )
    return Api(build(services), intake)
