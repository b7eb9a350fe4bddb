"""Begins conversations, sends replies in them, and returns those that nobody answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, NamedTuple

import msgspec

from simpost.config import Settings
from simpost.domain.accounts import Account
from simpost.domain.conversations import (
    Conversation,
    ConversationChange,
    ConversationRules,
    Note,
)
from simpost.domain.esims import Esim
from simpost.domain.messages import Category, Message, own_request_id
from simpost.domain.reasons import Reason
from simpost.domain.states import State
from simpost.errors import UnknownConversation
from simpost.messaging.conversation import list_texts, shown_text
from simpost.messaging.from_settings import conversation_rules_of
from simpost.messaging.intake import Intake
from simpost.messaging.plan import Refusal
from simpost.messaging.send_request import SendRequest, SendResult
from simpost.ports.store import Store
from simpost.ports.store.catalogue import EsimFilter
from simpost.ports.store.conversations import CONVERSATION_STEP, ConversationFilter
from simpost.runtime.clock import Clock
from simpost.runtime.component import Component
from simpost.runtime.scheduler import always, run_periodically

_INTERVAL_S: Final = 2.0
_DELETE_INTERVAL_S: Final = 60.0
_DAY_MS: Final = 86_400_000
SEARCHED_CONVERSATIONS: Final = 100
"""Conversations that one search reads."""
SEARCHED_TEXTS: Final = 50
"""Texts of an eSIM that a search reads, the newest ones."""
_REPLACEABLE_MS: Final = 23 * 3_600_000
"""How long after it was cancelled a reply may be replaced: a request id is remembered for a day."""


class ConversationSearch(NamedTuple):
    """What a search found.

    Attributes:
        last_id: where the next search goes on; `None` at the end.
        characters: of the texts that were read.
    """

    found: list[Conversation]
    last_id: bytes | None
    characters: int


class Conversations(Component):
    """The conversations of all accounts. Texts from eSIMs reach them through `InboundService`."""

    def __init__(
        self,
        store: Store,
        intake: Intake,
        rules: ConversationRules,
        *,
        new_id: Callable[[], bytes],
        clock_ms: Clock,
        keep_days: int,
        is_leader: Callable[[], bool] = always,
    ) -> None:
        self._store = store
        self._intake = intake
        self._new_id = new_id
        self._clock_ms = clock_ms
        self._is_leader = is_leader
        self._rules = rules
        self._keep_ms = keep_days * _DAY_MS

    async def run(self) -> None:
        """Run `tidy` every two seconds and `delete_old` every minute on the leader."""
        async with asyncio.TaskGroup() as tasks:
            for job, every_s, name in (
                (self.tidy, _INTERVAL_S, "conversations"),
                (self.delete_old, _DELETE_INTERVAL_S, "old_conversations"),
            ):
                work = run_periodically(job, every_s, name=name, when=self._is_leader)
                tasks.create_task(work)

    async def reconfigure(self, settings: Settings) -> None:
        """Apply new rules, and a new time to keep conversations."""
        self._rules = conversation_rules_of(settings)
        self._keep_ms = settings.conversations.keep_days * _DAY_MS

    async def tidy(self) -> None:
        """Reopen those whose reply failed, and return overdue ones."""
        store, now_ms = self._store.conversations, self._clock_ms()
        while await store.reopen_failed(rules=self._rules, now_ms=now_ms) >= CONVERSATION_STEP:
            pass
        while await store.return_overdue(now_ms=now_ms) >= CONVERSATION_STEP:
            pass

    async def delete_old(self) -> None:
        """Delete conversations in which nothing has happened for long."""
        before_ms = self._clock_ms() - self._keep_ms
        while await self._store.conversations.delete_old(before_ms=before_ms) >= CONVERSATION_STEP:
            pass

    async def begin(
        self, account: Account, esim_tran_no: str | None, iccid: str | None, msisdn: str | None
    ) -> tuple[Conversation, bool] | Refusal:
        """The conversation of the eSIM that is not closed, or a new one; and whether it is new.

        Raises StoreError.
        """
        found = await self._intake.find_esim(account, esim_tran_no, iccid, msisdn)
        if not isinstance(found, Esim):
            return found or Refusal(Reason.ESIM_UNKNOWN)
        new_id = self._new_id()
        begun = await self._store.conversations.begin(
            account.id, found.esim_tran_no, new_id=new_id, now_ms=self._clock_ms()
        )
        return begun, begun.id == new_id

    async def esim_of_order(self, account: Account, order_no: str) -> str | None:
        """The only eSIM of an order; `None` if there is none, or several. Raises StoreError."""
        which = EsimFilter(order_no=order_no, limit=2)
        found, _ = await self._store.catalogue.query_esims(account.id, which)
        return found[0].esim_tran_no if len(found) == 1 else None

    async def search(
        self, account: Account, which: ConversationFilter, words: str
    ) -> ConversationSearch:
        """Conversations that the filter selects and whose eSIM has a text with these words.

        Sealed texts can only be searched once they are opened: it reads SEARCHED_CONVERSATIONS at
        most, and SEARCHED_TEXTS of each. Raises StoreError.
        """
        limit, wanted = which.limit, _searchable(words)
        which = msgspec.structs.replace(which, limit=SEARCHED_CONVERSATIONS + 1)
        listed = await self._store.conversations.list_conversations(account.id, which)
        found: list[Conversation] = []
        read = 0
        for number, each in enumerate(listed[:SEARCHED_CONVERSATIONS], start=1):
            texts = await self._texts_of(account, each)
            read += sum(map(len, texts))
            if any(wanted in text for text in texts):
                found.append(each)
            if len(found) == limit or number == SEARCHED_CONVERSATIONS:
                last = each.id if number < len(listed) else None
                return ConversationSearch(found, last, read)
        return ConversationSearch(found, None, read)

    async def _texts_of(self, account: Account, conversation: Conversation) -> list[str]:
        entries = await list_texts(
            self._store,
            account.id,
            conversation.esim_tran_no,
            before=None,
            limit=SEARCHED_TEXTS,
        )
        return [_searchable(text) for each in entries if (text := shown_text(each))]

    async def find(self, account: Account, conversation_id: bytes) -> Conversation:
        """Raises UnknownConversation and StoreError."""
        found = await self._store.conversations.find(account.id, conversation_id)
        if found is None:
            raise UnknownConversation
        return found

    async def change(
        self, account: Account, conversation_id: bytes, change: ConversationChange
    ) -> Conversation:
        """Raises UnknownConversation, ConversationExists and StoreError."""
        now_ms = self._clock_ms()
        changed = await self._store.conversations.change(
            account.id, conversation_id, change, now_ms=now_ms
        )
        if changed is None:
            raise UnknownConversation
        return changed

    async def reply(
        self, account: Account, conversation: Conversation, request: SendRequest
    ) -> SendResult:
        """Send a support message to the eSIM, from the number that it wrote to.

        The conversation changes in the commit of the message. Raises StoreError.
        """
        return await self._intake.send(account, await self.as_reply(account, conversation, request))

    async def as_reply(
        self, account: Account, conversation: Conversation, request: SendRequest
    ) -> SendRequest:
        """The request as `reply` would send it. Raises StoreError."""
        options = request.options
        if options.sender is None and conversation.own_number:
            options = msgspec.structs.replace(options, sender=conversation.own_number)
        wanted = msgspec.structs.replace(
            request,
            esim_tran_no=conversation.esim_tran_no,
            iccid=None,
            msisdn=None,
            category=Category.SUPPORT,
            options=options,
            conversation_id=conversation.id,
        )
        if options is not request.options:
            _, decision = await self._intake.decide(account, wanted, self._clock_ms())
            if isinstance(decision, Refusal) and decision.reason is Reason.SENDER_NOT_ALLOWED:
                wanted = msgspec.structs.replace(wanted, options=request.options)
        return wanted

    async def replace_reply(
        self,
        account: Account,
        conversation: Conversation,
        message_id: bytes,
        request: SendRequest,
    ) -> SendResult | Message | None:
        """Cancel a reply that waits for its time and send another one instead, once.

        The message as it is, if it cannot be replaced any more; `None` if it is no reply to the
        eSIM. The request id is made from that of the message: the same request again returns the
        same result, and another one is refused with `request_id_reused`. If the new reply is
        refused, the old one stays, and a corrected one can replace it. Raises StoreError.
        """
        old = await self._store.log.find_message(account.id, message_id)
        if (
            old is None
            or old.esim_tran_no != conversation.esim_tran_no
            or old.category is not Category.SUPPORT
        ):
            return None
        once = msgspec.structs.replace(
            await self.as_reply(account, conversation, request),
            request_id=own_request_id(f"instead of {message_id.hex()}"),
            keeps_refusal=False,
        )
        if old.state is not State.CANCELLED:
            _, decision = await self._intake.decide(account, once, self._clock_ms())
            if not isinstance(decision, Refusal):
                old = await self._intake.cancel(account, message_id)
                if old is None or old.state is not State.CANCELLED:
                    return old
        elif self._clock_ms() >= old.updated_ms + _REPLACEABLE_MS:
            return old
        return await self._intake.send(account, once)

    async def add_note(
        self, account: Account, conversation_id: bytes, author: str, text: str
    ) -> Note:
        """Raises UnknownConversation and StoreError."""
        now_ms = self._clock_ms()
        note = Note(self._new_id(), account.id, conversation_id, author, text, now_ms)
        if not await self._store.conversations.add_note(note):
            raise UnknownConversation
        return note


def _searchable(text: str) -> str:
    """The text without differences of case and of spaces."""
    return " ".join(text.split()).casefold()
