"""Tags of test runs: which run the texts of a handset belong to, in bounded memory."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

MAX_TAGGED: Final = 10_000
TAG: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")


class RunTags:
    """The tag of each number, without `+`. A number has one tag at most."""

    def __init__(self) -> None:
        self._tag_of: dict[str, str] = {}

    def of(self, number: str) -> str:
        """The tag of a number; empty without one."""
        return self._tag_of.get(number, "")

    def put(self, tag: str, numbers: Iterable[str]) -> bool:
        """Give a tag exactly these numbers, taken from other tags; False if they are too many."""
        tagged = {number: each for number, each in self._tag_of.items() if each != tag}
        tagged.update(dict.fromkeys(numbers, tag))
        if len(tagged) > MAX_TAGGED:
            return False
        self._tag_of = tagged
        return True

    def all(self) -> dict[str, list[str]]:
        """The numbers of each tag, in the order they were given."""
        found: dict[str, list[str]] = {}
        for number, tag in self._tag_of.items():
            found.setdefault(tag, []).append(number)
        return found
