"""Texts that are stored and cannot be shown."""

from __future__ import annotations

from enum import StrEnum


class TextAbsence(StrEnum):
    """Why there is a record of a text, and no text."""

    CODE = "code"
    """The text carries a one-time code, which only the handset shows."""
    REDACTED = "redacted"
    """The text was erased; the record stays."""
    FORGOTTEN = "forgotten"
    """The text and the numbers were erased for the traveller; the record stays."""
    KEY_MISSING = "key_missing"
    """The text was sealed with a key that is not in the settings."""
    DAMAGED = "damaged"
    """The sealed text does not open with its key: it was changed, or belongs to another row."""


_SHOWN: dict[str, str] = {
    TextAbsence.CODE: "(a one-time code)",
    TextAbsence.REDACTED: "(redacted)",
    TextAbsence.FORGOTTEN: "(forgotten)",
    TextAbsence.KEY_MISSING: "(sealed: its key is missing)",
    TextAbsence.DAMAGED: "(damaged)",
}


def shown_absence(absence: str) -> str:
    """What stands in the place of a text in the output of commands."""
    return _SHOWN.get(absence, f"({absence})")
