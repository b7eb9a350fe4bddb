"""Rules of countries about the senders that handsets show."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from simpost.domain.reasons import Reason


class SenderRuleKind(StrEnum):
    """What the networks of a country do with a kind of sender."""

    NOT_SUPPORTED = "not_supported"
    REGISTRATION = "registration"
    """It must be registered first."""
    REPLACED = "replaced"
    """The handset may show another sender."""
    FORM = "form"
    """It must have a prefix, or fewer characters."""


class SenderAction(StrEnum):
    """What is done about a sender that does not meet a rule."""

    PASS = "pass"  # noqa: S105  the word of a verdict
    WARN = "warn"
    REFUSE = "refuse"


REFUSED_BY: Final = {
    SenderRuleKind.NOT_SUPPORTED: Reason.SENDER_NOT_SUPPORTED,
    SenderRuleKind.REGISTRATION: Reason.SENDER_NOT_REGISTERED,
    SenderRuleKind.REPLACED: Reason.SENDER_REPLACED,
    SenderRuleKind.FORM: Reason.SENDER_FORM,
}
"""The reason of a refusal by a rule."""
