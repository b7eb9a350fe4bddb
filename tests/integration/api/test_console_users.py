"""Users of the console by the admin API and by `simpost users`."""

import asyncio
import json
import subprocess
import sys

import pytest

PASSWORD = "correct horse battery"


async def add(service, name="ann", **fields):
    wanted = {"name": name, "role": "support", "password": PASSWORD} | fields
    return await service.operate("POST", "console-users", json=wanted)


async def test_a_user_is_added_listed_and_removed_without_the_password(service):
    added = await add(service, account="demo")
    assert added.status_code == 201
    shown = {
        "name": "ann",
        "role": "support",
        "account": "demo",
        "totp": False,
        "createdAt": "2026-01-01T00:00:00.000Z",
    }
    assert added.json() == shown
    assert (await service.operate("GET", "console-users")).json() == {"users": [shown]}
    assert (await service.operate("DELETE", "console-users/ann")).json() == {"name": "ann"}
    assert (await service.operate("DELETE", "console-users/ann")).status_code == 404
    assert (await service.operate("GET", "console-users")).json() == {"users": []}


async def test_a_name_is_taken_once(service):
    await add(service)
    again = await add(service, role="admin")
    assert (again.status_code, again.json()["code"]) == (409, "user_name_taken")


@pytest.mark.parametrize("password", ["short", "a" * 40, "x" * 300, "", "abcdefgh\ud800efghi"])
async def test_a_weak_password_is_refused_and_not_repeated(service, password):
    body = json.dumps({"name": "ann", "role": "viewer", "password": password})
    kind = {"Authorization": "Bearer admin-token", "Content-Type": "application/json"}
    path = "/v1/admin/console-users"
    refused = await service.client.post(path, content=body, headers=kind)
    assert refused.status_code == 422
    assert not password or password not in refused.text
    assert (await service.operate("GET", "console-users")).json() == {"users": []}


@pytest.mark.parametrize(
    "fields", [{"role": "root"}, {"name": "a b"}, {"name": ""}, {"name": "a" * 64}]
)
async def test_an_invalid_user_is_refused(service, fields):
    assert (await add(service, **fields)).status_code == 422


async def test_a_user_of_an_unknown_account_is_refused(service):
    assert (await add(service, account="nobody")).status_code == 404


async def test_a_new_password_replaces_the_old_one(service):
    await add(service)
    body = {"password": "another horse battery"}
    changed = await service.operate("PUT", "console-users/ann/password", json=body)
    assert changed.json() == {"name": "ann"}
    users = service.services.console_users
    assert await users.sign_in("ann", PASSWORD, "-") is None
    assert await users.sign_in("ann", "another horse battery", "-")
    missing = await service.operate("PUT", "console-users/bob/password", json=body)
    assert missing.status_code == 404


async def test_the_number_of_users_is_limited(service, monkeypatch):
    monkeypatch.setattr("simpost.store.shared.console.MAX_USERS", 1)
    await add(service)
    refused = await add(service, "bob")
    assert (refused.status_code, refused.json()["code"]) == (409, "too_many_users")


async def test_passwords_are_not_checked_without_a_limit(service, monkeypatch):
    await add(service)
    monkeypatch.setattr("simpost.features.console_users.passwords.MAX_WAITING", 0)
    body = {"password": "another horse battery"}
    changed = await service.operate("PUT", "console-users/ann/password", json=body)
    for refused in (await add(service, "bob"), changed):
        assert (refused.status_code, refused.json()["code"]) == (429, "too_many_requests")
        assert refused.headers["retry-after"] == "1"
    monkeypatch.undo()
    assert await service.services.console_users.sign_in("ann", PASSWORD, "-")


async def test_a_user_without_a_password_has_one_that_nobody_knows(service):
    added = await service.operate("POST", "console-users", json={"name": "ann", "role": "support"})
    assert added.status_code == 201
    user = await service.services.console_users.find_user("ann")
    assert user.password_digest.startswith("$argon2id$")
    assert await service.services.console_users.sign_in("ann", "", "-") is None


async def test_sessions_are_listed_and_ended(service):
    await add(service)
    users = service.services.console_users
    first, second = [await users.sign_in("ann", PASSWORD, "192.0.2.7") for _ in range(2)]
    found = (await service.operate("GET", "console-users/ann/sessions")).json()["sessions"]
    at = "2026-01-01T00:00:00.000Z"
    assert [(each["beganAt"], each["seenAt"], each["address"]) for each in found] == [
        (at, at, "192.0.2.7")
    ] * 2
    (session, _), path = await users.find_session(first.token), "console-users/ann/sessions"
    assert (await service.operate("DELETE", f"{path}/{session.name}")).json() == {
        "id": session.name
    }
    assert await users.find_session(first.token) is None
    assert await users.find_session(second.token)
    assert (await service.operate("DELETE", f"{path}/{session.name}")).status_code == 404
    assert (await service.operate("GET", "console-users/bob/sessions")).status_code == 404
    rows = (await service.operate("GET", "audit")).json()["rows"]
    assert [(row["user"], row["action"], row["target"]) for row in rows] == [
        ("(admin API)", "session.end", "ann"),
        ("ann", "sign_in", "ann"),
        ("ann", "sign_in", "ann"),
    ]


async def test_the_audit_log_is_read_by_page_and_account(service):
    users = service.services.console_users
    await add(service, account="demo")
    await add(service, name="bob")
    ann, bob = [await users.find_user(name) for name in ("ann", "bob")]
    for number in range(3):
        await users.audit(ann, "message.reveal", f"m-{number}", address="-")
    await users.audit(bob, "carrier.pause", "main", address="-")
    newest = (await service.operate("GET", "audit?limit=2")).json()
    assert [(row["account"], row["target"]) for row in newest["rows"]] == [
        (None, "main"),
        ("demo", "m-2"),
    ]
    older = (await service.operate("GET", f"audit?cursor={newest['next']}")).json()
    assert [row["target"] for row in older["rows"]] == ["m-1", "m-0"]
    assert older["next"] is None
    of_demo = (await service.operate("GET", "audit?account=demo")).json()["rows"]
    assert [row["target"] for row in of_demo] == ["m-2", "m-1", "m-0"]
    assert (await service.operate("GET", "audit?account=other")).json()["rows"] == []


async def run(port, *arguments, password=""):
    """`simpost users` with a password on standard input."""
    command = [sys.executable, "-m", "simpost", "users", *arguments]
    options = ["--url", f"http://127.0.0.1:{port}", "--admin-token", "admin-token"]
    return await asyncio.to_thread(
        subprocess.run,
        [*command, *options],
        input=password,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


async def test_the_command_reads_the_password_from_standard_input(service, port):
    added = await run(port, "add", "ann", "--role", "admin", password=f"{PASSWORD}\n")
    assert added.stdout == "ann is added: admin of all accounts\n"
    assert await service.services.console_users.sign_in("ann", PASSWORD, "-")
    changed = await run(port, "password", "ann", password="another horse battery\n")
    assert changed.stdout == "ann has a new password\n"
    assert await service.services.console_users.sign_in("ann", "another horse battery", "-")
    listed = await run(port, "list")
    assert "ann   admin  all" in listed.stdout
    [session] = (await service.operate("GET", "console-users/ann/sessions")).json()["sessions"]
    ended = await run(port, "sessions", "ann", "--end", session["id"])
    assert ended.stdout == "ann is not signed in\n"
    without = await run(port, "add", "eve", "--role", "viewer", "--no-password")
    assert without.stdout == "eve is added: viewer of all accounts\n"
    assert (await run(port, "remove", "ann")).stdout == "ann is removed\n"
    refused = await run(port, "add", "bob", "--role", "viewer", password="short\n")
    assert refused.returncode == 1
    assert "must have 12 to 256 characters" in refused.stderr
    assert "short" not in refused.stderr
