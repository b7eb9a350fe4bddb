"""Converts settings to the values of messaging."""

from __future__ import annotations

from simpost.config import MessageSettings, Settings
from simpost.domain.conversations import ConversationRules
from simpost.domain.inbound import OwnNumbers
from simpost.domain.repeats import RepeatPolicy
from simpost.messaging.retry import RetryPolicy
from simpost.messaging.routes import Route


def repeats_of(messages: MessageSettings) -> RepeatPolicy:
    """Which categories are repeated when in doubt, and how often."""
    categories = frozenset(str(category) for category in messages.repeat_in_doubt)
    return RepeatPolicy(categories, messages.max_repeats)


def retry_policy_of(messages: MessageSettings) -> RetryPolicy:
    """When to try again, and when to fail over."""
    return RetryPolicy(repeats=repeats_of(messages), failover_s=messages.failover_after_s)


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
