"""Changes of preferences: how one is merged into what is known, and what is recorded of it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, TypeAlias

import msgspec

from simpost.domain.messages import Category
from simpost.domain.policy.preferences import format_choices, parse_choices


class Way(StrEnum):
    """The way by which a change arrived."""

    API = "api"
    CLI = "cli"
    IMPORT = "import"
    HANDSET = "handset"
    """A text such as STOP."""
    LINK = "link"
    """The page behind a link in a message."""

    @property
    def is_own(self) -> bool:
        """Whether it is the traveller who chooses."""
        return self in (Way.HANDSET, Way.LINK)


DEFAULTS: Final = ""
"""In place of an esimTranNo: the defaults of the account."""


class PreferenceChange(msgspec.Struct, frozen=True):
    """A wanted change. What it does not name stays as it is.

    Attributes:
        id: a UUIDv7, which identifies the change in the history.
        choices: `None` removes the choice, so that the default counts again.
        language, open_hours: empty removes them.
        actor: who changed it, as the caller says; empty for the traveller.
        words: what the traveller said.
    """

    id: bytes
    account_id: int
    esim_tran_no: str
    way: Way
    at_ms: int
    choices: Mapping[Category, bool | None] = {}
    language: str | None = None
    open_hours: str | None = None
    actor: str = ""
    words: str = ""


class Preferences(msgspec.Struct, frozen=True):
    """What a traveller wants; of an account, the defaults for its eSIMs.

    Attributes:
        choices: such as `notice=yes promotion=no`.
        own_choices: the categories of which the traveller decided, such as `promotion`.
    """

    language: str = ""
    choices: str = ""
    open_hours: str = ""
    own_choices: str = ""


Value: TypeAlias = bool | str | None
Differences: TypeAlias = dict[str, dict[str, Value]]
"""`from` and `to` by category, `language` or `openHours`, as APIs and events show them."""


def merge(known: Preferences, change: PreferenceChange) -> tuple[Preferences, Differences]:
    """The preferences after a change, and the differences; empty when nothing is to be recorded.

    A choice that the traveller confirms is recorded although its value stays. An import leaves the
    choices of the traveller as they are.
    """
    choices = dict(parse_choices(known.choices))
    own = set(known.own_choices.split())
    differences: Differences = {}
    for category, wanted in change.choices.items():
        before = choices.get(category)
        is_own = category in own
        if change.way is Way.IMPORT and is_own:
            continue
        if before == wanted and (is_own or not change.way.is_own):
            continue
        differences[category.value] = {"from": before, "to": wanted}
        choices.pop(category, None)
        own.discard(category)
        if wanted is not None:
            choices[category] = wanted
            if change.way.is_own:
                own.add(category)
    language = _changed("language", known.language, change.language, differences)
    open_hours = _changed("openHours", known.open_hours, change.open_hours, differences)
    after = Preferences(language, format_choices(choices), open_hours, " ".join(sorted(own)))
    return after, differences


def _changed(name: str, known: str, wanted: str | None, differences: Differences) -> str:
    if wanted is None or wanted == known:
        return known
    differences[name] = {"from": known or None, "to": wanted or None}
    return wanted
