"""Converts settings to the values of messaging."""

from __future__ import annotations

from simpost.config import Settings
from simpost.domain.conversations import ConversationRules
from simpost.domain.inbound import OwnNumbers
from simpost.domain.repeats import RepeatPolicy
from simpost.messaging.retry import RetryPolicy
from simpost.messaging.routes import Route


def repeats_of(settings: Settings) -> RepeatPolicy:
    """Which categories are repeated when in doubt, how often, and by which carriers not."""
    messages = settings.messages
    unsafe = frozenset(each.name for each in settings.carriers if not each.repeats_are_safe)
    categories = frozenset(str(category) for category in messages.repeat_in_doubt)
    return RepeatPolicy(categories, messages.max_repeats, unsafe_carriers=unsafe)


def retry_policy_of(settings: Settings) -> RetryPolicy:
    """When to try again, and when to fail over."""
    failover_s = settings.messages.failover_after_s
    return RetryPolicy(repeats=repeats_of(settings), failover_s=failover_s)


def routes_of(settings: Settings) -> tuple[Route, ...]:
    """The routes, in the order of the file."""
    return tuple(
        Route(
            carriers=route.order,
            msisdn_prefix=route.msisdn_prefix,
            imsi_prefix=route.imsi_prefix,
            plan=route.plan,
            account=route.account,
        )
        for route in settings.routes
    )


def conversation_rules_of(settings: Settings) -> ConversationRules:
    """How long conversations go on, and when a first reply is due."""
    return ConversationRules(
        reopen_ms=settings.conversations.reopen_hours * 3_600_000,
        first_reply_ms=settings.conversations.first_reply_minutes * 60_000,
    )


def numbers_of(settings: Settings) -> OwnNumbers:
    """The numbers people can send to, and every sender that our messages may have."""
    senders = {carrier.default_sender for carrier in settings.carriers}
    senders = senders.union(*(carrier.other_senders for carrier in settings.carriers)) - {"*"}
    return OwnNumbers({each.number: each.account for each in settings.numbers}, senders)
