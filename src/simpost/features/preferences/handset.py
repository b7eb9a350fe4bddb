"""Reads STOP, START and HELP from handsets, and says what they change and what to answer."""

from __future__ import annotations

from typing import Final

import msgspec

from simpost.config import PreferenceSettings, Settings
from simpost.domain.accounts import Account
from simpost.domain.esims import Esim
from simpost.domain.inbound import InboundMessage
from simpost.domain.policy.preference_changes import PreferenceChange, Way
from simpost.domain.policy.preferences import REFUSABLE
from simpost.domain.policy.replies import ReplyWord, ReplyWords
from simpost.domain.policy.reply_words import Action
from simpost.features.preferences.phrases import PHRASES, choose_language
from simpost.messaging.handset_replies import ReplyEffect
from simpost.ports.store.recipients import Flag
from simpost.runtime.component import Component

MOST_WORDS: Final = 160
"""Characters of a text that the history and a flag keep."""


class HandsetPreferences(Component):
    """Implements `ReadReply`."""

    def __init__(self, settings: PreferenceSettings) -> None:
        self._apply(settings)

    async def reconfigure(self, settings: Settings) -> None:
        """Apply new words and categories."""
        self._apply(settings.preferences)

    def _apply(self, settings: PreferenceSettings) -> None:
        self._stop_categories = [
            each for each in reversed(REFUSABLE) if each in settings.stop_categories
        ]
        self._words = ReplyWords(
            settings.languages,
            stop=settings.stop_words,
            start=settings.start_words,
            help=settings.help_words,
            ignored=settings.ignored_words,
        )

    def read(self, account: Account, esim: Esim, inbound: InboundMessage) -> ReplyEffect:
        """What the text of an eSIM does besides being stored."""
        reply = self._words.read(inbound.text)
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
            choices=dict.fromkeys(self._stop_categories, reply.word.action is Action.START),
            words=said,
        )
        question = ""
        if reply.word.ambiguous:
            help_word = msgspec.structs.replace(reply.word, action=Action.HELP)
            question = self._answer(account, esim, help_word)
        return ReplyEffect(change=change, answer=answer, question=question)

    def _answer(self, account: Account, esim: Esim, word: ReplyWord) -> str:
        language = choose_language(esim.language, word.language, account.language)
        return PHRASES[language].answer(word.action, self._stop_categories, account.name)
