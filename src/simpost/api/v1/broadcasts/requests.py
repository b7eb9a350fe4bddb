"""Requests of /v1/broadcasts."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import (
    AfterValidator,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    model_validator,
)

from simpost.api.shared.error_messages import Matching
from simpost.api.shared.paging import Instant
from simpost.api.shared.schemas import (
    Schema,
    to_ms,
)
from simpost.api.shared.tags import Tag
from simpost.api.v1.messages.send_schema import Identifier
from simpost.api.v1.templates.fields import (
    NAMED_BY_VARIABLES,
    LanguageTag,
    TemplateName,
    check_variable_names,
)
from simpost.domain.broadcasts import (
    DEFAULT_LOCAL_NOT_AFTER_MS,
    DEFAULT_NOT_AFTER_MS,
    MAX_NAMED,
    MAX_PER_S,
    MIN_PER_S,
    Audience,
    Broadcast,
)
from simpost.domain.esims import EsimStatus
from simpost.domain.messages import Category, parse_id
from simpost.domain.prices import parse_cost

_MOST_AHEAD_MS: Final = 60 * 86_400_000
_LONGEST_MS: Final = 14 * 86_400_000
_MOST_PAST_MS: Final = 5 * 60_000
"""A start that was now when the request was made."""
_MOST_VALUES: Final = 200
_MOST_PARTS: Final = 100_000_000


def _check_category(category: Category) -> Category:
    if category is Category.CODE:
        raise ValueError("codes are sent by /v1/verifications")
    return category


def _check_printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must have visible characters and spaces only")
    return text


def _check_cost(text: str) -> str:
    if not parse_cost(text):
        raise ValueError("must be more than 0")
    return text


Country = Annotated[
    StrictStr, Matching(r"^[A-Z]{2}$", "must be an ISO 3166-1 Alpha-2 code, such as FR")
]
PlanCode = Annotated[
    StrictStr, Matching(r"^[!-{}~]{1,64}$", "must be 1 to 64 visible ASCII characters, without |")
]
LocalTime = Annotated[
    StrictStr, Matching(r"^([01][0-9]|2[0-3]):[0-5][0-9]$", "must be a time of day, such as 09:30")
]
FileId = Annotated[StrictStr, Matching(r"^[0-9a-f-]{36}$", "must be the id of a file")]
Percent = Annotated[StrictInt, Field(ge=1, le=100)]


class AudienceIn(Schema):
    """eSIMs that meet every condition: all of the account, or of those that are named."""

    plans: Annotated[list[PlanCode], Field(max_length=_MOST_VALUES)] = Field(
        default=[], description="Plan of the eSIM, as imported with it."
    )
    countries: Annotated[list[Country], Field(max_length=_MOST_VALUES)] = Field(
        default=[], description="Where the eSIM is now."
    )
    languages: Annotated[list[LanguageTag], Field(max_length=_MOST_VALUES)] = Field(
        default=[], description="Language of the traveller, as stored."
    )
    statuses: Annotated[list[EsimStatus], Field(max_length=20)] = Field(
        default=[], description="Status of the order."
    )
    tags: Annotated[list[Tag], Field(max_length=_MOST_VALUES)] = Field(
        default=[], description="Tag of the eSIM, one of them."
    )
    file: FileId | None = Field(default=None, description="Only eSIMs of this file.")
    esims: Annotated[list[Identifier], Field(max_length=MAX_NAMED)] = Field(
        default=[], description="Only these esimTranNos."
    )

    @model_validator(mode="after")
    def _check_fields(self) -> AudienceIn:
        if self.esims and self.file is not None:
            raise ValueError("give esims or file, not both")
        return self

    @property
    def audience(self) -> Audience:
        """The audience, as the service reads it."""
        return Audience(
            plans=tuple(self.plans),
            countries=tuple(self.countries),
            languages=tuple(self.languages),
            statuses=tuple(self.statuses),
            tags=tuple(self.tags),
            file=self.file or "",
            esims=tuple(dict.fromkeys(self.esims)),
        )


class BroadcastRequest(Schema):
    """What to send to whom, and when."""

    name: Annotated[
        StrictStr, Field(min_length=1, max_length=128), AfterValidator(_check_printable)
    ] = Field(description="For people; it need not be unique.")
    template: TemplateName
    values: Annotated[
        dict[str, Annotated[StrictStr, Field(max_length=200)]],
        NAMED_BY_VARIABLES,
        AfterValidator(check_variable_names),
    ] = Field(default={}, description="Values of variables of the template.")
    category: Annotated[Category, AfterValidator(_check_category)] = Category.NOTICE
    audience: AudienceIn = Field(
        default_factory=AudienceIn, description="Without conditions: all eSIMs of the account."
    )
    start_at: Instant | None = Field(
        default=None, description="When it begins, up to 60 days ahead; null: at once."
    )
    not_after: Instant | None = Field(
        default=None,
        description="When what remains is not sent any more, at most 14 days after `startAt`; "
        "null: two hours after it, with a `localTime` 26.",
    )
    local_time: LocalTime | None = Field(
        default=None,
        description="Each eSIM gets it at this time of day where it is, within a day of `startAt`, "
        "such as 10:00; null: as soon as its turn comes.",
    )
    per_second: Annotated[StrictFloat, Field(ge=MIN_PER_S, le=MAX_PER_S)] = Field(
        default=10, description="Most messages that it begins in a second; 0.5: one in two seconds."
    )
    stop_refused_percent: Percent | None = Field(
        default=50,
        description="It pauses itself when more than this share of the latest eSIMs is refused, "
        "from 50 on; null: never.",
    )
    stop_failed_percent: Percent | None = Field(
        default=50,
        description="It pauses itself when more than this share of the latest messages that "
        "carriers reported failed, from 50 on; null: never.",
    )
    stop_opted_out_percent: Percent | None = Field(
        default=5,
        description="It pauses itself when more than this share of its recipients opted out after "
        "its message, from 50 messages on; null: never.",
    )
    stop_parts: Annotated[StrictInt, Field(ge=1, le=_MOST_PARTS)] | None = Field(
        default=None,
        description="It pauses itself when it has sent this number of parts, which carriers "
        "charge; null: never.",
    )
    stop_cost: Annotated[StrictStr, AfterValidator(_check_cost)] | None = Field(
        default=None,
        description="It pauses itself when its parts cost this number of cost units, such as "
        '"25.5000"; null: never.',
    )
    actor: Annotated[StrictStr, Field(max_length=64), AfterValidator(_check_printable)] = Field(
        default="", description="Who begins it, for people."
    )
    dry_run: StrictBool = Field(
        default=False, description="Preview the decisions; store and send nothing."
    )

    def broadcast(self, account_id: int, now_ms: int) -> Broadcast:
        """The broadcast. Raises ValueError for a time that cannot be."""
        start_ms = now_ms if self.start_at is None else to_ms(self.start_at)
        if start_ms > now_ms + _MOST_AHEAD_MS:
            raise ValueError("startAt must be at most 60 days ahead")
        if start_ms < now_ms - _MOST_PAST_MS:
            raise ValueError("startAt must not be in the past")
        not_after_ms = start_ms + DEFAULT_NOT_AFTER_MS
        if self.local_time is not None:
            not_after_ms = start_ms + DEFAULT_LOCAL_NOT_AFTER_MS
        if self.not_after is not None:
            not_after_ms = to_ms(self.not_after)
        if not max(start_ms, now_ms) < not_after_ms <= start_ms + _LONGEST_MS:
            raise ValueError("notAfter must be after startAt and now, and within 14 days of it")
        return Broadcast(
            account_id=account_id,
            id=b"",
            name=self.name,
            template=self.template,
            category=self.category,
            values=self.values,
            audience=self.audience.audience,
            file_id=parse_id(self.audience.file) if self.audience.file else None,
            per_s=self.per_second,
            local_minute=_minute_of(self.local_time),
            start_ms=start_ms,
            not_after_ms=not_after_ms,
            created_ms=now_ms,
            actor=self.actor,
            stop_percent=self.stop_refused_percent,
            stop_failed_percent=self.stop_failed_percent,
            stop_opted_out_percent=self.stop_opted_out_percent,
            most_parts=self.stop_parts,
            most_cost=None if self.stop_cost is None else parse_cost(self.stop_cost),
        )


class BroadcastStep(Schema):
    """Who pauses, resumes or cancels it, for people."""

    actor: Annotated[StrictStr, Field(max_length=64), AfterValidator(_check_printable)] = ""


def _minute_of(local_time: str | None) -> int | None:
    if local_time is None:
        return None
    return 60 * int(local_time[:2]) + int(local_time[3:])
