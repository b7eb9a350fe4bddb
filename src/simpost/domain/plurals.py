"""Counts in English sentences: `1 broadcast`, `2,000 broadcasts`. Pure."""

from __future__ import annotations


def counted(count: int, noun: str) -> str:
    """The count with its noun, which is given in the singular; its plural ends in s."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
