"""Finds the account and the eSIM of an inbound message, and whether it may be forwarded."""

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
    """The account and the eSIM of an inbound message.

    Attributes:
        account: `None` when neither number belongs to an account.
        esim: the eSIM that sent it or, with `from_phone`, the eSIM it is addressed to.
        from_phone: whether it is to be forwarded to the eSIM.
        reason: why it must not be forwarded.
    """

    account: Account | None = None
    esim: Esim | None = None
    from_phone: bool = False
    reason: Reason | None = None


class InboundRouter:
    """Looks up our own numbers first, those with one account before shared ones; then eSIMs."""

    def __init__(self, store: InboundStore, accounts: Accounts, numbers: OwnNumbers) -> None:
        self.numbers = numbers
        self._store = store
        self._accounts = accounts

    async def resolve(self, part: InboundPart) -> InboundTarget:
        """Find the target by the destination, then by the source. Raises StoreError."""
        owner = self.numbers.owner_of(part.destination)
        if owner:
            return await self._to_account(owner, part)
        if owner is None and (found := await self._store.find_number(part.destination)):
            account = self._accounts.by_id(found.account_id)
            reason = self._blocking_reason(part, account, found.esim)
            return InboundTarget(account, found.esim, from_phone=True, reason=reason)
        sender = await self._store.find_number(part.source)
        if sender is None:
            return InboundTarget()
        return InboundTarget(self._accounts.by_id(sender.account_id), sender.esim)

    async def _to_account(self, access_code: str, part: InboundPart) -> InboundTarget:
        """The target of a message to a number of one account; no other account may see it."""
        account = next(
            (one for one in self._accounts.all() if one.access_code == access_code), None
        )
        if account is None:
            log.warning("number_without_account", account=access_code)
            return InboundTarget()
        sender = await self._store.find_number(part.source, account_id=account.id)
        return InboundTarget(account, sender.esim if sender else None)

    def _blocking_reason(
        self, part: InboundPart, account: Account | None, esim: Esim
    ) -> Reason | None:
        """Why the message must not be forwarded, as far as its first part shows."""
        if account is None or not account.enabled:
            return Reason.ESIM_UNKNOWN
        if part.source in self.numbers:
            return Reason.LOOP_DETECTED
        if not part.is_text:
            return Reason.NOT_TEXT
        return phone_blocking_reason(esim)
