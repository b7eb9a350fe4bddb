"""Whether memory stays flat while a million messages pass, and while the SMSC is down."""

from __future__ import annotations

from typing import Any

from bench.gateways import Simpost, Terms
from bench.runner import Course

_PASSING = 1_000_000
_WAITING = 100_000
_STRETCH = 50_000


def passing(simpost: Simpost, terms: Terms) -> dict[str, Any]:
    """Resident memory in MiB after a tenth of the messages, the most later, and at the end."""
    course = Course(simpost, terms)
    resident: list[float] = []
    while course.sent < _PASSING:
        course.run(_STRETCH)
        resident.append(simpost.rss_mib)
    early = resident[_PASSING // _STRETCH // 10 - 1]
    return {
        "messages": course.sent,
        "early_mib": round(early, 1),
        "most_mib": round(max(resident), 1),
        "last_mib": round(resident[-1], 1),
        "grown_mib": round(max(resident) - early, 1),
    }


def waiting(simpost: Simpost, terms: Terms) -> dict[str, Any]:
    """The same with the SMSC down: messages are accepted and queued, then all are sent."""
    course = Course(simpost, terms)
    course.run(_STRETCH)
    before = simpost.rss_mib
    simpost.sink.stop()
    course.accept(_WAITING)
    away = simpost.rss_mib
    simpost.sink.start()
    course.sent -= _STRETCH  # the new sink has seen none of the first
    course.wait()
    return {
        "messages": _WAITING,
        "early_mib": round(before, 1),
        "most_mib": round(max(away, simpost.rss_mib), 1),
        "last_mib": round(simpost.rss_mib, 1),
        "grown_mib": round(max(away, simpost.rss_mib) - before, 1),
    }
