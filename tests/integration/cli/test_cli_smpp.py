"""`simpost smpp` against the demo."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

Simpost = Callable[..., Any]


def test_a_login_is_shown_once_listed_and_revoked(simpost: Simpost) -> None:
    done = simpost("smpp", "add", "demo", "--system-id", "shop", "--ip-allow", "192.0.2.0/24")
    assert done.returncode == 0, done.stderr
    system_id, password = (line.partition(": ")[2] for line in done.stdout.splitlines()[:2])
    assert (system_id, len(password)) == ("shop", 8)
    listed = simpost("smpp", "list", "demo").stdout
    assert "shop" in listed
    assert "192.0.2.0/24" in listed
    assert password not in listed
    again = simpost("smpp", "add", "demo", "--system-id", "shop")
    assert again.returncode == 1
    assert "already an SMPP login" in again.stderr
    refused = simpost("accounts", "change", "demo", "--no-events")
    assert "The account has SMPP logins" in refused.stderr
    assert simpost("smpp", "revoke", "demo", "shop").stdout == "shop is revoked\n"
    assert simpost("smpp", "list", "demo").stdout == "no SMPP logins\n"
    assert "no such SMPP login" in simpost("smpp", "revoke", "demo", "shop").stderr


def test_a_password_is_written_to_a_new_file_of_its_owner(simpost: Simpost, tmp_path: Path) -> None:
    file = tmp_path / "shop.password"
    done = simpost("smpp", "add", "demo", "--file", str(file), "--json")
    added = json.loads(done.stdout)
    assert set(added) == {"systemId", "ipAllow", "createdAt"}
    assert len(file.read_text().strip()) == 8
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert simpost("smpp", "revoke", "demo", added["systemId"]).returncode == 0


def test_a_name_that_is_no_system_id_is_refused(simpost: Simpost) -> None:
    for name in ("-shop", "a:b", "x" * 16):
        refused = simpost("smpp", "add", "demo", f"--system-id={name}")
        assert refused.returncode == 1
        assert "1 to 15 letters" in refused.stderr
