"""Which keys seal the texts of a whole store, and whether the settings have them.

For commands that read everything anyway, or that a person waits for: every table is scanned.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from simpost.config.text_keys import OWN_KEY
from simpost.store.records.row import NamedRow
from simpost.store.text_seal import TextSeal, place_of

COUNT_KEYS: Final = """
    SELECT text_key, count(*) AS texts FROM (
      SELECT text_key FROM messages WHERE redacted_ms IS NULL AND forgotten_ms IS NULL
      UNION ALL
      SELECT text_key FROM inbound WHERE redacted_ms IS NULL AND forgotten_ms IS NULL
      UNION ALL
      SELECT text_key FROM preference_changes
      WHERE redacted_ms IS NULL AND forgotten_ms IS NULL AND words <> ''
      UNION ALL
      SELECT text_key FROM preference_flags
      WHERE redacted_ms IS NULL AND forgotten_ms IS NULL AND words <> ''
      UNION ALL
      SELECT text_key FROM conversation_notes
      WHERE redacted_ms IS NULL AND forgotten_ms IS NULL AND words <> ''
      UNION ALL
      SELECT text_key FROM verifications WHERE ended_ms IS NULL
    ) AS sealed WHERE text_key IS NOT NULL GROUP BY text_key ORDER BY text_key
"""
SAMPLES: Final = """
    SELECT account_id, id, text FROM messages
    WHERE text_key = $1 AND redacted_ms IS NULL AND forgotten_ms IS NULL LIMIT 3
"""


class SealedTexts(NamedTuple):
    """The texts that one key sealed: how many there are, and up to three messages of them."""

    key_id: str
    texts: int
    samples: Sequence[NamedRow]


def needed_keys(found: Sequence[SealedTexts]) -> list[str]:
    """The ids of the keys of `text_key` that sealed texts; that of `secrets_key` is not one."""
    return [each.key_id for each in found if each.key_id != OWN_KEY]


def key_problems(found: Sequence[SealedTexts], texts: TextSeal) -> Iterator[str]:
    """A sentence for each key that is missing or that opens no text, with what to do."""
    for sealed in found:
        key_id, count = sealed.key_id, f"{sealed.texts:,} texts are sealed with the key"
        if not texts.has(key_id):
            yield (
                f"{count} {key_id!r}, which is not in store.text_key: add {key_id}:KEY to it. "
                "Until then these texts are neither shown nor sent"
            )
        elif sealed.samples and not any(_opens(texts, key_id, row) for row in sealed.samples):
            yield (
                f"{count} {key_id!r}, and those that were tried do not open with that of "
                f"store.text_key: put the right key under the id {key_id}"
            )


def _opens(texts: TextSeal, key_id: str, row: NamedRow) -> bool:
    return texts.opens(key_id, place_of(b"messages", row["account_id"], row["id"]), row["text"])
