"""What the status of a broadcast means, why it is so, and what happens next. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from simpost.domain.broadcasts import Broadcast, BroadcastStatus, PauseReason
from simpost.domain.plurals import counted
from simpost.domain.prices import format_cost


def sentence(
    broadcast: Broadcast, now_ms: int, *, is_copy: bool = False, stop_reason: str = ""
) -> str:
    """Who did it, why, and what happens next, or what a resume does.

    `is_copy`: nothing is sent, because the store is a copy that nobody confirmed. `stop_reason` is
    that of the administrator who stops it now.
    """
    one = broadcast
    copied = f" {_COPY}" if is_copy else ""
    if one.status is BroadcastStatus.PAUSED:
        return f"{_why(one, stop_reason)} {_left(one)} {_resume(one)}{copied}"
    if is_copy and not one.status.is_final:
        return f"{_COPY} {_left(one)}"
    text = _SENTENCES[one.status].format(
        one=one,
        start=_time(one.start_ms),
        end=_time(one.not_after_ms),
        left=_left(one),
        who=f" by {one.actor}" if one.actor else "",
        nothing=f"{_gets(one.cancelled + one.unsent)} nothing.",
    )
    if one.status.is_final:
        return text
    late = "" if one.status is BroadcastStatus.PREPARING else _too_late(one, now_ms)
    by = f" {one.actor} was the last to begin or change it." if one.actor else ""
    return f"{text}{late}{by}"


def reachable(per_s: float, from_ms: int, not_after_ms: int) -> int:
    """How many messages can begin in this time."""
    return max(0, int((not_after_ms - from_ms) * per_s / 1000))


def _left(one: Broadcast) -> str:
    is_one = one.held == 1
    held = f" {one.held:,} {'is' if is_one else 'are'} held, and decided again later."
    esims = counted(one.total, "eSIM")
    remain = "remains" if one.remaining == 1 else "remain"
    return f"{one.remaining:,} of {esims} {remain}.{held if one.held else ''}"


def _gets(esims: int) -> str:
    return f"{counted(esims, 'eSIM')} {'gets' if esims == 1 else 'get'}"


def _too_late(one: Broadcast, now_ms: int) -> str:
    from_ms = max(now_ms, one.start_ms)
    late = one.unsent - reachable(one.per_s, from_ms, one.not_after_ms)
    if late <= 0:
        return ""
    pace = f"At {one.per_s:g} a second"
    return f" {pace} it does not reach {late:,} of them until {_time(one.not_after_ms)}."


def _why(one: Broadcast, stop_reason: str) -> str:
    reason = one.pause_reason or PauseReason.PERSON
    who = f" by {one.actor}" if one.actor else ""
    if reason is PauseReason.PERSON:
        return f"It was paused{who}."
    if reason is PauseReason.SENDING_STOPPED and stop_reason:
        return f'It paused itself: the administrator stopped sending: "{stop_reason}".'
    words = {
        "parts": counted(one.recent.parts, "part"),
        "cost": format_cost(one.recent.cost),
        "most_cost": format_cost(one.most_cost or 0),
    }
    return "It paused itself: " + _WHY[reason].format(one=one, recent=one.recent, **words)


def _resume(one: Broadcast) -> str:
    until = f"until {_time(one.not_after_ms)}"
    if one.pause_reason is PauseReason.TEMPLATE_GONE:
        return "Cancel it, and begin another one: resume would pause again."
    if not one.is_noted:
        return f"Resume goes on noting recipients, and sends {until}: nobody gets it twice."
    if one.start_ms > one.changed_ms:
        return f"Resume lets it begin at {_time(one.start_ms)}, and send {until}."
    by_person = one.pause_reason in (None, PauseReason.PERSON)
    again = "" if by_person else " What rules count begins again."
    return f"Resume sends to these only, {until}: nobody gets it twice.{again}"


def _time(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


_COPY: Final = (
    "Nothing is sent: this store is a copy, and the administrator has to confirm it first."
)
_SENTENCES: Final = {
    BroadcastStatus.PREPARING: "Recipients are being noted: {one.total:,} so far. "
    "Nothing is sent yet.",
    BroadcastStatus.SCHEDULED: "It waits for its start at {start}. {left}",
    BroadcastStatus.SENDING: "It is sending. {left}",
    BroadcastStatus.FINISHED: "Every eSIM was decided.",
    BroadcastStatus.CANCELLED: "It was cancelled{who}. {nothing}",
    BroadcastStatus.EXPIRED: "Its time was over at {end}. {nothing}",
}
_WHY: Final = {
    PauseReason.REFUSED_SHARE: "{recent.refused} of the latest {recent.decided} were refused, "
    "more than {one.stop_percent} %.",
    PauseReason.FAILED_SHARE: "{recent.failed} of the latest {recent.reported} messages that "
    "carriers reported failed, more than {one.stop_failed_percent} %.",
    PauseReason.OPTED_OUT_SHARE: "{recent.opted_out:,} of {recent.accepted:,} recipients opted "
    "out, more than {one.stop_opted_out_percent} %.",
    PauseReason.PARTS_LIMIT: "it sent {parts}, and may send {one.most_parts:,}.",
    PauseReason.COST_LIMIT: "its parts cost {cost} cost units, and may cost {most_cost}.",
    PauseReason.ACCOUNT_DISABLED: "the account is disabled.",
    PauseReason.SENDING_STOPPED: "the administrator stopped sending.",
    PauseReason.BUDGET_REACHED: "a budget of the account is reached.",
    PauseReason.CATALOGUE_STALE: "the copy of the supplier's eSIMs is too old.",
    PauseReason.TEMPLATE_GONE: "its version of the template was deleted.",
}
