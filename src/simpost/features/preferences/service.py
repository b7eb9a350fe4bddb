"""Shows and changes the preferences of eSIMs, and the defaults of accounts."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from simpost.domain.accounts import Account
from simpost.domain.messages import Category
from simpost.domain.policy.preference_changes import (
    DEFAULTS,
    Differences,
    PreferenceChange,
    Preferences,
    Way,
)
from simpost.domain.policy.preferences import Allowance, find_allowance
from simpost.errors import UnknownEsim
from simpost.messaging.accounts import Accounts
from simpost.ports.store import Store
from simpost.runtime.clock import Clock


class CurrentPreferences(msgspec.Struct, frozen=True):
    """The preferences that are in effect.

    Attributes:
        own: what is chosen for the eSIM, without the defaults of the account.
    """

    own: Preferences
    allowances: Mapping[Category, Allowance]
    language: str
    open_hours: str


class WantedChange(msgspec.Struct, frozen=True):
    """What a caller wants to change; see `PreferenceChange`."""

    way: Way
    choices: Mapping[Category, bool | None] = {}
    language: str | None = None
    open_hours: str | None = None
    actor: str = ""
    words: str = ""


class PreferenceService:
    """The use cases of the API, the import and the page behind links."""

    def __init__(
        self, store: Store, accounts: Accounts, *, new_id: Callable[[], bytes], clock_ms: Clock
    ) -> None:
        self._recipients = store.recipients
        self._catalogue = store.catalogue
        self._accounts = accounts
        self._new_id = new_id
        self._clock_ms = clock_ms

    async def find(self, account: Account, esim_tran_no: str) -> CurrentPreferences:
        """The preferences of an eSIM; the account's own with DEFAULTS. Raises UnknownEsim."""
        await self.check_esim(account, esim_tran_no)
        found = await self._recipients.find_recipient(account.id, esim_tran_no)
        defaults = await self._recipients.find_recipient(account.id, DEFAULTS)
        own = found.preferences if found else Preferences()
        default = defaults.preferences if defaults else Preferences()
        choices = own.choices if esim_tran_no != DEFAULTS else ""
        return CurrentPreferences(
            own=own,
            allowances={
                category: find_allowance(category, choices, default.choices)
                for category in Category
            },
            language=own.language or account.language,
            open_hours=own.open_hours or default.open_hours,
        )

    async def change(
        self, account: Account, esim_tran_no: str, wanted: WantedChange
    ) -> Differences:
        """Change and record; the differences. Raises UnknownEsim or StoreError."""
        await self.check_esim(account, esim_tran_no)
        differences = await self._recipients.change_preferences(
            PreferenceChange(
                id=self._new_id(),
                account_id=account.id,
                esim_tran_no=esim_tran_no,
                way=wanted.way,
                at_ms=self._clock_ms(),
                choices=wanted.choices,
                language=wanted.language,
                open_hours=wanted.open_hours,
                actor=wanted.actor,
                words=wanted.words,
            )
        )
        if differences and esim_tran_no == DEFAULTS:
            await self._accounts.reload()
        return differences

    async def check_esim(self, account: Account, esim_tran_no: str) -> None:
        """Raise UnknownEsim unless the account has the eSIM; DEFAULTS names no eSIM."""
        if esim_tran_no == DEFAULTS:
            return
        found = await self._catalogue.find_esim(account.id, esim_tran_no=esim_tran_no, iccid=None)
        if found is None:
            raise UnknownEsim
