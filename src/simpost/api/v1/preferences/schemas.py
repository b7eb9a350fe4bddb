"""JSON of preferences, their history and flags."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from pydantic import AfterValidator, Field, StrictBool, StrictStr, WithJsonSchema

from simpost.api.shared.error_messages import Matching
from simpost.api.shared.schemas import Schema, Time, format_time
from simpost.domain.messages import Category, format_id
from simpost.domain.policy.preference_changes import Way
from simpost.domain.policy.preferences import REFUSABLE, DecidedBy, parse_choices
from simpost.domain.policy.window_text import parse_windows
from simpost.domain.texts import TextAbsence
from simpost.features.preferences.service import CurrentPreferences, WantedChange
from simpost.ports.store.recipients import Flag, RecordedChange

_TIME = "(?:[01][0-9]|2[0-3]):[0-5][0-9]"


def _check_hours(text: str) -> str:
    parse_windows(text)
    return text


Language = Annotated[
    StrictStr,
    Matching(
        r"^[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8}){0,3}$", "must be a BCP 47 tag such as fr or pt-BR"
    ),
]
OpenHours = Annotated[
    StrictStr,
    Field(max_length=200),
    AfterValidator(_check_hours),
    WithJsonSchema({"type": "string", "pattern": rf"^(always|{_TIME}-{_TIME})$"}),
]
Words = Annotated[StrictStr, Field(max_length=500, json_schema_extra={"pattern": "^[^\\x00]*$"})]
Actor = Annotated[
    StrictStr, Matching(r"^[^\x00-\x1f\x7f]{0,64}$", "must be up to 64 printable characters")
]


class CategoryChoices(Schema):
    """Whether each category is wanted. null removes the choice; the default counts again."""

    service: StrictBool | None = None
    support: StrictBool | None = None
    notice: StrictBool | None = None
    promotion: StrictBool | None = None

    @property
    def given(self) -> dict[Category, bool | None]:
        """The choices that the request names."""
        return {Category(name): getattr(self, name) for name in sorted(self.model_fields_set)}


class DefaultPreferencesPatch(Schema):
    """Absent fields stay as they are; null removes a value, so that everything is allowed again.

    `way` says how the wish arrived, `changedBy` who enters it, `words` what was said.
    """

    categories: CategoryChoices | None = None
    open_hours: OpenHours | None = None
    way: Literal["api", "cli"] = "api"
    changed_by: Actor | None = None
    words: Words | None = None

    def wanted(self, actor: str) -> WantedChange:
        """The change, by `actor` if the request names nobody."""
        given = self.model_fields_set
        return WantedChange(
            way=Way(self.way),
            choices=self.categories.given if self.categories else {},
            open_hours=(self.open_hours or "") if "open_hours" in given else None,
            actor=self.changed_by or actor,
            words=self.words or "",
        )


class PreferencesPatch(DefaultPreferencesPatch):
    """Absent fields stay as they are; null removes a value, so that the default counts again.

    `way` says how the wish arrived, `changedBy` who enters it, `words` what the traveller said.
    """

    language: Language | None = None

    def wanted(self, actor: str) -> WantedChange:
        """The change, by `actor` if the request names nobody."""
        found = super().wanted(actor)
        if "language" not in self.model_fields_set:
            return found
        return msgspec.structs.replace(found, language=self.language or "")


class CategoryPreference(Schema):
    """Whether messages of a category are sent.

    `chosen` is the choice made here, null without one. `byTraveller`: the traveller made it, by a
    text or a link.
    """

    category: Category
    allowed: bool
    decided_by: DecidedBy
    chosen: bool | None
    by_traveller: bool


class PreferencesOut(Schema):
    """The preferences in effect; `esimTranNo` is null for the defaults of the account.

    `language` is a BCP 47 tag: of the eSIM, else of the account. `openHours` are local hours in
    which notices and promotions may arrive, such as `08:00-20:00`, or `always`; null: as the
    country has them. `optOutUrl` is the page on which the traveller chooses; null for the account,
    and without `server.public_url`.
    """

    esim_tran_no: str | None
    categories: list[CategoryPreference]
    language: str | None
    open_hours: str | None
    opt_out_url: str | None


class PreferenceChangeOut(Schema):
    """A change. `differences` has `from` and `to` by category, `language` or `openHours`."""

    id: str
    way: Way
    changed_by: str | None
    words: str | None
    words_absence: TextAbsence | None
    differences: dict[str, dict[str, Any]]
    changed_at: Time


class PreferenceHistory(Schema):
    """Newest first; `next` is the cursor of the next page, null at the end."""

    changes: list[PreferenceChangeOut]
    next: str | None


class FlagOut(Schema):
    """A text that may mean "stop". `id` is that of the inbound message.

    `wordsAbsence` says why the words are not shown: `redacted`, `forgotten`, `key_missing` or
    `damaged`.
    """

    id: str
    esim_tran_no: str
    words: str | None
    words_absence: TextAbsence | None
    received_at: Time


class ClosedFlag(Schema):
    """The flag is closed."""

    id: str


class FlagPage(Schema):
    """Newest first; `next` is the cursor of the next page, null at the end."""

    flags: list[FlagOut]
    next: str | None


def show_preferences(
    found: CurrentPreferences, esim_tran_no: str | None, url: str | None
) -> PreferencesOut:
    """The preferences as JSON shows them."""
    chosen = parse_choices(found.own.choices)
    own = found.own.own_choices.split()
    return PreferencesOut(
        esim_tran_no=esim_tran_no,
        categories=[
            CategoryPreference(
                category=category,
                allowed=allowance.allowed,
                decided_by=allowance.decided_by,
                chosen=chosen.get(category) if category in REFUSABLE else None,
                by_traveller=category in own,
            )
            for category, allowance in found.allowances.items()
        ],
        language=found.language or None,
        open_hours=found.open_hours or None,
        opt_out_url=url,
    )


def show_change(change: RecordedChange) -> PreferenceChangeOut:
    """One change of the history."""
    return PreferenceChangeOut(
        id=format_id(change.id),
        way=change.way,
        changed_by=change.actor or None,
        words=change.words or None,
        words_absence=change.words_absence,
        differences=dict(change.differences),
        changed_at=format_time(change.at_ms),
    )


def show_flag(flag: Flag) -> FlagOut:
    """One flag."""
    return FlagOut(
        id=format_id(flag.id),
        esim_tran_no=flag.esim_tran_no,
        words=None if flag.words_absence else flag.words,
        words_absence=flag.words_absence,
        received_at=format_time(flag.at_ms),
    )
