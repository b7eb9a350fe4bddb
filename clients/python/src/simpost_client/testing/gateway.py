"""The gateway in memory, and clients that are connected to it."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from simpost_client.envelope import PATH, Dialect
from simpost_client.testing import conversations, messages, open_api, routes
from simpost_client.testing.state import Answer, Refusal, SentText, State, found, refuse

if TYPE_CHECKING:
    import httpx2

    from simpost_client import (
        AsyncCompatibleClient,
        AsyncSimpostClient,
        CompatibleClient,
        SimpostClient,
        Timeouts,
    )

URL = "http://simpost.test"


def _utc_now() -> datetime:
    return datetime.now(UTC)


class FakeGateway:
    """A simpost in memory with one account. `now` is its clock."""

    def __init__(
        self, *, now: Callable[[], datetime] = _utc_now, dialect: Dialect = "hiroaming"
    ) -> None:
        self._state = State(now)
        self._dialect = dialect
        self._lock = threading.Lock()
        self._faults: list[Answer | str] = []

    @property
    def texts(self) -> list[SentText]:
        """The texts that handsets got, the oldest first."""
        return self._state.texts

    def add_esim(
        self,
        esim_tran_no: str,
        *,
        iccid: str | None = None,
        msisdn: str | None = None,
        sms_status: int = 1,
        smdp_status: str = "ENABLED",
        esim_status: str = "IN_USE",
        package_code: str = "P1",
        slug: str = "TH_1_7",
    ) -> None:
        """Add an eSIM and, if it is new, its plan."""
        plan = {"packageCode": package_code, "slug": slug, "name": slug, "smsStatus": sms_status}
        money = {"price": 0, "retailPrice": 0, "currencyCode": "USD", "volume": 2**30}
        rest = {"duration": 7, "durationUnit": "DAY", "location": slug[:2], "dataType": 1}
        self._state.plans.setdefault(package_code, {**plan, **money, **rest})
        self._state.esims[esim_tran_no] = {
            "esimTranNo": esim_tran_no,
            "iccid": iccid or f"8966{esim_tran_no}1",
            "msisdn": msisdn or f"66{esim_tran_no[-9:]}",
            "orderNo": f"B{esim_tran_no}",
            "smsStatus": sms_status,
            "smdpStatus": smdp_status,
            "esimStatus": esim_status,
            "expiredTime": "2099-12-01T00:00:00+0000",
            "packageCode": package_code,
            "packageList": [{"packageCode": package_code, "slug": slug}],
        }

    def code_of(self, verification_id: str) -> str:
        """The code of a verification, as the handset shows it."""
        return self._state.codes[verification_id]

    def receive(self, esim_tran_no: str, text: str) -> str:
        """A traveller sends a text; returns the id of the inbound message."""
        return str(conversations.receive(self._state, esim_tran_no, text)["id"])

    def finish(self, message_id: str, state: str = "delivered") -> None:
        """Give a message its final state."""
        found(self._state.messages, message_id)
        messages.finish(self._state, message_id, state)

    def fail_next(
        self, status: int, code: str, *, retry_after_s: int | None = None, times: int = 1
    ) -> None:
        """Answer the next requests with an error and do nothing."""
        headers = {} if retry_after_s is None else {"Retry-After": str(retry_after_s)}
        self._faults += [Refusal(status, code, "as the test asked", headers).answer] * times

    def lose_next_response(self, times: int = 1) -> None:
        """Carry out the next requests, and lose their responses: they are in doubt."""
        self._faults += ["lost"] * times

    def client(self, *, timeouts: Timeouts | None = None) -> SimpostClient:
        """A client of the native API."""
        from simpost_client import SimpostClient

        http = self._transport()
        return SimpostClient(URL, access_code="fake", secret="fake", timeouts=timeouts, http=http)

    def async_client(self, *, timeouts: Timeouts | None = None) -> AsyncSimpostClient:
        """A client of the native API for asyncio."""
        from simpost_client import AsyncSimpostClient

        http = self._transport()
        return AsyncSimpostClient(
            URL, access_code="fake", secret="fake", timeouts=timeouts, http=http
        )

    def compatible_client(self, *, timeouts: Timeouts | None = None) -> CompatibleClient:
        """A client of the compatible API."""
        from simpost_client import CompatibleClient

        http = self._transport()
        return CompatibleClient(
            URL,
            access_code="fake",
            secret="fake",
            dialect=self._dialect,
            has_idempotency=True,
            timeouts=timeouts,
            http=http,
        )

    def async_compatible_client(self, *, timeouts: Timeouts | None = None) -> AsyncCompatibleClient:
        """A client of the compatible API for asyncio."""
        from simpost_client import AsyncCompatibleClient

        http = self._transport()
        return AsyncCompatibleClient(
            URL,
            access_code="fake",
            secret="fake",
            dialect=self._dialect,
            has_idempotency=True,
            timeouts=timeouts,
            http=http,
        )

    def _transport(self) -> httpx2.MockTransport:
        import httpx2

        return httpx2.MockTransport(self._handle)

    def _handle(self, request: httpx2.Request) -> httpx2.Response:
        import httpx2

        with self._lock:
            fault = self._faults.pop(0) if self._faults else None
            answer = fault if isinstance(fault, Answer) else self._answer(request)
        if fault == "lost":
            raise httpx2.ReadError("the fake lost the response", request=request)
        if isinstance(answer, bytes):
            headers = {"Content-Type": "text/event-stream"}
            return httpx2.Response(200, content=answer, headers=headers)
        kind = "application/json" if answer.status < 400 else "application/problem+json"
        octets = json.dumps(answer.body, ensure_ascii=False).encode()
        headers = {"Content-Type": kind, **answer.headers}
        return httpx2.Response(answer.status, content=octets, headers=headers)

    def _answer(self, request: httpx2.Request) -> Answer | bytes:
        path, query = request.url.path, dict(request.url.params)
        if path == "/v1/events/stream":
            return routes.stream(self._state, int(request.headers["Last-Event-ID"]))
        body = json.loads(request.content or b"{}")
        key = request.headers.get("Idempotency-Key")
        if path == f"{PATH}esim/sendSms":
            key = request.headers.get("RT-RequestID")
        try:
            return self._once(key, request, lambda: self._route(request, body, query))
        except Refusal as refusal:
            return refusal.answer

    def _route(
        self, request: httpx2.Request, body: Mapping[str, Any], query: Mapping[str, str]
    ) -> Answer:
        path = request.url.path
        if path.startswith(PATH):
            return open_api.answer(self._state, self._dialect, path.removeprefix(PATH), body)
        return routes.answer(self._state, request.method, path, body, query)

    def _once(
        self, key: str | None, request: httpx2.Request, answer: Callable[[], Answer]
    ) -> Answer:
        """The answer; for a key that was used before it is the first one."""
        if key is None:
            return answer()
        digest = hashlib.sha256(request.url.path.encode() + request.content).hexdigest()
        if key in self._state.keys:
            known, first = self._state.keys[key]
            if known != digest:
                raise refuse("request_id_reused")
            return first
        found_answer = answer()
        self._state.keys[key] = digest, found_answer
        return found_answer
