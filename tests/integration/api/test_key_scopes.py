"""Every endpoint of /v1 asks a key for its scope. Generated from the OpenAPI document."""

from __future__ import annotations

from typing import Any

import pytest

from simpost.domain.api_keys import KeyScope
from tests.integration.api.conftest import Service
from tests.integration.api.operations import OPERATIONS, Operation

SERVED = Any  # the `service` fixture of conftest.py


async def status_of(service: Service, operation: Operation, scopes: set[str]) -> tuple[int, Any]:
    """Status and JSON of the answer to a key with these scopes; nothing is found or changed."""
    account = service.services.accounts.get("demo")
    assert account
    given = [KeyScope(scope) for scope in scopes]
    added = await service.services.api_keys.add(account, "key", given, None)
    assert added
    answer = await service.client.request(
        operation.method,
        operation.at("0"),
        headers={"Authorization": f"Bearer {added.text}"},
        json={"unknown": 1} if operation.has_body else None,
    )
    return answer.status_code, answer.json()


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
async def test_an_endpoint_refuses_keys_without_its_scope(
    service: SERVED, operation: Operation
) -> None:
    every = set(map(str, KeyScope))
    status, problem = await status_of(service, operation, every - {operation.scope})
    if operation.scope:
        assert (status, problem["code"]) == (403, "insufficient_scope")
        assert problem["requiredScope"] == operation.scope
        if not operation.is_stream:
            status, problem = await status_of(service, operation, {operation.scope})
            assert status not in (401, 403)
    else:
        assert (status, problem["code"]) == (403, "secret_required")


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
async def test_an_endpoint_refuses_callers_without_credentials(
    service: SERVED, operation: Operation
) -> None:
    answer = await service.client.request(operation.method, operation.at("0"))
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
