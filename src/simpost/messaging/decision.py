"""The decision about a message: send, hold until a time, or refuse with a reason.

Pure: the same facts give the same decision for a request, a dry run and the release of a held
message.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final, Protocol, TypeAlias

import msgspec

from simpost.domain.accounts import Account
from simpost.domain.decision_record import NO_FACTS, DecisionRecord
from simpost.domain.esims import Esim
from simpost.domain.messages import Category
from simpost.domain.policy.budgets import budget_name, is_budget, period_end_ms
from simpost.domain.policy.quotas import Quota, QuotaReached
from simpost.domain.reasons import Reason
from simpost.domain.states import State
from simpost.errors import PolicyError
from simpost.messaging.plan import (
    DEFAULT_SEND_OPTIONS,
    LookAlikeSaving,
    Refusal,
    SendOptions,
    SendPlan,
    find_plan,
)
from simpost.messaging.routes import Routing

DAY_MS: Final = 86_400_000
LONGEST_DELAY_MS: Final = 60 * DAY_MS
"""How far ahead a message may be scheduled."""
LONGEST_LIFE_MS: Final = 30 * DAY_MS
"""How long after its sending time a message may expire."""


class Hold(msgspec.Struct, frozen=True):
    """The message is kept in the store until a time, and is decided again then.

    Attributes:
        plan: what would be sent now. The decision at release makes a new plan.
        record: what policy looked at; `None` for a scheduled message.
    """

    until_ms: int
    reason: Reason
    plan: SendPlan
    record: DecisionRecord | None = None

    @property
    def state(self) -> State:
        """`scheduled` when the caller asked for the time, `held` when policy did."""
        return State.SCHEDULED if self.reason is Reason.SCHEDULED else State.HELD


Decision: TypeAlias = SendPlan | Hold | Refusal


class Policy(Protocol):
    """The rules on how much, when and whether travellers are sent messages."""

    def describe(
        self, account: Account, esim: Esim, category: Category, now_ms: int
    ) -> DecisionRecord:
        """The facts that the rules look at."""
        ...

    def find_stop(self, account: Account, esim: Esim, category: Category) -> Refusal | None:
        """The refusal of a message that the administrator stopped; `None` if none did."""
        ...

    def find_budgets(
        self, account: Account, esim: Esim, plan: SendPlan, now_ms: int
    ) -> tuple[Quota, ...]:
        """The quotas of budgets that a plan uses, whatever its category."""
        ...

    def find_daily_limit(self, esim: Esim, category: Category, now_ms: int) -> tuple[Quota, ...]:
        """What a message uses of the daily limit of its eSIM; nothing if there is none."""
        ...

    def __call__(self, account: Account, esim: Esim, plan: SendPlan, now_ms: int) -> Decision:
        """Hold the plan at this time, refuse it, or return it with the quotas that it uses."""
        ...


def decide(
    account: Account,
    esim: Esim | None,
    text: str,
    category: Category | None,
    routing: Routing,
    options: SendOptions = DEFAULT_SEND_OPTIONS,
    *,
    now_ms: int,
    send_at_ms: int | None = None,
    expires_at_ms: int | None = None,
    policy: Policy | None = None,
) -> Decision:
    """Send, hold or refuse: by eSIM, plan and profile, text and route, time and policy.

    A scheduled message is refused now if it could not be sent now, or is stopped. The rest of
    policy applies at release, when there is no `send_at_ms`. Raises PolicyError.
    """
    plan = find_plan(account, esim, text, category, routing, options)
    if isinstance(plan, Refusal) or esim is None:
        return plan
    decision: Decision
    if policy and (stopped := policy.find_stop(account, esim, plan.category)):
        decision = stopped
    else:
        if send_at_ms is None:
            decision = policy(account, esim, plan, now_ms) if policy else plan
            if not isinstance(decision, (SendPlan, Hold, Refusal)):
                raise _no_decision(policy, decision)
        else:
            decision = _schedule(plan, send_at_ms, now_ms)
        if expires_at_ms is not None:
            decision = _limit(decision, expires_at_ms, now_ms)
    return decision if plan.saving is None else _with_saving(decision, plan.saving)


def _with_saving(decision: Decision, saving: LookAlikeSaving) -> Decision:
    """The decision with a record of what look-alikes would save."""
    record = msgspec.structs.replace(
        decision.record or NO_FACTS, cheaper_parts=saving.parts, replaceable=saving.characters
    )
    return msgspec.structs.replace(decision, record=record)


def quota_refusal(reached: QuotaReached, record: DecisionRecord | None = None) -> Refusal:
    """The refusal of a message by a quota that is reached."""
    quota = reached.quota
    if not is_budget(quota.counter):
        return Refusal(quota.reason, reached.detail, record)
    until_ms = period_end_ms(quota.period)
    return Refusal(quota.reason, reached.detail, record, budget_name(quota.counter), until_ms)


def _no_decision(policy: object, returned: object) -> PolicyError:
    """A rule that forgets to return must not look like a permission."""
    return PolicyError(
        f"{type(policy).__name__} returned {type(returned).__name__}, "
        "and must return a SendPlan, a Hold or a Refusal."
    )


def _limit(decision: Decision, expires_at_ms: int, now_ms: int) -> Decision:
    """The decision about a message that the caller lets expire at this time."""
    if expires_at_ms <= now_ms:
        ago_s = (now_ms - expires_at_ms) / 1000
        return Refusal(Reason.EXPIRES_AT_PASSED, f"It was {ago_s:.3f} s ago.")
    start_ms = now_ms
    if isinstance(decision, Hold):
        is_scheduled = decision.state is State.SCHEDULED
        if decision.until_ms >= expires_at_ms:
            if is_scheduled:
                return Refusal(Reason.EXPIRES_BEFORE_SEND_AT)
            return Refusal(
                Reason.EXPIRES_IN_QUIET_HOURS,
                f"Held until {format_time(decision.until_ms)}.",
                decision.record,
            )
        start_ms = decision.until_ms if is_scheduled else now_ms
    if expires_at_ms - start_ms > LONGEST_LIFE_MS:
        days = (expires_at_ms - start_ms) / DAY_MS
        return Refusal(Reason.EXPIRES_AT_TOO_FAR, f"It is {days:.1f} days later.")
    return decision


def format_time(time_ms: int) -> str:
    """RFC 3339 in UTC, in whole seconds."""
    return datetime.fromtimestamp(time_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _schedule(plan: SendPlan, send_at_ms: int, now_ms: int) -> Hold | Refusal:
    ahead_ms = send_at_ms - now_ms
    if ahead_ms <= 0:
        return Refusal(Reason.SEND_AT_PASSED, f"It was {-ahead_ms / 1000:.3f} s ago.")
    if ahead_ms > LONGEST_DELAY_MS:
        return Refusal(Reason.SEND_AT_TOO_FAR, f"It is {ahead_ms / DAY_MS:.1f} days ahead.")
    return Hold(send_at_ms, Reason.SCHEDULED, plan)
