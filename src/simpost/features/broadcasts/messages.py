"""The message of a broadcast for one eSIM."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from simpost.domain.accounts import Account
from simpost.domain.broadcasts import Broadcast
from simpost.domain.esims import Esim
from simpost.domain.messages import Category
from simpost.domain.options import TemplateRef
from simpost.domain.reasons import Reason
from simpost.messaging.decision import Refusal, SendOptions
from simpost.messaging.intake import SendRequest
from simpost.ports.store import Store

Values = Mapping[str, str | int | float]


class _BroadcastText(Protocol):
    @property
    def text(self) -> str: ...
    @property
    def source(self) -> TemplateRef: ...


class BroadcastTexts(Protocol):
    """Renders the templates of an account for an eSIM."""

    async def render(
        self,
        account: Account,
        esim: Esim,
        category: Category,
        name: str,
        values_in: Callable[[str], Values],
        version: int | None = None,
    ) -> _BroadcastText | Refusal:
        """The text, or why it cannot be made; see `RecipientTexts`."""
        ...


class BroadcastMessages:
    """Makes the request to send for an eSIM, for a preview and for the message itself."""

    def __init__(self, store: Store, texts: BroadcastTexts) -> None:
        self._store = store
        self._texts = texts

    async def find_esim(self, broadcast: Broadcast, esim_tran_no: str) -> Esim | None:
        """The eSIM, if the account has it now."""
        return await self._store.catalogue.find_esim(
            broadcast.account_id, esim_tran_no=esim_tran_no, iccid=None
        )

    async def request(
        self, account: Account, broadcast: Broadcast, esim_tran_no: str
    ) -> SendRequest | Refusal:
        """The message for an eSIM, or why it has no text. Raises StoreError."""
        esim = await self.find_esim(broadcast, esim_tran_no)
        if esim is None:
            return Refusal(Reason.ESIM_UNKNOWN)
        values = await self._values(broadcast, esim_tran_no)
        rendered = await self._texts.render(
            account,
            esim,
            broadcast.category,
            broadcast.template,
            lambda _: values,
            broadcast.template_version,
        )
        if isinstance(rendered, Refusal):
            return rendered
        return SendRequest(
            esim_tran_no=esim_tran_no,
            iccid=None,
            text=rendered.text,
            category=broadcast.category,
            options=SendOptions(template=rendered.source),
            expires_at_ms=broadcast.not_after_ms,
            keeps_refusal=False,
            commits_holds=False,
        )

    async def _values(self, broadcast: Broadcast, esim_tran_no: str) -> Values:
        """The values of the broadcast, with those that its file gives for the eSIM."""
        if broadcast.file_id is None:
            return broadcast.values
        own = await self._store.broadcast_files.values_of(
            broadcast.account_id, broadcast.file_id, esim_tran_no
        )
        return {**broadcast.values, **own}
