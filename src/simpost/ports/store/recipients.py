"""Recipients: the travellers behind eSIMs, what they want, and how that changed."""

from __future__ import annotations

from typing import Final, Protocol

import msgspec

from simpost.domain.policy.preference_changes import (
    Differences,
    PreferenceChange,
    Preferences,
    Way,
)
from simpost.domain.texts import TextAbsence

MOST_CHANGES: Final = 200
"""Changes of one eSIM in its history; the oldest is deleted."""
MOST_FLAGS: Final = 1_000
"""Flags of one account; the oldest is deleted."""


class Recipient(msgspec.Struct, frozen=True):
    """Where a traveller is and what they want. Empty fields are unknown.

    Attributes:
        country: ISO 3166-1 Alpha-2 code of the last known country.
        language: BCP 47 tag.
        choices: categories with `yes` or `no`, such as `notice=yes promotion=no`.
        open_hours: own open hours, such as `08:00-20:00`, or `always`.
        own_choices: the categories of which the traveller decided, such as `promotion`.
    """

    account_id: int
    esim_tran_no: str
    country: str = ""
    language: str = ""
    choices: str = ""
    open_hours: str = ""
    own_choices: str = ""

    @property
    def preferences(self) -> Preferences:
        """What the traveller wants."""
        return Preferences(self.language, self.choices, self.open_hours, self.own_choices)


class RecordedChange(msgspec.Struct, frozen=True):
    """A change as the history has it.

    Attributes:
        id: sorts by age.
        words_absence: why there are no words; `None` if there are, or if there never were.
    """

    id: bytes
    way: Way
    actor: str
    words: str
    differences: Differences
    at_ms: int
    words_absence: TextAbsence | None = None


class Flag(msgspec.Struct, frozen=True):
    """A text that may mean "stop": a person has to read it.

    Attributes:
        id: of the inbound message.
        words: the beginning of the text.
        words_absence: why there are no words.
    """

    id: bytes
    account_id: int
    esim_tran_no: str
    words: str
    at_ms: int
    words_absence: TextAbsence | None = None


class RecipientStore(Protocol):
    """Saves and finds recipients. `find_esim` of the catalogue returns the same facts.

    An esimTranNo that is empty names the defaults of the account, which `list_accounts` returns.
    """

    async def find_recipient(self, account_id: int, esim_tran_no: str) -> Recipient | None:
        """The recipient; `None` when nothing is known."""
        ...

    async def change_preferences(self, change: PreferenceChange) -> Differences:
        """Merge a change and record it in the history; the differences, empty if nothing changed.

        Changes of one recipient are merged one after the other. An account that keeps events gets
        `preferences.changed`, in the same transaction.
        """
        ...

    async def list_changes(
        self, account_id: int, esim_tran_no: str, *, before: bytes | None, limit: int
    ) -> list[RecordedChange]:
        """The history of a recipient, newest first."""
        ...

    async def list_flags(self, account_id: int, *, before: bytes | None, limit: int) -> list[Flag]:
        """The open flags of an account, newest first."""
        ...

    async def list_flagged(self, account_id: int) -> dict[bytes, str]:
        """The eSIM of each open flag of an account, by the id of the flag, without its words."""
        ...

    async def close_flag(self, account_id: int, flag_id: bytes) -> bool:
        """Delete a flag; whether there was one."""
        ...
