"""Records calls of MCP tools, and admits those that send."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from simpost.config import Settings
from simpost.config.mcp import McpSendingSettings
from simpost.domain.accounts import Account
from simpost.domain.console_users import AuditRow
from simpost.errors import InvalidRequest
from simpost.ports.store.console import ConsoleStore
from simpost.runtime.clock import Clock
from simpost.runtime.component import Component

SENDING_TOOL: Final = "send_message"
_HOUR_MS: Final = 3_600_000


class McpSendingOff(InvalidRequest):
    """Sending by MCP is not switched on for this account."""


class McpSendsUsedUp(InvalidRequest):
    """The account has sent its messages of this hour by MCP.

    Attributes:
        wait_s: whole seconds until the next one may be sent.
    """

    def __init__(self, limit: int, wait_s: int) -> None:
        super().__init__(f"{limit} messages were sent by MCP within an hour, which is the limit.")
        self.wait_s = wait_s


class McpCall(NamedTuple):
    """A call of a tool.

    Attributes:
        act: names what a call does, so that a repeated call is counted once; empty: nothing.
        address: of the program that called.
    """

    tool: str
    client: str
    session: str
    act: str
    address: str


class McpAccess(Component):
    """What an account may send by MCP comes from the settings; the record is the audit log.

    Sends of an hour are counted in memory, per node: at most `per_hour` entries an account.
    """

    def __init__(
        self,
        store: ConsoleStore,
        sending: Iterable[McpSendingSettings],
        *,
        new_id: Callable[[], bytes],
        clock_ms: Clock,
    ) -> None:
        self._store = store
        self._new_id = new_id
        self._clock_ms = clock_ms
        self._sending = _by_account(sending)
        self._sent: dict[int, deque[tuple[int, str]]] = {}

    async def reconfigure(self, settings: Settings) -> None:
        """Apply new settings at once; what was sent still counts."""
        self._sending = _by_account(settings.mcp_sending)

    def sending_of(self, account: Account) -> McpSendingSettings | None:
        """What the account may send by MCP; `None`: nothing."""
        return self._sending.get(account.access_code)

    async def record(self, account: Account, key_id: str, call: McpCall) -> None:
        """Write a row of the audit log before the call is done, and count a send.

        Raises McpSendingOff or McpSendsUsedUp; then the row says so.
        """
        refusal = self._refusal(account, call) if call.tool == SENDING_TOOL else None
        action = f"mcp.{call.tool}" + (".refused" if refusal else "")
        row = AuditRow(
            self._new_id(),
            self._clock_ms(),
            f"mcp:{key_id or account.access_code}",
            account.id,
            action,
            f"{call.client} {call.session}",
            call.address,
        )
        await self._store.add_audit(row)
        if refusal:
            raise refusal

    def _refusal(self, account: Account, call: McpCall) -> InvalidRequest | None:
        """Count the send; why it is refused."""
        allowed = self.sending_of(account)
        if allowed is None:
            return McpSendingOff()
        now_ms = self._clock_ms()
        sent = self._sent.setdefault(account.id, deque())
        while sent and sent[0][0] <= now_ms - _HOUR_MS:
            sent.popleft()
        if call.act and any(act == call.act for _, act in sent):
            return None
        if len(sent) >= allowed.per_hour:
            wait_ms = sent[len(sent) - allowed.per_hour][0] + _HOUR_MS - now_ms
            return McpSendsUsedUp(allowed.per_hour, max(1, -(-wait_ms // 1000)))
        sent.append((now_ms, call.act))
        return None


def _by_account(sending: Iterable[McpSendingSettings]) -> dict[str, McpSendingSettings]:
    return {each.account: each for each in sending}
