"""Texts from phones that are forwarded to an eSIM, and answers to texts from handsets.

The message is committed together with its inbound message, so these only decide and reserve.
"""

from __future__ import annotations

from msgspec.structs import replace

from simpost.domain.accounts import Account
from simpost.domain.esims import Esim
from simpost.domain.messages import Category
from simpost.domain.reasons import Reason
from simpost.messaging.decision import Decision, decide
from simpost.messaging.intake import Intake
from simpost.messaging.plan import DEFAULT_SEND_OPTIONS, Refusal, SendOptions, SendPlan
from simpost.messaging.reservation import Reservation
from simpost.ports.store import NewMessage


def forward(
    intake: Intake, account: Account, esim: Esim, *, sender: str, text: str
) -> tuple[NewMessage, Reservation] | Refusal:
    """Decide a text from a phone like any other message; of policy stops and budgets apply.

    The caller commits the message together with its inbound message, inside the reservation,
    and then calls `Intake.confirm`.
    """
    now_ms = intake.clock_ms()
    category = Category.SUPPORT
    plan = decide(account, esim, text, category, intake.routing, now_ms=now_ms)
    if isinstance(plan, Refusal):
        return plan
    if intake.policy and (stopped := intake.policy.find_stop(account, esim, category)):
        return stopped
    assert isinstance(plan, SendPlan)  # it is not held: without send_at_ms and policy
    plan = _within_budgets(intake, account, esim, plan, now_ms)
    return intake.reserve(account, esim, plan, sender, _expires_ms(intake, now_ms), now_ms)


def answer(
    intake: Intake, account: Account, esim: Esim, *, sender: str, text: str
) -> tuple[NewMessage, Reservation] | Refusal:
    """Decide the answer to a text from a handset, from `sender` if the carrier allows it.

    The caller commits it as in `forward`. It counts in budgets and in no daily limit: it
    answers one text.
    """
    if not account.enabled:
        return Refusal(Reason.ACCOUNT_DISABLED)
    now_ms = intake.clock_ms()
    decision: Decision = Refusal(Reason.NO_ROUTE)
    for options in (SendOptions(sender=sender), DEFAULT_SEND_OPTIONS):
        decision = decide(
            account,
            esim,
            text,
            Category.SERVICE,
            intake.routing,
            options,
            now_ms=now_ms,
            policy=intake.policy,
        )
        if isinstance(decision, SendPlan):
            plan = _within_budgets(intake, account, esim, decision, now_ms)
            return intake.reserve(
                account, esim, plan, plan.sender, _expires_ms(intake, now_ms), now_ms
            )
    assert not isinstance(decision, SendPlan)
    return Refusal(decision.reason)


def _within_budgets(
    intake: Intake, account: Account, esim: Esim, plan: SendPlan, now_ms: int
) -> SendPlan:
    """The plan with the quotas of budgets only."""
    budgets = intake.policy.find_budgets(account, esim, plan, now_ms) if intake.policy else ()
    return plan if plan.quotas == budgets else replace(plan, quotas=budgets)


def _expires_ms(intake: Intake, now_ms: int) -> int:
    """When a message that is sent now expires, without a validity of its own."""
    return now_ms + 1000 * intake.validity_s
