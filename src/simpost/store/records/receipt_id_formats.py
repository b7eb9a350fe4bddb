"""Formats in which carriers write ids in receipts, learned from receipts that matched."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from simpost.domain.receipt_ids import Base, IdFormat, LetterCase, ObservedIdFormat
from simpost.store.records.row import NamedRow

MOST_FORMATS: Final = 8
"""Most formats learned of one carrier. Ids in a further format need a proof each time."""

CountedFormat = tuple[str, Base, LetterCase, int, int, int, int]
"""Carrier, base, letters, width; times seen, first and last time in milliseconds."""


class LearnedFormats:
    """Formats by carrier, and the matches that are not written yet."""

    def __init__(self) -> None:
        self._of: dict[str, list[IdFormat]] = {}
        self._counted: dict[tuple[str, IdFormat], tuple[int, int, int]] = {}

    def replace_all(self, rows: Iterable[NamedRow]) -> None:
        """Replace the formats in memory by these rows."""
        self._counted.clear()
        self._of.clear()
        for row in rows:
            self._of.setdefault(row["carrier"], []).append(_form(row))

    def __contains__(self, carrier: str) -> bool:
        return carrier in self._of

    def of(self, carrier: str) -> list[IdFormat]:
        return self._of.get(carrier, [])

    def note_match(self, carrier: str, form: IdFormat, at_ms: int) -> None:
        """Count a format that led to a part, and learn it if it is new."""
        known = self._of.setdefault(carrier, [])
        if form not in known:
            if len(known) >= MOST_FORMATS:
                return
            known.append(form)
        times, first_ms, last_ms = self._counted.get((carrier, form), (0, at_ms, at_ms))
        self._counted[carrier, form] = (times + 1, min(first_ms, at_ms), max(last_ms, at_ms))

    def take_counted(self) -> list[CountedFormat]:
        """The counts to write now, in the same order on every node; they are reset."""
        counted = [
            (carrier, form.base, form.letters, form.width, *counts)
            for (carrier, form), counts in sorted(self._counted.items())
        ]
        self._counted.clear()
        return counted


def observed_format(row: NamedRow) -> ObservedIdFormat:
    return ObservedIdFormat(
        _form(row),
        row["times"],
        row["first_ms"],
        row["last_ms"],
    )


def _form(row: NamedRow) -> IdFormat:
    return IdFormat(Base(row["base"]), LetterCase(row["letters"]), row["width"])
