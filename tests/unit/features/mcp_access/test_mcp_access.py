"""Calls are recorded before they are done, and sends of an hour are counted."""

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from simpost.config import ServerSettings, Settings, StoreSettings
from simpost.config.mcp import McpSendingSettings
from simpost.domain.accounts import Account
from simpost.features.mcp_access.service import McpAccess, McpCall, McpSendingOff, McpSendsUsedUp

DEMO = Account(1, "demo", "demo-secret")
OTHER = Account(2, "other", "other-secret")
HOUR_MS = 3_600_000
SETTINGS = Settings(
    server=ServerSettings(admin_token=SecretStr("x" * 16)),
    store=StoreSettings(secrets_key=SecretStr(Fernet.generate_key().decode())),
)
"""Of a file without a block."""


class AuditDouble:
    """Keeps what was written."""

    def __init__(self):
        self.rows = []

    async def add_audit(self, row):
        self.rows.append(row)
        return True


class Fixture:
    def __init__(self):
        self.now_ms = 0
        self.audit = AuditDouble()
        allowed = McpSendingSettings(
            account="demo",
            recipients=("*",),
            categories=frozenset({"support"}),
            free_text=True,
            per_hour=2,
        )
        self.access = McpAccess(
            self.audit, [allowed], new_id=lambda: bytes(16), clock_ms=lambda: self.now_ms
        )

    async def call(self, tool="send_message", act="", account=DEMO):
        await self.access.record(account, "0123456789", McpCall(tool, "client/1", "s1", act, "::1"))


@pytest.fixture
def calls():
    return Fixture()


async def test_a_call_is_a_row_with_its_client_and_session(calls):
    await calls.call("look_up_esim")
    [row] = calls.audit.rows
    assert (row.user, row.action, row.target, row.account_id, row.address) == (
        "mcp:0123456789",
        "mcp.look_up_esim",
        "client/1 s1",
        1,
        "::1",
    )


async def test_an_account_without_a_block_sends_nothing(calls):
    with pytest.raises(McpSendingOff):
        await calls.call(account=OTHER)
    assert [row.action for row in calls.audit.rows] == ["mcp.send_message.refused"]


async def test_the_limit_of_an_hour_ends_with_the_hour(calls):
    await calls.call(act="1" * 32)
    calls.now_ms = 1_000
    await calls.call(act="2" * 32)
    with pytest.raises(McpSendsUsedUp) as caught:
        await calls.call(act="3" * 32)
    assert caught.value.wait_s == 3_599
    calls.now_ms = HOUR_MS
    await calls.call(act="3" * 32)
    with pytest.raises(McpSendsUsedUp):
        await calls.call(act="4" * 32)


async def test_a_repeated_send_counts_once(calls):
    for _ in range(5):
        await calls.call(act="1" * 32)
    await calls.call(act="2" * 32)
    with pytest.raises(McpSendsUsedUp):
        await calls.call(act="3" * 32)


async def test_other_tools_do_not_count(calls):
    for _ in range(5):
        await calls.call("prepare_message")
    await calls.call()


async def test_a_reload_switches_sending_off_at_once(calls):
    await calls.call()
    await calls.access.reconfigure(SETTINGS)
    with pytest.raises(McpSendingOff):
        await calls.call()
