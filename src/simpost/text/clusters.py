"""Finds where a text can be cut without breaking a character as readers see it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import regex  # type: ignore[import-untyped, unused-ignore]  # ships no types

if TYPE_CHECKING:
    from collections.abc import Sequence

_CLUSTER = regex.compile(r"\X")
_LAST_PLAIN_PAIR = regex.compile(r"(?r)\p{GCB=Other}\p{GCB=Other}")


def cut_before(text: str, ends: Sequence[int], start: int, end: int, limit: int) -> int:
    """Return the best place to end a part that begins at `start` and could reach `end`.

    That is the last grapheme cluster border (UAX 29) up to `end`, unless the cluster there is
    larger than a whole part: then `end` itself, because it has to be cut somewhere. `ends` holds
    the units of the text up to and including each character, `limit` the units of a part.

    Two neighbours without special cluster properties always have a border between them, so only
    the text after the last such pair is searched for clusters. The search has a window of its own:
    flags are paired from the start of their run, and a long run must not be counted again for every
    part. After a cut within an oversized cluster the rest is read as a text of its own.
    """
    pair = _LAST_PLAIN_PAIR.search(text, start, end + 1)
    border: int = pair.start() + 1 if pair else start
    if border == end:
        return end
    for cluster in _CLUSTER.finditer(text[border : end + limit + 1]):
        first, following = border + cluster.start(), border + cluster.end()
        if following > end:
            size = ends[following - 1] - (ends[first - 1] if first else 0)
            return end if size > limit else first
    return end
