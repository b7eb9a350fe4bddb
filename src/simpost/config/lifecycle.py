"""Lifecycle events: how long their history is kept."""

from __future__ import annotations

from pydantic import Field

from simpost.config.section import Section


class LifecycleSettings(Section):
    """What suppliers report of eSIMs ([lifecycle.md](lifecycle.md))."""

    keep_days: int = Field(
        default=90,
        ge=1,
        le=3_650,
        description="Days that the history of eSIMs is kept: events, transitions and deliveries "
        "that were not understood. The facts stay.",
    )
