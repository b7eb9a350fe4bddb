"""A peer for each type of HTTP carrier, on a real socket; the destination selects its behaviour.

One that reports by calling calls the carrier before it responds: then all reports have come when
the outcome of a part is known.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from typing import Any, ClassVar
from urllib.parse import urlencode

import aiohttp
from aiohttp import web
from pydantic import SecretStr, TypeAdapter

from simpost.carriers.http import HttpCarrier
from simpost.config import CarrierSettings
from simpost.net.json_web_tokens import sign_token
from simpost.ports.carrier import Carrier
from simpost.ports.carrier_callbacks import Callback, WrongCallbackSignature
from tests.contract.carrier_peers import (
    BUSY,
    CUT,
    NO_RECEIPT,
    RECEIPT_WITHOUT_ID,
    REFUSE,
    SILENT,
    SLOW,
    SLOW_S,
    THROTTLE,
)

_TOKEN = "a-token-of-the-contract-suite"
_SETTINGS: TypeAdapter[Any] = TypeAdapter(CarrierSettings)


def basic(username: str, password: str) -> str:
    """The value of `Authorization` for a name and a password."""
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


class HttpPeer:
    """An API that takes `to` and `text` as JSON."""

    has_ids = True
    has_receipts = False
    has_receipts_without_ids = False
    has_ownership = True
    path = "/send"
    takes_a_sender = True
    given: ClassVar[dict[str, Any]] = {
        "type": "http",
        "url": "URL/send",
        "headers": {"Authorization": SecretStr("Bearer key")},
        "body": {"to": "{destination}", "text": "{text}", "from": "{sender}"},
        "id_path": "messages.0.id",
    }

    def __init__(self) -> None:
        self.app = web.Application()
        self.app.router.add_post(self.path, self._send)
        self._runner = web.AppRunner(self.app, shutdown_timeout=0.1)
        self._taken = 0
        self.port = 0
        self.carrier: HttpCarrier | None = None

    async def start(self) -> None:
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        await self._runner.cleanup()

    def settings(
        self, *, max_unanswered: int = 10, port: int | None = None, **changed: Any
    ) -> CarrierSettings:
        url = f"http://127.0.0.1:{port or self.port}"
        if not self.takes_a_sender:
            changed.pop("source_address", None)
        given = {
            **{
                name: value.replace("URL", url) if isinstance(value, str) else value
                for name, value in self.given.items()
            },
            "name": "peer",
            "allow_private": True,
            "max_unanswered": max_unanswered,
            "response_timeout_s": 1.0,
            **changed,
        }
        settings: CarrierSettings = _SETTINGS.validate_python(given)
        return settings

    def build(self, settings: CarrierSettings) -> Carrier:
        self.carrier = HttpCarrier(settings)  # type: ignore[arg-type]  # one of HTTP
        return self.carrier

    async def _send(self, request: web.Request) -> web.StreamResponse:
        body = await self.body_of(request)
        await self.check(request, body)
        to = self.number_of(request, body)
        if to == REFUSE:
            return self.refuse()
        if to == THROTTLE:
            return web.Response(status=429, headers={"Retry-After": "7"})
        if to == BUSY:
            return web.Response(status=503)
        if to == SILENT:
            await asyncio.Event().wait()
        elif to == CUT:
            assert request.transport
            request.transport.abort()
        elif to == SLOW:
            await asyncio.sleep(SLOW_S)
        self._taken += 1
        if self.has_receipts and to != NO_RECEIPT:
            await self.report("" if to == RECEIPT_WITHOUT_ID else self.id_of(self._taken), to)
        return self.accept(self.id_of(self._taken))

    async def body_of(self, request: web.Request) -> dict[str, Any]:
        found: dict[str, Any] = await request.json()
        return found

    async def check(self, request: web.Request, body: dict[str, Any]) -> None:
        """Assert that the request proves who sent it."""
        assert request.headers["Authorization"] == "Bearer key"

    def number_of(self, request: web.Request, body: dict[str, Any]) -> str:
        return str(body["to"])

    def id_of(self, number: int) -> str:
        return f"id-{number}"

    def refuse(self) -> web.Response:
        return web.json_response({"error": "no such number"}, status=400)

    def accept(self, message_id: str) -> web.Response:
        return web.json_response({"messages": [{"id": message_id}]}, status=201)

    async def report(self, message_id: str, to: str) -> None:
        """Report that a part was delivered; with an empty id, without one."""
        raise NotImplementedError


class EsimAccessPeer(HttpPeer):
    """An API whose outcome is in the body, and which gives no ids."""

    has_ids = False
    path = "/esim/sendSms"
    takes_a_sender = False
    given: ClassVar[dict[str, Any]] = {
        "type": "esim_access",
        "base_url": "URL",
        "access_code": SecretStr("code"),
        "credentials": "access_code",
        "rate_per_s": 0,
    }

    async def check(self, request: web.Request, body: dict[str, Any]) -> None:
        assert request.headers["RT-AccessCode"] == "code"

    def number_of(self, request: web.Request, body: dict[str, Any]) -> str:
        return str(body["esimTranNo"])

    def refuse(self) -> web.Response:
        return self._envelope("310403")

    def accept(self, message_id: str) -> web.Response:
        return self._envelope("0")

    def _envelope(self, code: str) -> web.Response:
        return web.json_response({"success": code == "0", "errorCode": code, "obj": {}})


class EsimGoPeer(HttpPeer):
    """An API that gives no ids, with the destination in the URL."""

    has_ids = False
    path = "/v2.5/esims/{iccid}/sms"
    given: ClassVar[dict[str, Any]] = {
        "type": "esim_go",
        "base_url": "URL/v2.5",
        "api_key": SecretStr("key"),
    }

    async def check(self, request: web.Request, body: dict[str, Any]) -> None:
        assert request.headers["X-API-Key"] == "key"
        assert body["message"] == "hello"

    def number_of(self, request: web.Request, body: dict[str, Any]) -> str:
        return request.match_info["iccid"]

    def refuse(self) -> web.Response:
        return web.json_response({"message": "no available bundles left"}, status=403)

    def accept(self, message_id: str) -> web.Response:
        return web.json_response({"status": "sent"})


class EsimflyPeer(HttpPeer):
    """An API that gives no ids, with signed requests."""

    has_ids = False
    path = "/esims/send-sms"
    takes_a_sender = False
    given: ClassVar[dict[str, Any]] = {
        "type": "esimfly",
        "base_url": "URL",
        "access_code": SecretStr("code"),
        "secret_key": SecretStr("key"),
    }

    async def check(self, request: web.Request, body: dict[str, Any]) -> None:
        names = ("RT-Timestamp", "RT-RequestID", "RT-AccessCode")
        signed = "".join(request.headers[name] for name in names).encode() + await request.read()
        mac = hmac.new(b"key", signed, hashlib.sha256).hexdigest().upper()
        assert request.headers["RT-Signature"] == mac

    def number_of(self, request: web.Request, body: dict[str, Any]) -> str:
        return str(body["iccid"])

    def refuse(self) -> web.Response:
        return web.json_response({"success": False, "code": "SMS_FAILED"}, status=400)

    def accept(self, message_id: str) -> web.Response:
        return web.json_response({"success": True, "message": "sent"})


class CallingPeer(HttpPeer):
    """An API that reports by calling; this peer is also the server that it calls."""

    has_receipts = True

    def __init__(self) -> None:
        super().__init__()
        self.app.router.add_route("*", f"/carriers/peer/{_TOKEN}", self._on_call)

    @property
    def called_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/carriers/peer/{_TOKEN}"

    async def call(self, method: str, body: bytes, headers: dict[str, str]) -> None:
        async with (
            aiohttp.ClientSession() as client,
            client.request(method, self.called_url, data=body, headers=headers) as response,
        ):
            assert response.status == 200

    async def _on_call(self, request: web.Request) -> web.Response:
        assert self.carrier
        assert request.method in self.carrier.callback_methods
        assert self.carrier.is_callback_token(request.path.rpartition("/")[2])
        headers = {name.lower(): value for name, value in request.headers.items()}
        body = await request.read()
        callback = Callback(request.method, request.query_string, headers, body)
        try:
            answer = await self.carrier.receive_callback(callback)
        except WrongCallbackSignature:
            return web.Response(status=401)
        return web.Response(body=answer.body, content_type=answer.content_type)


class TwilioPeer(CallingPeer):
    """An API of forms, with signed status callbacks."""

    path = "/2010-04-01/Accounts/AC1/Messages.json"
    given: ClassVar[dict[str, Any]] = {
        "type": "twilio",
        "base_url": "URL",
        "account_sid": "AC1",
        "auth_token": SecretStr("key"),
        "callback_token": SecretStr(_TOKEN),
        "callback_url": "URL",
    }

    async def body_of(self, request: web.Request) -> dict[str, Any]:
        return dict(await request.post())

    async def check(self, request: web.Request, body: dict[str, Any]) -> None:
        assert request.headers["Authorization"] == basic("AC1", "key")
        assert body["StatusCallback"] == self.called_url

    def number_of(self, request: web.Request, body: dict[str, Any]) -> str:
        return str(body["To"]).removeprefix("+")

    def id_of(self, number: int) -> str:
        return f"SM{number:032x}"

    def refuse(self) -> web.Response:
        return web.json_response({"code": 21211, "message": "...", "status": 400}, status=400)

    def accept(self, message_id: str) -> web.Response:
        return web.json_response({"sid": message_id, "status": "queued"}, status=201)

    async def report(self, message_id: str, to: str) -> None:
        fields = {"MessageSid": message_id, "MessageStatus": "delivered", "To": f"+{to}"}
        signed = self.called_url + "".join(name + fields[name] for name in sorted(fields))
        mac = hmac.new(b"key", signed.encode(), hashlib.sha1).digest()
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Twilio-Signature": base64.b64encode(mac).decode(),
        }
        await self.call("POST", urlencode(fields).encode(), headers)


class EmnifyPeer(CallingPeer):
    """An API with a log-in, whose destination is in the URL, and with signed calls."""

    path = "/endpoint/{address}/sms"
    log_in_path = "/authenticate"
    given: ClassVar[dict[str, Any]] = {
        "type": "emnify",
        "base_url": "URL",
        "application_token": SecretStr("application"),
        "receipts": "callback",
        "callback_token": SecretStr(_TOKEN),
        "api_secret": SecretStr("secret"),
    }

    def __init__(self) -> None:
        super().__init__()
        self.app.router.add_post(self.log_in_path, self.log_in)

    async def log_in(self, request: web.Request) -> web.StreamResponse:
        assert await request.json() == {"application_token": "application"}
        return web.json_response({"auth_token": "key"})

    def number_of(self, request: web.Request, body: dict[str, Any]) -> str:
        return request.match_info["address"]

    def id_of(self, number: int) -> str:
        return str(number)

    def accept(self, message_id: str) -> web.Response:
        return web.Response(status=201, headers={"Location": f"/endpoint/1/sms/{message_id}"})

    async def report(self, message_id: str, to: str) -> None:
        receipt = {
            "status": {"id": 4, "status": "DELIVERED"},
            "endpoint": {"id": int(to), "name": "..."},
            **({"id": int(message_id)} if message_id else {}),
        }
        token = sign_token({}, b"secret")
        await self.patch(receipt, {"Authorization": f"Bearer {token}"})

    async def patch(self, receipt: dict[str, Any], headers: dict[str, str]) -> None:
        await self.call("PATCH", json.dumps(receipt).encode(), headers)


class OncePeer(EmnifyPeer):
    """The same form of messages, with ids in responses and numbers as texts."""

    path = "/v2/sims/{address}/sms"
    log_in_path = "/oauth/token"
    given: ClassVar[dict[str, Any]] = {
        "type": "once",
        "base_url": "URL",
        "username": "user",
        "password": SecretStr("password"),
        "receipts": "callback",
        "callback_token": SecretStr(_TOKEN),
    }

    async def log_in(self, request: web.Request) -> web.StreamResponse:
        assert request.headers["Authorization"] == basic("user", "password")
        return web.json_response({"access_token": "key", "expires_in": 3600})

    def accept(self, message_id: str) -> web.Response:
        return web.json_response({"id": message_id}, status=201)

    async def report(self, message_id: str, to: str) -> None:
        receipt = {
            "status": {"id": "4", "status": "DELIVERED"},
            "endpoint": {"id": "1", "name": to},
            **({"id": message_id} if message_id else {}),
        }
        await self.patch(receipt, {})


PEERS: tuple[type[HttpPeer], ...] = (
    HttpPeer,
    EsimAccessPeer,
    EsimGoPeer,
    EsimflyPeer,
    TwilioPeer,
    EmnifyPeer,
    OncePeer,
)
