"""Hides texts and numbers until they are revealed: what is hidden is not in the page at all."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from simpost.domain.exchanges import FieldPrivacy
from simpost.domain.plurals import counted
from simpost.domain.texts import shown_absence

_NUMBER: Final = re.compile(r"\+?[0-9]{5,}")
_PRIVATE_FACTS: Final = frozenset({"to", "from", "characters", "number", "msisdn", "prefix"})


class Masks:
    """Shows private values, or what stands in their place."""

    def __init__(self, *, is_revealed: bool) -> None:
        self.is_revealed = is_revealed

    def number(self, number: str) -> str:
        """A phone number or IMSI, or dots and its last two digits. Names of senders are shown."""
        if self.is_revealed or not _NUMBER.fullmatch(number):
            return number or "-"
        return f"•••••{number[-2:]}"

    def text(self, entry: Mapping[str, Any]) -> str:
        """The text of a message as the API returns it, or its length; or why there is none."""
        if absence := entry["textAbsence"]:
            return shown_absence(absence)
        text = entry["text"] if entry["text"] is not None else entry["binary"]
        if text is None:
            return "(not stored)"
        if self.is_revealed:
            return str(text)
        return f"(hidden: {counted(len(text), 'character')})"

    def field(self, field: Mapping[str, Any], *, for_admin: bool) -> str:
        """The value of a field of an exchange with a carrier, and what it means."""
        value, meaning, privacy = field["value"], field["meaning"], field["privacy"]
        if privacy == FieldPrivacy.ADMIN and not for_admin:
            return "(for administrators)"
        if privacy == FieldPrivacy.NUMBER:
            value = self.number(value or "")
        elif privacy != FieldPrivacy.OPEN and not self.is_revealed:
            return "(hidden)"
        words = "-" if value is None else str(value)
        return f"{words} ({meaning})" if meaning else words

    def facts(self, facts: Mapping[str, Any]) -> str:
        """What a rule looked at, in one line."""
        shown = (
            f"{name}: {value}"
            for name, value in facts.items()
            if self.is_revealed or name not in _PRIVATE_FACTS
        )
        return ", ".join(shown)
