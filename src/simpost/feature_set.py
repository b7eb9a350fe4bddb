"""Builds the features; `app.py` builds what they need."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from simpost.config import Settings
from simpost.features.automations.service import Automations
from simpost.features.broadcasts.service import Broadcasts
from simpost.features.bulk_jobs.service import BulkJobs
from simpost.features.console_users.service import ConsoleUsers
from simpost.features.conversations.service import Conversations
from simpost.features.lifecycle.service import Lifecycle
from simpost.features.lifecycle.sources import LifecycleSources
from simpost.features.mcp_access.service import McpAccess
from simpost.features.message_counts.service import MessageCounts
from simpost.features.preferences.links import OptOutLinks
from simpost.features.templates.recipient_texts import RecipientTexts
from simpost.features.templates.service import Templates
from simpost.features.verifications.service import Verifications
from simpost.messaging.accounts import Accounts
from simpost.messaging.from_settings import conversation_rules_of
from simpost.messaging.intake import Intake
from simpost.messaging.policy.stops import Stops
from simpost.ports.store import Store
from simpost.runtime.clock import Clock


@dataclass(frozen=True, slots=True)
class FeatureParts:
    """What features are built from.

    Attributes:
        is_leader: whether this node runs the jobs that only one node may run.
        may_lead_sends: the same for jobs that send: not if the store is an unconfirmed copy.
    """

    settings: Settings
    store: Store
    accounts: Accounts
    intake: Intake
    stops: Stops
    opt_out_links: OptOutLinks
    new_id: Callable[[], bytes]
    clock_ms: Clock
    is_leader: Callable[[], bool]
    may_lead_sends: Callable[[], bool]


class FeatureSet(NamedTuple):
    """The features, in the order in which they apply new settings."""

    verifications: Verifications
    lifecycle: Lifecycle
    conversations: Conversations
    automations: Automations
    broadcasts: Broadcasts
    bulk_jobs: BulkJobs
    console_users: ConsoleUsers
    message_counts: MessageCounts
    mcp_access: McpAccess


def build_features(parts: FeatureParts) -> FeatureSet:
    """The features of a process; nothing runs yet."""
    return FeatureSet(
        _verifications(parts),
        _lifecycle(parts),
        _conversations(parts),
        _automations(parts),
        _broadcasts(parts),
        _bulk_jobs(parts),
        _console_users(parts),
        _message_counts(parts),
        _mcp_access(parts),
    )


def _verifications(parts: FeatureParts) -> Verifications:
    return Verifications(
        parts.store,
        parts.intake,
        parts.settings.verifications,
        new_id=parts.new_id,
        clock_ms=parts.clock_ms,
        is_leader=parts.is_leader,
    )


def _lifecycle(parts: FeatureParts) -> Lifecycle:
    return Lifecycle(
        parts.store.lifecycle,
        parts.store.lifecycle_sources,
        LifecycleSources(parts.store.lifecycle_sources, parts.clock_ms),
        new_id=parts.new_id,
        clock_ms=parts.clock_ms,
        keep_days=parts.settings.lifecycle.keep_days,
        is_leader=parts.is_leader,
    )


def _conversations(parts: FeatureParts) -> Conversations:
    return Conversations(
        parts.store,
        parts.intake,
        conversation_rules_of(parts.settings),
        new_id=parts.new_id,
        clock_ms=parts.clock_ms,
        keep_days=parts.settings.conversations.keep_days,
        is_leader=parts.is_leader,
    )


def _automations(parts: FeatureParts) -> Automations:
    return Automations(
        parts.store,
        parts.accounts,
        parts.intake,
        _recipient_texts(parts),
        new_id=parts.new_id,
        clock_ms=parts.clock_ms,
        keep_days=parts.settings.lifecycle.keep_days,
        is_leader=parts.may_lead_sends,
    )


def _broadcasts(parts: FeatureParts) -> Broadcasts:
    return Broadcasts(
        parts.store,
        parts.accounts,
        parts.intake,
        _recipient_texts(parts),
        new_id=parts.new_id,
        clock_ms=parts.clock_ms,
        is_stopped=parts.stops.is_stopped,
        is_leader=parts.may_lead_sends,
    )


def _bulk_jobs(parts: FeatureParts) -> BulkJobs:
    return BulkJobs(
        parts.store,
        parts.accounts,
        parts.intake,
        new_id=parts.new_id,
        clock_ms=parts.clock_ms,
        undo_s=parts.settings.messages.bulk_undo_s,
        is_leader=parts.may_lead_sends,
    )


def _console_users(parts: FeatureParts) -> ConsoleUsers:
    return ConsoleUsers(
        parts.store,
        parts.settings.console,
        secrets_key=parts.settings.store.secrets_key.get_secret_value(),
        new_id=parts.new_id,
        clock_ms=parts.clock_ms,
        is_leader=parts.is_leader,
    )


def _message_counts(parts: FeatureParts) -> MessageCounts:
    is_shown = parts.settings.console.enabled
    return MessageCounts(
        parts.store.message_counts,
        clock_ms=parts.clock_ms,
        is_leader=lambda: is_shown and parts.is_leader(),
    )


def _mcp_access(parts: FeatureParts) -> McpAccess:
    return McpAccess(
        parts.store.console,
        parts.settings.mcp_sending,
        new_id=parts.new_id,
        clock_ms=parts.clock_ms,
    )


def _recipient_texts(parts: FeatureParts) -> RecipientTexts:
    templates = Templates(parts.store.templates, parts.clock_ms)
    return RecipientTexts(templates, parts.opt_out_links.url_for)
