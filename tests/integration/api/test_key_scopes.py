"""Every endpoint of /v1 asks a key for its scope. Generated from the OpenAPI document."""

from __future__ import annotations

from typing import Any

import pytest

from simpost.api.shared.wrong_credentials import WrongCredentials
from simpost.domain.api_keys import KeyScope
from tests.integration.api.conftest import Service
from tests.integration.api.operations import OPERATIONS, Operation

SERVED = Any  # the `service` fixture of conftest.py
EVERY = frozenset(map(str, KeyScope))


async def do_not_sleep(_seconds: float) -> None:
    """Wrong credentials are not the subject here."""


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"wrong_credentials": WrongCredentials(sleep=do_not_sleep)}


class Caller:
    """Calls endpoints with keys; nothing is found or changed."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._keys: dict[frozenset[str], str] = {}

    async def status_of(self, operation: Operation, scopes: frozenset[str]) -> tuple[int, Any]:
        """Status and JSON of the answer to a key with these scopes."""
        answer = await self._service.client.request(
            operation.method,
            operation.at("0"),
            headers={"Authorization": f"Bearer {await self._key(scopes)}"},
            json={"unknown": 1} if operation.has_body else None,
        )
        return answer.status_code, answer.json()

    async def _key(self, scopes: frozenset[str]) -> str:
        if scopes not in self._keys:
            account = self._service.services.accounts.get("demo")
            assert account
            given = [KeyScope(scope) for scope in scopes]
            added = await self._service.services.api_keys.add(account, "key", given, None)
            assert added
            self._keys[scopes] = added.text
        return self._keys[scopes]


async def test_an_endpoint_refuses_keys_without_its_scope(service: SERVED) -> None:
    await service.operate("PATCH", "accounts/demo", json={"requestsPerSecond": 0})
    caller = Caller(service)
    for operation in OPERATIONS:
        status, problem = await caller.status_of(operation, EVERY - {operation.scope})
        if operation.scope:
            assert (status, problem["code"]) == (403, "insufficient_scope"), operation
            assert problem["requiredScope"] == operation.scope, operation
            if not operation.is_stream:
                status, problem = await caller.status_of(operation, frozenset({operation.scope}))
                assert status not in (401, 403, 429), (operation, problem)
        else:
            assert (status, problem["code"]) == (403, "secret_required"), operation


async def test_an_endpoint_refuses_callers_without_credentials(service: SERVED) -> None:
    for operation in OPERATIONS:
        answer = await service.client.request(operation.method, operation.at("0"))
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized"), operation
