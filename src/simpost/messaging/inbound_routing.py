"""InboundRouter: whose a message that comes in is, and whether it may go where it is meant to."""

from __future__ import annotations

import msgspec

from simpost.domain.accounts import Account
from simpost.domain.esims import Esim
from simpost.domain.inbound import InboundPart, OwnNumbers, phone_blocking_reason
from simpost.domain.reasons import Reason
from simpost.messaging.accounts import Accounts
from simpost.observe import get_logger
from simpost.ports.store.inbound import InboundStore

log = get_logger(__name__)


class InboundTarget(msgspec.Struct, frozen=True):
    """Whom a message that comes in is for.

    Attributes:
        account: none when it is nobody's we know.
        esim: it came from this eSIM; or, from a phone, is meant for it.
        from_phone: it is to be carried to the eSIM.
        reason: why it is not.
    """

    account: Account | None = None
    esim: Esim | None = None
    from_phone: bool = False
    reason: Reason | None = None


class InboundRouter:
    """Numbers of ours stand before eSIMs, and those of one account before all others."""

    def __init__(self, store: InboundStore, accounts: Accounts, numbers: OwnNumbers) -> None:
        self.numbers = numbers
        self._store = store
        self._accounts = accounts

    async def resolve(self, part: InboundPart) -> InboundTarget:
        owner = self.numbers.owner_of(part.destination)
        if owner:
            return await self._at_owner(owner, part)
        if owner is None and (found := await self._store.find_number(part.destination)):
            account = self._accounts.by_id(found.account_id)
            reason = self._why_not(part, account, found.esim)
            return InboundTarget(account, found.esim, from_phone=True, reason=reason)
        sender = await self._store.find_number(part.source)
        if sender is None:
            return InboundTarget()
        return InboundTarget(self._accounts.by_id(sender.account_id), sender.esim)

    async def _at_owner(self, access_code: str, part: InboundPart) -> InboundTarget:
        """To a number of one account: never shown to another, whoever sent it."""
        everyone = self._accounts.all()
        account = next((one for one in everyone if one.access_code == access_code), None)
        if account is None:
            log.warning("number_without_account", account=access_code)
            return InboundTarget()
        sender = await self._store.find_number(part.source, account_id=account.id)
        return InboundTarget(account, sender.esim if sender else None)

    def _why_not(self, part: InboundPart, account: Account | None, esim: Esim) -> Reason | None:
        """What is wrong with carrying it, as far as its first part can tell."""
        if account is None or not account.enabled:
            return Reason.ESIM_UNKNOWN
        if part.source in self.numbers:
            return Reason.LOOP_DETECTED
        if not part.is_text:
            return Reason.NOT_TEXT
        return phone_blocking_reason(esim)
