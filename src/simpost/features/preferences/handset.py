"""Reads STOP, START and HELP from handsets, and says what they change and what to answer."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from simpost.domain.accounts import Account
from simpost.domain.esims import Esim
from simpost.domain.inbound import InboundMessage
from simpost.domain.messages import Category
from simpost.domain.policy.preference_changes import PreferenceChange, Way
from simpost.domain.policy.replies import ReplyWord, ReplyWords
from simpost.domain.policy.reply_words import Action
from simpost.features.preferences.phrases import PHRASES, choose_language
from simpost.messaging.handset_replies import ReplyEffect
from simpost.ports.store.recipients import Flag

MOST_WORDS: Final = 160
"""Characters of a text that the history and a flag keep."""


class HandsetPreferences:
    """Implements `ReadReply`.

    `stop_categories` are those that STOP ends and START allows again.
    """

    def __init__(self, words: ReplyWords, stop_categories: Collection[Category]) -> None:
        self.words = words
        self.stop_categories = stop_categories

    def read(self, account: Account, esim: Esim, inbound: InboundMessage) -> ReplyEffect:
        """What the text of an eSIM does besides being stored."""
        reply = self.words.read(inbound.text)
        said = inbound.text.replace("\0", "")[:MOST_WORDS]
        if reply.word is None:
            if not reply.is_doubtful:
                return ReplyEffect()
            flag = Flag(inbound.id, account.id, esim.esim_tran_no, said, inbound.received_ms)
            return ReplyEffect(flag=flag)
        answer = self._answer(account, esim, reply.word)
        if reply.word.action is Action.HELP:
            return ReplyEffect(answer=answer)
        change = PreferenceChange(
            id=inbound.id,
            account_id=account.id,
            esim_tran_no=esim.esim_tran_no,
            way=Way.HANDSET,
            at_ms=inbound.received_ms,
            choices=dict.fromkeys(self.stop_categories, reply.word.action is Action.START),
            words=said,
        )
        return ReplyEffect(change=change, answer=answer)

    @staticmethod
    def _answer(account: Account, esim: Esim, word: ReplyWord) -> str:
        language = choose_language(esim.language, word.language, account.language)
        return PHRASES[language].answer(word.action, account.name)
