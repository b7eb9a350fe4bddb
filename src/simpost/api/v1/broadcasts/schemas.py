"""Requests and responses of /v1/broadcasts."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import AfterValidator, Field, StrictBool, StrictInt, StrictStr, model_validator

from simpost.api.shared.error_messages import Matching
from simpost.api.shared.paging import Instant, PageQuery
from simpost.api.shared.schemas import (
    ReasonDetail,
    Schema,
    Time,
    format_time,
    reason_detail,
    show_time,
    to_ms,
)
from simpost.api.v1.messages.send_schema import Identifier
from simpost.api.v1.templates.fields import (
    NAMED_BY_VARIABLES,
    LanguageTag,
    TemplateName,
    check_variable_names,
)
from simpost.domain.broadcasts import (
    DEFAULT_NOT_AFTER_MS,
    MAX_NAMED,
    MAX_PER_S,
    Audience,
    Broadcast,
    BroadcastStatus,
    PauseReason,
    RecipientResult,
    RecipientState,
    sentence,
)
from simpost.domain.esims import EsimStatus
from simpost.domain.messages import Category, format_id
from simpost.domain.reasons import Reason
from simpost.features.broadcasts.service import BroadcastPreview

_MOST_AHEAD_MS: Final = 60 * 86_400_000
_LONGEST_MS: Final = 14 * 86_400_000
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


Country = Annotated[
    StrictStr, Matching(r"^[A-Z]{2}$", "must be an ISO 3166-1 Alpha-2 code, such as FR")
]
PlanCode = Annotated[
    StrictStr, Matching(r"^[!-{}~]{1,64}$", "must be 1 to 64 visible ASCII characters, without |")
]


class AudienceIn(Schema):
    """eSIMs that meet every condition, or those that are named one by one."""

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
    esims: Annotated[list[Identifier], Field(max_length=MAX_NAMED)] = Field(
        default=[], description="esimTranNos, instead of conditions."
    )

    @model_validator(mode="after")
    def _check_fields(self) -> AudienceIn:
        conditions = (self.plans, self.countries, self.languages, self.statuses)
        if self.esims and any(conditions):
            raise ValueError("give conditions or esims")
        return self

    @property
    def audience(self) -> Audience:
        """The audience, as the service reads it."""
        return Audience(
            plans=tuple(self.plans),
            countries=tuple(self.countries),
            languages=tuple(self.languages),
            statuses=tuple(self.statuses),
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
        "null: two hours after it.",
    )
    per_second: Annotated[StrictInt, Field(ge=1, le=MAX_PER_S)] = Field(
        default=10, description="Most messages that it begins in a second."
    )
    stop_refused_percent: Annotated[StrictInt, Field(ge=1, le=100)] | None = Field(
        default=50,
        description="It pauses itself when more than this share is refused, from 50 decided eSIMs "
        "on; null: never.",
    )
    stop_parts: Annotated[StrictInt, Field(ge=1, le=_MOST_PARTS)] | None = Field(
        default=None,
        description="It pauses itself when it has sent this number of parts; null: never.",
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
        not_after_ms = start_ms + DEFAULT_NOT_AFTER_MS
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
            per_s=self.per_second,
            start_ms=start_ms,
            not_after_ms=not_after_ms,
            created_ms=now_ms,
            actor=self.actor,
            stop_percent=self.stop_refused_percent,
            most_parts=self.stop_parts,
        )


class AudienceOut(Schema):
    """The audience, as it was given."""

    plans: list[str]
    countries: list[str]
    languages: list[str]
    statuses: list[str]
    esims: list[str]


class BroadcastStep(Schema):
    """Who pauses, resumes or cancels it, for people."""

    actor: Annotated[StrictStr, Field(max_length=64), AfterValidator(_check_printable)] = ""


class BroadcastCounts(Schema):
    """`accepted`, `held`, `refused`, `cancelled` and `remaining` add up to `total`."""

    total: int
    accepted: int
    held: int
    refused: int
    cancelled: int
    remaining: int


class BroadcastOut(Schema):
    """`explanation` says what the status means, why, and what happens next."""

    id: str
    name: str
    status: BroadcastStatus
    explanation: str
    pause_reason: PauseReason | None
    actor: str
    template: str
    category: Category
    audience: AudienceOut
    counts: BroadcastCounts
    parts: int
    per_second: int
    stop_refused_percent: int | None
    stop_parts: int | None
    start_at: Time
    not_after: Time
    created_at: Time
    ended_at: Time | None


class BroadcastPage(Schema):
    """Newest first; `next` is the cursor of the next page, null at the end."""

    broadcasts: list[BroadcastOut]
    next: str | None


class RecipientOut(Schema):
    """What became of one eSIM; the state of its message is in the log."""

    esim_tran_no: str
    state: RecipientState
    message_id: str | None
    reason: ReasonDetail | None


class RecipientQuery(Schema):
    """`after` is the last eSIM of the page before."""

    after: Identifier | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class RecipientPage(Schema):
    """In the order of `esimTranNo`; `next` is the `after` of the next page, null at the end."""

    recipients: list[RecipientOut]
    next: str | None


class RefusedCount(Schema):
    """How often a reason would refuse."""

    reason: ReasonDetail
    count: int


class LanguageSampleOut(Schema):
    """The text of one language, as the first eSIM with it would get it."""

    language: str
    esim_tran_no: str
    text: str


class BroadcastPreviewOut(Schema):
    """What the broadcast would do now. Of `total` eSIMs the first 500 are decided."""

    total: int
    decided: int
    sends: int
    holds: int
    refusals: list[RefusedCount]
    parts: int
    samples: list[LanguageSampleOut]


class BroadcastQuery(PageQuery):
    """A page of broadcasts."""


def show_broadcast(broadcast: Broadcast) -> BroadcastOut:
    """The broadcast as JSON shows it."""
    one, audience = broadcast, broadcast.audience
    return BroadcastOut(
        id=format_id(one.id),
        name=one.name,
        status=one.status,
        explanation=sentence(one),
        pause_reason=one.pause_reason,
        actor=one.actor,
        template=one.template,
        category=one.category,
        audience=AudienceOut(
            plans=list(audience.plans),
            countries=list(audience.countries),
            languages=list(audience.languages),
            statuses=list(audience.statuses),
            esims=list(audience.esims),
        ),
        counts=BroadcastCounts(
            total=one.total,
            accepted=one.accepted,
            held=one.held,
            refused=one.refused,
            cancelled=one.cancelled,
            remaining=one.remaining,
        ),
        parts=one.parts,
        per_second=one.per_s,
        stop_refused_percent=one.stop_percent,
        stop_parts=one.most_parts,
        start_at=format_time(one.start_ms),
        not_after=format_time(one.not_after_ms),
        created_at=format_time(one.created_ms),
        ended_at=show_time(one.ended_ms),
    )


def show_recipient(result: RecipientResult) -> RecipientOut:
    """The recipient as JSON shows it."""
    return RecipientOut(
        esim_tran_no=result.esim_tran_no,
        state=result.state,
        message_id=format_id(result.message_id) if result.message_id else None,
        reason=reason_detail(Reason(result.reason)) if result.reason else None,
    )


def show_preview(preview: BroadcastPreview) -> BroadcastPreviewOut:
    """The preview as JSON shows it, the most frequent refusal first."""
    by_count = sorted(preview.refusals.items(), key=lambda each: -each[1])
    return BroadcastPreviewOut(
        total=preview.total,
        decided=preview.decided,
        sends=preview.sends,
        holds=preview.holds,
        refusals=[
            RefusedCount(reason=reason_detail(reason), count=count) for reason, count in by_count
        ],
        parts=preview.parts,
        samples=[
            LanguageSampleOut(
                language=each.language, esim_tran_no=each.esim_tran_no, text=each.text
            )
            for each in preview.samples
        ],
    )
