"""Every 429 and 503 of every API has Retry-After. The operations are those of OpenAPI."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from simpost.api.open.envelope import ApiError, Code
from simpost.api.shared.problems import Problem, ProblemCode, render
from simpost.errors import StoreTimeout
from tests.integration.api.operations import OF_ACCOUNTS
from tests.native_app import document

SERVED = Any  # the `service` fixture of conftest.py
OPEN = sorted(path for path in document()["paths"] if path.startswith("/api/v1/open/"))
BUSY = [429, 503]


def assert_retry_after(answer: httpx2.Response) -> None:
    assert answer.headers["retry-after"].isdigit(), answer.text
    assert int(answer.headers["retry-after"]) >= 1


async def limit(service: SERVED) -> None:
    """The account may send one request in a hundred seconds, and that one was sent."""
    await service.operate("PATCH", "accounts/demo", json={"requestsPerSecond": 0.01})
    await service.native("GET", "messages")


async def test_too_many_requests_of_the_native_api_say_when_to_retry(service: SERVED) -> None:
    await limit(service)
    for operation in OF_ACCOUNTS:
        path = operation.at("1").removeprefix("/v1/")
        more = {"json": {}} if operation.has_body else {}
        answer = await service.native(operation.method, path, **more)
        assert answer.status_code == 429, (operation, answer.text)
        assert_retry_after(answer)


async def test_too_many_requests_of_the_compatible_api_say_when_to_retry(service: SERVED) -> None:
    await limit(service)
    for path in OPEN:
        answer = await service.open(path.removeprefix("/api/v1/open/"), {})
        assert answer.status_code == 429, path
        assert_retry_after(answer)


async def test_a_node_that_is_not_ready_says_when_to_retry(service: SERVED) -> None:
    service.services.readiness.is_draining = True
    answer = await service.client.get("/readyz")
    assert answer.status_code == 503
    assert_retry_after(answer)


async def _fail(*_: Any, **__: Any) -> None:
    raise StoreTimeout


async def test_a_store_that_fails_says_when_to_retry(
    service: SERVED, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(service.store.queue), "accept", _fail)
    body = {"esimTranNo": "26010100000001", "text": "Hello"}
    for answer in (
        await service.send(),
        await service.native("POST", "messages", json=body),
    ):
        assert answer.status_code == 503
        assert_retry_after(answer)
    batch = await service.native("POST", "messages", json={"messages": [body]})
    assert batch.json()["results"][0]["status"] == 503
    assert_retry_after(batch)


@pytest.mark.parametrize("status", BUSY)
def test_no_problem_with_such_a_status_can_be_made_without_it(status: int) -> None:
    made = render(Problem(status, ProblemCode.STOPPING, "x", headers={"Cache-Control": "no-store"}))
    assert (made.headers["retry-after"], made.headers["cache-control"]) == ("1", "no-store")
    given = Problem(status, ProblemCode.STOPPING, "x", headers={"Retry-After": "7"})
    assert render(given).headers["retry-after"] == "7"
    assert (b"retry-after", b"1") in ApiError(Code.BUSY, status=status).headers
    own = ApiError(Code.BUSY, status=status, headers=((b"retry-after", b"7"),))
    assert own.headers == ((b"retry-after", b"7"),)


def test_the_document_says_so_for_every_operation() -> None:
    whole = document()
    for path, operations in whole["paths"].items():
        for operation in operations.values():
            for status, answer in operation["responses"].items():
                if status in {"429", "503", "4XX", "5XX"}:
                    name = answer["$ref"].rpartition("/")[2]
                    assert "Retry-After" in whole["components"]["responses"][name]["headers"], path
