"""Requests and responses of /v1/automations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field, StrictBool, StrictInt, StrictStr, model_validator

from simpost.api.shared.error_messages import Matching
from simpost.api.shared.schemas import (
    ReasonDetail,
    Schema,
    Time,
    format_time,
    reason_detail,
    show_time,
)
from simpost.api.v1.templates.fields import NAMED_BY_VARIABLES, TemplateName, check_variable_names
from simpost.domain.automations import (
    DEFAULT_NOT_AFTER_S,
    GIVEN_VARIABLES,
    MAX_DELAY_S,
    MAX_NOT_AFTER_S,
    Automation,
    Run,
    RunState,
)
from simpost.domain.lifecycle import Transition
from simpost.domain.messages import Category, format_id
from simpost.domain.reasons import Reason
from simpost.features.automations.service import AutomationPreview

MAX_DAYS = 31

AutomationName = Annotated[
    StrictStr,
    Matching(
        r"^[a-z0-9][a-z0-9._-]{0,63}$",
        "must be up to 64 lowercase letters, digits, dots, underscores and hyphens",
    ),
]


def _check_values(values: dict[str, str]) -> dict[str, str]:
    given = GIVEN_VARIABLES.intersection(values)
    if given:
        raise ValueError(f"must not name {min(given)}: it comes from the transition")
    return values


TextValues = Annotated[
    dict[str, Annotated[StrictStr, Field(max_length=200)]],
    NAMED_BY_VARIABLES,
    AfterValidator(check_variable_names),
    AfterValidator(_check_values),
]


class AutomationRequest(Schema):
    """What to send when an eSIM makes a transition: all fields, also of a change."""

    trigger: Transition
    template: TemplateName
    category: Category = Category.SERVICE
    values: TextValues = Field(
        default={},
        description="Values of variables of the template. `country` and `percent` come from the "
        "transition.",
    )
    delay_seconds: Annotated[StrictInt, Field(ge=0, le=MAX_DELAY_S)] = Field(
        default=0, description="From the transition until the message is sent."
    )
    not_after_seconds: Annotated[StrictInt, Field(ge=60, le=MAX_NOT_AFTER_S)] = Field(
        default=DEFAULT_NOT_AFTER_S,
        description="From the transition. What could not be sent by then is not sent.",
    )
    enabled: StrictBool = Field(default=False, description="Whether transitions start it.")

    @model_validator(mode="after")
    def _check_times(self) -> AutomationRequest:
        if self.delay_seconds >= self.not_after_seconds:
            raise ValueError(
                "notAfterSeconds must be more than delaySeconds: a message would always be too late"
            )
        return self

    def automation(self, account_id: int, name: str, now_ms: int) -> Automation:
        """The automation of this name."""
        return Automation(
            account_id=account_id,
            name=name,
            trigger=self.trigger,
            template=self.template,
            category=self.category,
            values=self.values,
            delay_s=self.delay_seconds,
            not_after_s=self.not_after_seconds,
            enabled=self.enabled,
            changed_ms=now_ms,
        )


class AutomationOut(Schema):
    """An automation."""

    name: str
    trigger: Transition
    template: str
    category: Category
    values: Annotated[dict[str, str], NAMED_BY_VARIABLES]
    delay_seconds: int
    not_after_seconds: int
    enabled: bool
    changed_at: Time


class RunCounts(Schema):
    """Runs by state."""

    waiting: int
    accepted: int
    refused: int
    too_late: int
    switched_off: int
    cancelled: int


class AutomationDetail(AutomationOut):
    """An automation with the counts of its runs."""

    runs: RunCounts


class AutomationList(Schema):
    """All automations of the account, by name."""

    automations: list[AutomationOut]


class DeletedAutomation(Schema):
    """The automation that is gone; its runs stay."""

    name: str


class RunOut(Schema):
    """What became of an automation for one transition. `at` is when that happened."""

    id: str
    esim_tran_no: str
    transition: Transition
    country: str | None
    state: RunState
    reason: ReasonDetail | None
    message_id: str | None
    at: Time
    due_at: Time
    ended_at: Time | None


class RunPage(Schema):
    """Newest first; `next` is the cursor of the next page, null at the end."""

    runs: list[RunOut]
    next: str | None


class AutomationPreviewRequest(Schema):
    """The past transitions to decide."""

    days: Annotated[StrictInt, Field(ge=1, le=MAX_DAYS)] = Field(
        default=7, description="How many days back."
    )


class RefusalCount(Schema):
    """How often a reason would have refused."""

    reason: ReasonDetail
    count: int


class SampleOut(Schema):
    """A text that would have been sent."""

    esim_tran_no: str
    at: Time
    text: str


class AutomationPreviewOut(Schema):
    """What the automation would do with past transitions, decided as if they happened now.

    `isCut`: there were more than 1,000; only the first 1,000 were decided.
    """

    transitions: int
    sends: int
    holds: int
    refusals: list[RefusalCount]
    samples: list[SampleOut]
    is_cut: bool


def show_automation(automation: Automation) -> AutomationOut:
    """The automation as JSON shows it."""
    return AutomationOut(
        name=automation.name,
        trigger=automation.trigger,
        template=automation.template,
        category=automation.category,
        values=automation.values,
        delay_seconds=automation.delay_s,
        not_after_seconds=automation.not_after_s,
        enabled=automation.enabled,
        changed_at=format_time(automation.changed_ms),
    )


def show_detail(automation: Automation, counts: Mapping[RunState, int]) -> AutomationDetail:
    """The automation with the counts of its runs."""
    runs = RunCounts(**{state.value: counts.get(state, 0) for state in RunState})
    return AutomationDetail(**dict(show_automation(automation)), runs=runs)


def show_run(run: Run) -> RunOut:
    """The run as JSON shows it."""
    return RunOut(
        id=format_id(run.id),
        esim_tran_no=run.esim_tran_no,
        transition=run.transition,
        country=run.country or None,
        state=run.state,
        reason=reason_detail(Reason(run.reason)) if run.reason else None,
        message_id=format_id(run.message_id) if run.message_id else None,
        at=format_time(run.at_ms),
        due_at=format_time(run.due_ms),
        ended_at=show_time(run.ended_ms),
    )


def show_preview(preview: AutomationPreview) -> AutomationPreviewOut:
    """The preview as JSON shows it, the most frequent refusal first."""
    by_count = sorted(preview.refusals.items(), key=lambda each: -each[1])
    return AutomationPreviewOut(
        transitions=preview.transitions,
        sends=preview.sends,
        holds=preview.holds,
        refusals=[
            RefusalCount(reason=reason_detail(reason), count=count) for reason, count in by_count
        ],
        samples=[
            SampleOut(esim_tran_no=each.esim_tran_no, at=format_time(each.at_ms), text=each.text)
            for each in preview.samples
        ],
        is_cut=preview.is_cut,
    )
