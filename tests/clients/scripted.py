"""A host that answers as a test says, for clients of either half."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx2

from simpost_client import CompatibleClient, Retries, SimpostClient

Step = httpx2.Response | Exception | Callable[[httpx2.Request], httpx2.Response]
QUICK = Retries(first_wait_s=0.001)


class ScriptedHost:
    """Gives one step per request; keeps the requests."""

    def __init__(self, *steps: Step) -> None:
        self.steps = list(steps)
        self.requests: list[httpx2.Request] = []
        self.transport = httpx2.MockTransport(self._answer)

    def native(self, **options: Any) -> SimpostClient:
        given = {"access_code": "demo", "secret": "demo-secret", "retries": QUICK, **options}
        return SimpostClient("http://simpost.test", http=self.transport, **given)

    def compatible(self, **options: Any) -> CompatibleClient:
        given = {"access_code": "demo", "secret": "demo-secret", "retries": QUICK, **options}
        return CompatibleClient("http://simpost.test", http=self.transport, **given)

    def bodies(self) -> list[Any]:
        return [json.loads(request.content) for request in self.requests]

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        step = self.steps.pop(0)
        if isinstance(step, Exception):
            raise step
        return step(request) if callable(step) else step


def answer(status: int, body: Any, **headers: str) -> httpx2.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx2.Response(status, json=body, headers=named)


def problem(status: int, code: str, **headers: str) -> httpx2.Response:
    body = {"type": "about:blank", "title": "", "status": status, "code": code, "detail": "No."}
    return answer(status, body, **headers)


ACCEPTED: dict[str, Any] = {
    "id": "019a4c7e-7a02-7d11-8b6e-5f0a2c9d4e33",
    "state": "accepted",
    "sendAt": None,
    "heldUntil": None,
    "encoding": "gsm7",
    "partCount": 1,
    "replaced": [],
}
