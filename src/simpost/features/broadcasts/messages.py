"""The message of a broadcast for one eSIM."""

from __future__ import annotations

from collections.abc import Callable, KeysView, Mapping
from typing import Protocol

from simpost.domain.accounts import Account
from simpost.domain.broadcasts import Broadcast
from simpost.domain.esims import Esim
from simpost.domain.messages import Category
from simpost.domain.options import TemplateRef
from simpost.domain.reasons import Reason
from simpost.messaging.plan import Refusal, SendOptions
from simpost.messaging.send_request import SendRequest
from simpost.ports.store import Store

Values = Mapping[str, str | int | float]


class _BroadcastText(Protocol):
    @property
    def text(self) -> str: ...
    @property
    def source(self) -> TemplateRef: ...


class BroadcastTemplate(Protocol):
    """The version of a template that a broadcast sends.

    Attributes:
        variables: the names that it declares.
    """

    @property
    def version(self) -> int: ...
    @property
    def variables(self) -> KeysView[str]: ...

    def render(
        self, esim: Esim, category: Category, values_in: Callable[[str], Values]
    ) -> _BroadcastText | Refusal:
        """The text, or why it cannot be made; see `RecipientTemplate`."""
        ...


class BroadcastTexts(Protocol):
    """Finds the templates of an account."""

    async def find(
        self, account: Account, name: str, version: int | None = None
    ) -> BroadcastTemplate | None:
        """A template, in the latest version without a `version`."""
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

    async def find_template(
        self, account: Account, broadcast: Broadcast
    ) -> BroadcastTemplate | None:
        """Its version of its template; `None` if it was deleted. Raises StoreError."""
        return await self._texts.find(account, broadcast.template, broadcast.template_version)

    async def request(
        self, broadcast: Broadcast, esim: Esim | None, template: BroadcastTemplate
    ) -> SendRequest | Refusal:
        """The message for an eSIM that was just read, or why it has no text. Raises StoreError."""
        if esim is None:
            return Refusal(Reason.ESIM_UNKNOWN)
        values = await self._values(broadcast, esim.esim_tran_no)
        rendered = template.render(esim, broadcast.category, lambda _: values)
        if isinstance(rendered, Refusal):
            return rendered
        return SendRequest(
            esim_tran_no=esim.esim_tran_no,
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
