"""Tags: short words by which an account groups its eSIMs and conversations. Pure."""

from __future__ import annotations

import re
from typing import Final

MAX_TAGS: Final = 20
"""Tags of one eSIM, or of one conversation."""
MAX_TAG_CHARACTERS: Final = 32
TAG_PATTERN: Final = rf"^[a-z0-9][a-z0-9._-]{{0,{MAX_TAG_CHARACTERS - 1}}}$"
TAG_RULE: Final = (
    f"must be up to {MAX_TAG_CHARACTERS} lowercase letters, digits, dots, underscores and hyphens"
)

_matches = re.compile(TAG_PATTERN).match


def is_tag(text: str) -> bool:
    """Whether a text is a tag."""
    return _matches(text) is not None and not text.endswith("\n")
