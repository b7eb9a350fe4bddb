"""API keys: added, listed and revoked by the account or the administrator, and used as Bearer."""

import re
from typing import Any

import pytest

from simpost.api.shared.wrong_credentials import WrongCredentials
from simpost.domain.api_keys import MAX_API_KEYS, KeyScope, format_key
from tests.integration.api.conftest import GOOD, NOW_MS, Service

SERVED = Any  # the `service` fixture of conftest.py

IN_FUTURE = "2026-01-01T00:00:01Z"
"""A second after NOW_MS."""


@pytest.fixture
def now() -> list[int]:
    return [NOW_MS]


@pytest.fixture
def settings(now: list[int]) -> dict[str, Any]:
    async def sleep(_seconds: float) -> None:
        """Never called: a test would hang for seconds."""

    return {"clock_ms": lambda: now[0], "wrong_credentials": WrongCredentials(sleep=sleep)}


async def add(service: Service, *scopes: str, **fields: Any) -> dict[str, Any]:
    """A new key of the account demo, as the response shows it."""
    body = {"name": "shop", "scopes": list(scopes or ["messages:read"]), **fields}
    answer = await service.native("POST", "keys", json=body)
    assert answer.status_code == 201, answer.text
    added: dict[str, Any] = answer.json()
    return added


async def ask(service: Service, key: str, method: str = "GET", path: str = "messages", **sent: Any):
    headers = {"Authorization": f"Bearer {key}"}
    return await service.client.request(method, f"/v1/{path}", headers=headers, **sent)


async def listed(service: Service) -> list[dict[str, Any]]:
    answer = await service.native("GET", "keys")
    return list(answer.json()["keys"])


async def test_a_key_is_shown_once_and_stored_as_a_digest(service: SERVED) -> None:
    added = await add(service, "messages:read", "templates")
    assert re.fullmatch(r"sp_live_[0-9A-Za-z]{10}_[0-9A-Za-z]{49}", added["key"])
    assert added["key"].startswith(f"sp_live_{added['id']}_")
    key = added.pop("key")
    assert await listed(service) == [added]
    assert added["scopes"] == ["messages:read", "templates"]
    path = service.store.database.path
    for file in path.parent.iterdir():
        assert key.encode() not in file.read_bytes()
        assert key.rpartition("_")[2].encode() not in file.read_bytes()


async def test_the_response_with_the_key_is_not_cached(service: SERVED) -> None:
    body = {"name": "shop", "scopes": ["messages:read"]}
    answer = await service.native("POST", "keys", json=body)
    assert answer.headers["cache-control"] == "no-store"


async def test_a_key_does_what_its_scopes_allow_and_nothing_else(service: SERVED) -> None:
    key = (await add(service, "messages:write"))["key"]
    sent = await ask(service, key, "POST", json={"esimTranNo": GOOD, "text": "Hello"})
    assert sent.status_code == 202
    refused = await ask(service, key)
    assert (refused.status_code, refused.json()["code"]) == (403, "insufficient_scope")
    assert refused.json()["requiredScope"] == "messages:read"
    assert (
        'error="insufficient_scope", scope="messages:read"' in refused.headers["www-authenticate"]
    )
    assert (await ask(service, key, "DELETE", f"messages/{sent.json()['id']}")).status_code == 200


async def test_a_key_sees_its_own_account_only(service: SERVED) -> None:
    await service.native("POST", "messages", json={"esimTranNo": GOOD, "text": "Hello"})
    body = {"name": "theirs", "scopes": ["messages:read"]}
    theirs = (await service.native("POST", "keys", account="other", json=body)).json()
    assert (await ask(service, theirs["key"])).json()["messages"] == []
    assert await listed(service) == []
    answer = await service.native("DELETE", f"keys/{theirs['id']}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert (await ask(service, theirs["key"])).status_code == 200


async def test_a_revoked_key_is_refused_as_a_wrong_one_is(service: SERVED) -> None:
    added = await add(service)
    assert (await ask(service, added["key"])).status_code == 200
    assert (await service.native("DELETE", f"keys/{added['id']}")).json() == {"id": added["id"]}
    revoked = await ask(service, added["key"])
    other_secret = format_key(added["id"], bytes(32))
    for wrong in (other_secret, added["key"][:-1] + "!", "sp_live_", f"{added['key']}x"):
        answer = await ask(service, wrong)
        assert (answer.status_code, answer.json()) == (revoked.status_code, revoked.json())
        assert answer.headers["www-authenticate"] == revoked.headers["www-authenticate"]
    assert (revoked.status_code, revoked.json()["code"]) == (401, "unauthorized")
    assert (await service.native("DELETE", f"keys/{added['id']}")).status_code == 404


async def test_an_expired_key_is_refused_and_still_listed(service: SERVED, now: list[int]) -> None:
    added = await add(service, expiresAt=IN_FUTURE)
    now[0] += 999
    assert (await ask(service, added["key"])).status_code == 200
    now[0] += 1
    assert (await ask(service, added["key"])).status_code == 401
    assert [each["expiresAt"] for each in await listed(service)] == ["2026-01-01T00:00:01.000Z"]


async def test_a_key_of_a_disabled_account_is_refused(service: SERVED) -> None:
    key = (await add(service))["key"]
    await service.operate("PATCH", "accounts/demo", json={"enabled": False})
    assert (await ask(service, key)).status_code == 401
    await service.operate("PATCH", "accounts/demo", json={"enabled": True})
    assert (await ask(service, key)).status_code == 200


async def test_the_allow_list_and_the_rate_limit_of_the_account_apply(service: SERVED) -> None:
    key = (await add(service))["key"]
    await service.operate("PATCH", "accounts/demo", json={"ipAllow": ["192.0.2.0/24"]})
    assert (await ask(service, key)).json()["code"] == "ip_not_allowed"
    limited = {"ipAllow": [], "requestsPerSecond": 0.1}
    await service.operate("PATCH", "accounts/demo", json=limited)
    assert (await ask(service, key)).status_code == 200
    assert (await ask(service, key)).status_code == 429


async def test_keys_are_managed_with_the_secret_not_with_a_key(service: SERVED) -> None:
    every = [scope for scope in KeyScope if scope is not KeyScope.ADMIN]
    added = await add(service, *every)
    body = {"name": "another", "scopes": ["messages:read"]}
    for method, path in (("GET", "keys"), ("POST", "keys"), ("DELETE", f"keys/{added['id']}")):
        answer = await ask(service, added["key"], method, path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (403, "secret_required")
    assert len(await listed(service)) == 1


async def test_only_the_administrator_gives_the_scope_admin(service: SERVED) -> None:
    body = {"name": "ops", "scopes": ["admin"]}
    refused = await service.native("POST", "keys", json=body)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["at"] == "body.scopes"
    key = (await service.operate("POST", "accounts/demo/keys", json=body)).json()["key"]
    assert (await ask(service, key, path="admin/accounts")).status_code == 200
    assert (await ask(service, key)).json()["requiredScope"] == "messages:read"
    plain = (await add(service))["key"]
    answer = await ask(service, plain, path="admin/accounts")
    assert (answer.status_code, answer.json()["requiredScope"]) == (403, "admin")
    assert (await ask(service, key[:-1], path="admin/accounts")).status_code == 401


async def test_the_administrator_manages_the_keys_of_any_account(service: SERVED) -> None:
    body = {"name": "shop", "scopes": ["messages:read"]}
    added = (await service.operate("POST", "accounts/other/keys", json=body)).json()
    key = added.pop("key")
    assert (await service.operate("GET", "accounts/other/keys")).json() == {"keys": [added]}
    assert (await ask(service, key)).status_code == 200
    assert (await service.operate("DELETE", f"accounts/demo/keys/{added['id']}")).status_code == 404
    assert (
        await service.operate("DELETE", f"accounts/other/keys/{added['id']}")
    ).status_code == 200
    assert (await ask(service, key)).status_code == 401
    assert (await service.operate("GET", "accounts/nobody/keys")).status_code == 404


async def test_the_last_use_is_written_later_and_once_a_minute(
    service: SERVED, now: list[int]
) -> None:
    key = (await add(service))["key"]
    written: list[int] = []
    note = service.store.api_keys.note_api_key_uses

    async def count(uses: Any) -> None:
        written.append(len(uses))
        await note(uses)

    service.store.api_keys.note_api_key_uses = count
    for _ in range(50):
        await ask(service, key)
        now[0] += 1_000
    assert written == []
    [shown] = await listed(service)
    assert shown["lastUsedAt"] == "2026-01-01T00:00:00.000Z"
    now[0] += 60_000
    await ask(service, key)
    await service.services.api_keys.write_uses()
    await service.services.api_keys.write_uses()
    assert written == [1, 1]
    [shown] = await listed(service)
    assert shown["lastUsedAt"] == "2026-01-01T00:01:50.000Z"


@pytest.mark.parametrize(
    ("fields", "at"),
    [
        ({"name": ""}, "body.name"),
        ({"name": " "}, "body.name"),
        ({"name": "a\u0000b"}, "body.name"),
        ({"name": "\u202e"}, "body.name"),
        ({"name": "x" * 65}, "body.name"),
        ({"scopes": []}, "body.scopes"),
        ({"scopes": ["everything"]}, "body.scopes.0"),
        ({"expiresAt": "2025-12-31T23:59:59Z"}, "body.expiresAt"),
        ({"expiresAt": "2026-01-01"}, "body.expiresAt"),
        ({"expires": IN_FUTURE}, "body.expires"),
    ],
)
async def test_a_key_that_is_not_as_documented_is_refused(
    service: SERVED, fields: dict[str, Any], at: str
) -> None:
    body = {"name": "shop", "scopes": ["messages:read"], **fields}
    answer = await service.native("POST", "keys", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["at"] == at
    assert await listed(service) == []


async def test_an_account_has_a_limited_number_of_keys(service: SERVED) -> None:
    for _ in range(MAX_API_KEYS):
        await add(service)
    body = {"name": "shop", "scopes": ["messages:read"]}
    answer = await service.native("POST", "keys", json=body)
    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_keys")


async def test_a_key_is_no_credential_of_the_compatible_api(service: SERVED) -> None:
    key = (await add(service, "messages:write"))["key"]
    answer = await service.client.post(
        "/api/v1/open/package/list",
        headers={"RT-AccessCode": "demo", "Authorization": f"Bearer {key}"},
    )
    assert answer.json()["success"] is False
