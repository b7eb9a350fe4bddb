"""The settings of the web console."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from simpost.config.section import Section


class ConsoleSettings(Section):
    """The web console at `/console`, on the port of the APIs ([console.md](console.md))."""

    enabled: bool = Field(default=False, description="Serve the console.")
    idle_minutes: int = Field(
        default=30,
        ge=1,
        le=1_440,
        description="Minutes without a request after which a user is signed out.",
    )
    session_hours: int = Field(
        default=12,
        ge=1,
        le=168,
        description="Hours after sign-in at which a user is signed out in any case.",
    )
    require_totp: Literal["none", "admins", "all"] = Field(
        default="none",
        description="Users who must switch on an authenticator (TOTP) before they can do anything "
        "else: nobody, those with the role `admin`, or all.",
    )
    keep_audit_days: int = Field(
        default=400,
        ge=1,
        le=3_650,
        description="Days for which rows of the audit log are kept; then they are deleted.",
    )
