"""From settings to the values that messaging works by."""

from __future__ import annotations

from simpost.config import MessageSettings, Settings
from simpost.domain.inbound import OwnNumbers
from simpost.domain.repeats import RepeatPolicy
from simpost.messaging.retry import RetryPolicy
from simpost.messaging.routes import Route


def repeats_of(messages: MessageSettings) -> RepeatPolicy:
    """Which categories are sent again when in doubt, and how often."""
    categories = frozenset(str(category) for category in messages.repeat_in_doubt)
    return RepeatPolicy(categories, messages.max_repeats)


def retry_policy_of(messages: MessageSettings) -> RetryPolicy:
    return RetryPolicy(repeats=repeats_of(messages), failover_s=messages.failover_after_s)


def routes_of(settings: Settings) -> tuple[Route, ...]:
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


def numbers_of(settings: Settings) -> OwnNumbers:
    """Every number and name that what we send may come from, and those people text to."""
    senders = {carrier.source_address for carrier in settings.carriers}
    senders = senders.union(*(carrier.senders for carrier in settings.carriers)) - {"*"}
    return OwnNumbers({each.number: each.account for each in settings.numbers}, senders)
