"""Applies events to the facts of an eSIM.

Pure: the same facts and event give the same facts and transitions. The facts that any order and
repetition of events leave are the same: a state takes the latest report, at the accuracy of a
second, and "first" takes the earliest. Only a report that is not late makes a transition.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec
from msgspec.structs import replace

from simpost.domain.esims import EsimStatus, SmdpStatus
from simpost.domain.lifecycle import (
    CLOCK,
    Applied,
    Change,
    EsimFacts,
    EventKind,
    LifecycleEvent,
    Transition,
)

_HOUR_MS: Final = 3_600_000
_SAME_EXPIRY_MS: Final = 36 * _HOUR_MS
"""Reports of an expiry that are closer than this mean the same one."""
_TOPPED_UP: Final = 15
"""Points by which the used percentage falls at least when a plan was topped up or replaced. Less is
the difference between two sources that report at different times."""


_PROFILE_OF: Final = {
    EventKind.PROFILE_DOWNLOADED: SmdpStatus.DOWNLOAD,
    EventKind.INSTALLED: SmdpStatus.INSTALLATION,
    EventKind.ATTACHED_FIRST: SmdpStatus.ENABLED,
    EventKind.ENABLED: SmdpStatus.ENABLED,
    EventKind.DISABLED: SmdpStatus.DISABLED,
    EventKind.DELETED: SmdpStatus.DELETED,
}
_STATUS_OF: Final = {
    EventKind.ORDER_READY: EsimStatus.GOT_RESOURCE,
    EventKind.USAGE_STARTED: EsimStatus.IN_USE,
    EventKind.DEPLETED: EsimStatus.USED_UP,
    EventKind.PLAN_EXPIRED: EsimStatus.USED_EXPIRED,
}
_PROFILES: Final = tuple(SmdpStatus)
_STATUSES: Final = tuple(EsimStatus)
_INSTALLED: Final = (SmdpStatus.INSTALLATION, SmdpStatus.ENABLED, SmdpStatus.DISABLED)
_TOGGLES: Final = {
    SmdpStatus.ENABLED: Transition.ENABLED,
    SmdpStatus.DISABLED: Transition.DISABLED,
    SmdpStatus.DELETED: Transition.DELETED,
}
_THRESHOLDS: Final = (
    (100, Transition.DATA_USED_100),
    (80, Transition.DATA_USED_80),
    (50, Transition.DATA_USED_50),
)
_HAS_USAGE: Final = (EventKind.USAGE_THRESHOLD, EventKind.USAGE_STARTED, EventKind.DEPLETED)


def apply(facts: EsimFacts, event: LifecycleEvent) -> Applied:
    """The facts after an event, and the transitions that it makes."""
    steps = [step(facts, event) for step in (_profile, _status, _country, _usage, _expiry, _sms)]
    changed: dict[str, object] = {}
    changes: list[Change] = []
    late = []
    for step in steps:
        if step is not None:
            changed.update(step.fields)
            changes += step.changes
            late.append(step.is_late)
    new = replace(facts, **changed) if changed else facts
    is_deleted = facts.profile == SmdpStatus.DELETED and _is_later(facts.profile_at_ms, event.at_ms)
    return Applied(new, () if is_deleted else tuple(changes), bool(late) and all(late))


class _Step(msgspec.Struct, frozen=True):
    """What one group of facts does with an event."""

    fields: dict[str, object]
    changes: list[Change]
    is_late: bool = False


def _profile(facts: EsimFacts, event: LifecycleEvent) -> _Step | None:
    profile = _PROFILE_OF.get(event.kind)
    if profile is None:
        return None
    fields: dict[str, object] = {}
    changes: list[Change] = []
    rank = (event.at_ms // 1000, _PROFILES.index(profile))
    stored = (facts.profile_at_ms // 1000, _rank(_PROFILES, facts.profile))
    is_late = rank < stored
    if profile is SmdpStatus.DOWNLOAD:
        fields["downloaded_ms"] = _first(facts.downloaded_ms, event.at_ms)
        changes += [] if facts.downloaded_ms else [Change(Transition.DOWNLOADED)]
    if profile in _INSTALLED:
        fields["installed_ms"] = _first(facts.installed_ms, event.at_ms)
        changes += [] if facts.installed_ms else [Change(Transition.INSTALLED)]
    if profile in _TOGGLES and profile != facts.profile:
        changes.append(Change(_TOGGLES[profile], _second(event)))
    if event.kind is EventKind.ATTACHED_FIRST:
        fields["attached_ms"] = _first(facts.attached_ms, event.at_ms)
    if is_late:
        changes = []
    else:
        fields |= {"profile": profile.value, "profile_at_ms": _latest(facts.profile_at_ms, event)}
    if event.kind is EventKind.ATTACHED_FIRST and facts.attached_ms is None:
        changes.append(Change(Transition.ATTACHED))
    return _Step(fields, changes, is_late)


def _status(facts: EsimFacts, event: LifecycleEvent) -> _Step | None:
    status = _STATUS_OF.get(event.kind, event.status)
    if not status or event.source == CLOCK:
        return None
    fields: dict[str, object] = {}
    changes: list[Change] = []
    rank = (event.at_ms // 1000, _rank(_STATUSES, status))
    is_late = rank < (facts.status_at_ms // 1000, _rank(_STATUSES, facts.status))
    if event.kind is EventKind.ORDER_READY:
        fields["ready_ms"] = _first(facts.ready_ms, event.at_ms)
        changes += [] if facts.ready_ms or is_late else [Change(Transition.ORDER_READY)]
    if event.kind is EventKind.USAGE_STARTED:
        fields["used_ms"] = _first(facts.used_ms, event.at_ms)
        changes += [] if facts.used_ms or is_late else [Change(Transition.USAGE_STARTED)]
    if not is_late:
        fields |= {"status": str(status), "status_at_ms": _latest(facts.status_at_ms, event)}
    return _Step(fields, changes, is_late)


def _country(facts: EsimFacts, event: LifecycleEvent) -> _Step | None:
    if not event.country:
        return None
    rank = (event.at_ms // 1000, event.country)
    if rank < (facts.country_at_ms // 1000, facts.country):
        return _Step({}, [], is_late=True)
    is_new = event.country != facts.country
    occurrence = f"{_second(event)} {event.country}"
    changes = [Change(Transition.COUNTRY_CHANGED, occurrence)] if is_new else []
    at_ms = _latest(facts.country_at_ms, event)
    return _Step({"country": event.country, "country_at_ms": at_ms}, changes)


def _usage(facts: EsimFacts, event: LifecycleEvent) -> _Step | None:
    percent = 100 if event.kind is EventKind.DEPLETED else _percent_of(event)
    if event.kind not in _HAS_USAGE or (percent is None and event.remaining_octets is None):
        return None
    given = (percent, event.remaining_octets, event.total_octets, event.plan)
    stored = (facts.used_percent, facts.remaining_octets, facts.total_octets, facts.plan)
    if (event.at_ms // 1000, *_comparable(given)) < (
        facts.usage_at_ms // 1000,
        *_comparable(stored),
    ):
        return _Step({}, [], is_late=True)
    noticed, changes = facts.used_noticed, []
    if percent is not None:
        if facts.used_percent is not None and percent <= facts.used_percent - _TOPPED_UP:
            noticed = 0
        reached = next((each for each in _THRESHOLDS if percent >= each[0]), None)
        if reached and reached[0] > noticed:
            noticed = reached[0]
            changes = [Change(reached[1], _second(event))]
    fields: dict[str, object] = {
        "used_percent": percent,
        "remaining_octets": event.remaining_octets,
        "total_octets": event.total_octets,
        "plan": event.plan,
        "usage_at_ms": _latest(facts.usage_at_ms, event),
        "used_noticed": noticed,
    }
    return _Step(fields, changes)


def _expiry(facts: EsimFacts, event: LifecycleEvent) -> _Step | None:
    """The expiry that an event names, and its notice. The end itself counts as an expiry."""
    fields: dict[str, object] = {}
    changes: list[Change] = []
    is_late = False
    if event.expires_ms is not None:
        rank = (event.at_ms // 1000, event.expires_ms)
        is_late = rank < (facts.expires_at_ms // 1000, facts.expires_ms or 0)
        if not is_late:
            at_ms = _latest(facts.expires_at_ms, event)
            fields |= {"expires_ms": event.expires_ms, "expires_at_ms": at_ms}
    if event.kind is EventKind.PLAN_EXPIRING and not is_late:
        expiry_ms = event.expires_ms or event.at_ms + 24 * _HOUR_MS
        is_over = facts.expired_ms is not None and facts.expired_ms >= event.at_ms
        if expiry_ms - facts.expiry_noticed_ms > _SAME_EXPIRY_MS and not is_over:
            fields["expiry_noticed_ms"] = expiry_ms
            changes.append(Change(Transition.EXPIRES_TOMORROW, str(expiry_ms // 1000)))
    if event.kind is EventKind.PLAN_EXPIRED:
        last_ms = facts.expired_ms
        fields["expired_ms"] = max(last_ms or 0, event.at_ms)
        if last_ms is None or event.at_ms - last_ms > _SAME_EXPIRY_MS:
            changes.append(Change(Transition.EXPIRED, _second(event)))
        else:
            is_late = event.at_ms < last_ms
    elif not fields and event.expires_ms is None and event.kind is not EventKind.PLAN_EXPIRING:
        return None
    return _Step(fields, changes, is_late)


def expiry_due_ms(facts: EsimFacts) -> int | None:
    """When the expiry of the plan has to be noticed next by the clock; `None` if it has been."""
    expires_ms, expired_ms = facts.expires_ms, facts.expired_ms
    if expires_ms is None:
        return None
    if expired_ms is not None and expired_ms > expires_ms - _SAME_EXPIRY_MS:
        return None
    is_noticed = expires_ms - facts.expiry_noticed_ms <= _SAME_EXPIRY_MS
    return expires_ms if is_noticed else expires_ms - 24 * _HOUR_MS


def expiry_event(facts: EsimFacts, esim_tran_no: str, now_ms: int) -> LifecycleEvent | None:
    """What the clock says of the expiry now; `None` before it is due."""
    due_ms = expiry_due_ms(facts)
    if due_ms is None or facts.expires_ms is None or due_ms > now_ms:
        return None
    is_over = facts.expires_ms <= now_ms
    return LifecycleEvent(
        source=CLOCK,
        kind=EventKind.PLAN_EXPIRED if is_over else EventKind.PLAN_EXPIRING,
        at_ms=facts.expires_ms if is_over else now_ms,
        source_event_id=str(facts.expires_ms),
        esim_tran_no=esim_tran_no,
        expires_ms=None if is_over else facts.expires_ms,
    )


def _sms(facts: EsimFacts, event: LifecycleEvent) -> _Step | None:
    if event.kind is not EventKind.SMS_LOST:
        return None
    changes = [] if facts.sms_lost_ms else [Change(Transition.SMS_LOST)]
    return _Step({"sms_lost_ms": _first(facts.sms_lost_ms, event.at_ms)}, changes)


def _percent_of(event: LifecycleEvent) -> int | None:
    if event.used_percent is not None:
        return event.used_percent
    total, remaining = event.total_octets, event.remaining_octets
    if not total or remaining is None:
        return None
    return min(100, max(0, 100 * (total - remaining) // total))


def _comparable(usage: tuple[int | None, int | None, int | None, str]) -> tuple[int | str, ...]:
    percent, remaining, total, plan = usage
    return (
        -1 if percent is None else percent,
        -1 if remaining is None else -remaining,
        -1 if total is None else total,
        plan,
    )


def _rank(states: tuple[StrEnum, ...], state: str) -> int:
    return next((place for place, each in enumerate(states) if each == state), -1)


def _first(known_ms: int | None, at_ms: int) -> int:
    return at_ms if known_ms is None else min(known_ms, at_ms)


def _latest(known_ms: int, event: LifecycleEvent) -> int:
    return max(known_ms, event.at_ms)


def _is_later(known_ms: int, at_ms: int) -> bool:
    return known_ms // 1000 > at_ms // 1000


def _second(event: LifecycleEvent) -> str:
    return str(event.at_ms // 1000)
