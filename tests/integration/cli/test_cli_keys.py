"""`simpost keys` against the demo."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

Simpost = Callable[..., Any]


def added(simpost: Simpost, *asked: str) -> dict[str, Any]:
    done = simpost("keys", "add", *asked, "--json")
    assert done.returncode == 0, done.stderr
    key: dict[str, Any] = json.loads(done.stdout)
    return key


def test_a_key_is_printed_once_listed_and_revoked(simpost: Simpost) -> None:
    done = simpost("keys", "add", "shop", "--scope", "messages:read")
    assert done.returncode == 0, done.stderr
    key_id, key = (line.partition(": ")[2] for line in done.stdout.splitlines()[:2])
    assert key.startswith(f"sp_live_{key_id}_")
    listed = simpost("keys", "list").stdout
    assert key_id in listed
    assert key not in listed
    assert simpost("keys", "revoke", key).stdout == f"{key_id} is revoked\n"
    assert simpost("keys", "list").stdout == "no keys\n"
    again = simpost("keys", "revoke", key_id)
    assert again.returncode == 1
    assert "no such key" in again.stderr


def test_a_key_is_written_to_a_new_file_of_its_owner(simpost: Simpost, tmp_path: Path) -> None:
    file = tmp_path / "shop.key"
    key = added(simpost, "shop", "--scope", "messages:read", "--file", str(file))
    assert "key" not in key
    assert file.read_text().startswith(f"sp_live_{key['id']}_")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    again = simpost("keys", "add", "shop", "--scope", "messages:read", "--file", str(file))
    assert again.returncode == 2
    assert "exists already" in again.stderr
    assert [each["id"] for each in json.loads(simpost("keys", "list", "--json").stdout)] == [
        key["id"]
    ]
    assert simpost("keys", "revoke", key["id"]).returncode == 0
    refused = simpost("keys", "add", " ", "--scope", "admin", "--file", str(tmp_path / "none.key"))
    assert refused.returncode == 1
    assert not (tmp_path / "none.key").exists()


def test_the_administrator_adds_a_key_with_an_end(simpost: Simpost) -> None:
    key = added(simpost, "ops", "--scope", "admin", "--expires", "90d", "--account", "demo")
    assert (key["scopes"], key["key"][:8]) == (["admin"], "sp_live_")
    created, ends = (datetime.fromisoformat(key[name]) for name in ("createdAt", "expiresAt"))
    assert abs(ends - created - timedelta(days=90)) < timedelta(minutes=1)
    assert simpost("keys", "revoke", key["id"], "--account", "demo").returncode == 0
    for wrong in ("soon", "2020-01-01"):
        done = simpost("keys", "add", "ops", "--scope", "messages:read", "--expires", wrong)
        assert done.returncode != 0


def test_commands_take_a_key_for_what_its_scopes_allow(
    simpost: Simpost, run: Simpost, tmp_path: Path
) -> None:
    file = tmp_path / "shop.key"
    added(simpost, "shop", "--scope", "messages:read", "--file", str(file))
    key = file.read_text().strip()
    shown = run("messages", "--url", simpost.url, "--api-key", key)
    assert (shown.returncode, shown.stdout) == (0, "no messages\n"), shown.stderr
    assert run("messages", SIMPOST_URL=simpost.url, SIMPOST_API_KEY=key).returncode == 0
    for refused in (
        run("send", "Hi", "--iccid", "1", SIMPOST_URL=simpost.url, SIMPOST_API_KEY=key),
        simpost("send", "Hi", "--iccid", "1", SIMPOST_API_KEY=key),
    ):
        assert refused.returncode == 1
        assert "does not have the scope messages:write" in refused.stderr
    managed = run("keys", "list", SIMPOST_URL=simpost.url, SIMPOST_API_KEY=key)
    assert managed.returncode == 2
    assert "No API key manages keys." in managed.stderr
    assert simpost("keys", "revoke", key).returncode == 0
    revoked = run("messages", SIMPOST_URL=simpost.url, SIMPOST_API_KEY=key)
    assert "The API key is wrong, revoked or expired." in revoked.stderr
