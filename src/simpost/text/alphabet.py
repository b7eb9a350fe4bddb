"""The 7 bit alphabets: a locking and a single shift table, as tables of fast C functions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from simpost.text.tables import read_table

if TYPE_CHECKING:
    from collections.abc import Mapping

ESCAPE = 0x1B
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


@dataclass(frozen=True, slots=True)
class Septets:
    """The characters and codes of one pair of tables, in both directions.

    Attributes:
        singles: the characters that take one septet.
        pairs: the characters that take two, escape first.
        septets: one or two septets per character, for str.translate.
        characters: 256 characters by octet, for codecs.charmap_decode; the replacement character
            where the table has no code.
        escaped: the character by the octet that follows an escape.
        only_singles: matches a text in which every character takes one septet.
        only_known: matches a text in which every character takes one or two septets.
        shared: for bytes.translate: changes the ASCII octets that are not the septet of their
            character.
    """

    singles: frozenset[str]
    pairs: frozenset[str]
    septets: Mapping[int, str]
    characters: str
    escaped: Mapping[bytes, str]
    only_singles: re.Pattern[str]
    only_known: re.Pattern[str]
    shared: bytes

    def shared_octets(self, text: str) -> bytes | None:
        """The septets of a text, one per octet, if they equal its ASCII octets; else `None`."""
        if not text.isascii():
            return None
        octets = text.encode()
        return octets if octets.translate(self.shared) == octets else None


@cache
def septets_of(locking: int, single: int) -> Septets:
    """Return the alphabet of a locking and a single shift table; 0 is the default table.

    A character that stands in both tables is sent by the locking table, one septet; one that
    stands twice in a table is sent by its lower code.
    """
    basic = read_table("locking", locking)
    extension = read_table("single", single)
    one = {char: chr(code) for code, char in sorted(basic.items(), reverse=True)}
    two = {char: f"\x1b{chr(code)}" for code, char in sorted(extension.items(), reverse=True)}
    return Septets(
        singles=frozenset(one),
        pairs=frozenset(two) - frozenset(one),
        septets={ord(char): codes for char, codes in (two | one).items()},
        characters="".join(basic.get(code, REPLACEMENT) for code in range(256)),
        escaped=_after_escape(basic, extension),
        only_singles=_any_of(one),
        only_known=_any_of(two | one),
        shared=bytes(code if one.get(chr(code)) == chr(code) else 0xFF for code in range(256)),
    )


def _after_escape(basic: Mapping[int, str], extension: Mapping[int, str]) -> dict[bytes, str]:
    """Return the character that a receiver shows for the octet after an escape.

    TS 23.038 6.2.1.1 and 6.2.1.2. A code that the extension does not have shows the character of
    the basic table. A second escape, reserved for a further table, shows a space; so does an escape
    at the end.
    """
    shown = {code: basic.get(code, REPLACEMENT) for code in range(256)} | dict(extension)
    shown[ESCAPE] = " "
    return {b"": " "} | {bytes((code,)): char for code, char in shown.items()}


def _any_of(characters: Mapping[str, str]) -> re.Pattern[str]:
    return re.compile(f"[{re.escape(''.join(characters))}]*")
