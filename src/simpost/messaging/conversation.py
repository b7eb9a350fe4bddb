"""The conversation of an eSIM: messages to it and texts from it in one thread, newest first."""

from __future__ import annotations

from typing import TypeAlias

from simpost.domain.inbound import UNDECODABLE, InboundMessage, InboundState
from simpost.domain.messages import Message
from simpost.errors import UnknownEsim
from simpost.ports.store import MessageFilter, Store
from simpost.ports.store.inbound import InboundFilter

Entry: TypeAlias = Message | InboundMessage


async def list_conversation(
    store: Store, account_id: int, esim_tran_no: str, *, before: bytes | None, limit: int
) -> list[Entry]:
    """Return entries with an id below `before`, `limit` at most.

    A text that was forwarded to the eSIM is in it once, as the message that forwarded it.

    Raises:
        UnknownEsim: the account has no such eSIM.
    """
    if await store.catalogue.find_esim(account_id, esim_tran_no=esim_tran_no, iccid=None) is None:
        raise UnknownEsim
    return await list_texts(store, account_id, esim_tran_no, before=before, limit=limit)


async def list_texts(
    store: Store, account_id: int, esim_tran_no: str, *, before: bytes | None, limit: int
) -> list[Entry]:
    """The entries of `list_conversation`, of an eSIM that the account may no longer have."""
    sent = await store.log.list_messages(
        account_id, MessageFilter(esim_tran_no=esim_tran_no, before=before, limit=limit)
    )
    received = await store.inbound.list_inbound(
        account_id,
        InboundFilter(esim_tran_no=esim_tran_no, before=before, limit=limit, carried=False),
    )
    entries: list[Entry] = [*sent, *received]
    return sorted(entries, key=lambda entry: entry.id, reverse=True)[:limit]


def shown_text(entry: Entry) -> str | None:
    """The text; `None` if it was erased or refused, or if it is no text but octets."""
    is_refused = entry.state is InboundState.REFUSED
    if entry.text_absence or is_refused or entry.encoding in ("binary", UNDECODABLE):
        return None
    return entry.text
