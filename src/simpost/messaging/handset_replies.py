"""What a text from a handset does besides being stored: it changes preferences, and is answered."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import msgspec

from simpost.domain.accounts import Account
from simpost.domain.esims import Esim
from simpost.domain.inbound import InboundMessage
from simpost.domain.policy.preference_changes import PreferenceChange
from simpost.ports.store.recipients import Flag


class ReplyEffect(msgspec.Struct, frozen=True):
    """What is committed together with an inbound message.

    Attributes:
        question: text to send back instead, once, if the eSIM has a conversation: the word may mean
            something else there.
        answer: text to send back. With a change it is sent only if that makes a difference;
            without one it is not repeated within ten minutes.
    """

    change: PreferenceChange | None = None
    flag: Flag | None = None
    answer: str = ""
    question: str = ""

    @property
    def is_for_person(self) -> bool:
        """Whether it does nothing by itself: a person should read it."""
        return self.change is None and not self.answer


ReadReply: TypeAlias = Callable[[Account, Esim, InboundMessage], ReplyEffect]
"""Reads a text from an eSIM of an account."""


def no_effect(_account: Account, _esim: Esim, _inbound: InboundMessage) -> ReplyEffect:
    """Every text is only stored."""
    return ReplyEffect()
