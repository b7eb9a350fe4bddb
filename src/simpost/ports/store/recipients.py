"""Recipients: what is known of the traveller behind an eSIM."""

from __future__ import annotations

from typing import Protocol

import msgspec


class Recipient(msgspec.Struct, frozen=True):
    """Where a traveller is and what they want. Empty fields are unknown.

    Attributes:
        country: ISO 3166-1 Alpha-2 code of the last known country.
        language: BCP 47 tag.
        choices: categories with `yes` or `no`, such as `notice=yes promotion=no`.
        open_hours: own open hours, such as `08:00-20:00`, or `always`.
    """

    account_id: int
    esim_tran_no: str
    country: str = ""
    language: str = ""
    choices: str = ""
    open_hours: str = ""


class RecipientStore(Protocol):
    """Saves and finds recipients. `find_esim` of the catalogue returns the same facts."""

    async def find_recipient(self, account_id: int, esim_tran_no: str) -> Recipient | None:
        """The recipient; `None` when nothing is known."""
        ...

    async def save_recipient(self, recipient: Recipient) -> None:
        """Insert or replace."""
        ...
