"""Replacements in GSM 7 bit for characters that force a text to UCS-2.

Only characters that readers do not tell apart: typography that editors insert, spaces, zero-width
marks, forms of another width, ligatures, fractions, ornaments, and the Greek capitals that
TS 23.038 6.2.1 represents by Latin capitals. A letter never loses an accent: that would be another
word.

Sources: the compatibility decompositions of Unicode (UnicodeData.txt) and the table of Twilio's
message-segment-calculator. Of the latter we leave out control characters and combining marks: a
tilde after a letter is not that letter.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import Final

_FRACTION_SLASH: Final = "\u2044"
_FRACTIONS: Final = ((0x00BC, 0x00BE), (0x2150, 0x215E), (0x2189, 0x2189))
_COMPATIBLE: Final = (
    *_FRACTIONS,
    (0x0132, 0x0133),  # ij in one character
    (0x01C7, 0x01CC),  # lj and nj, likewise
    (0x2024, 0x2025),  # dots
    (0x203C, 0x203C),  # double punctuation
    (0x2047, 0x2049),
    (0x2100, 0x2101),  # a/c
    (0x2105, 0x2106),  # c/o
    (0x2116, 0x2116),  # No
    (0x2121, 0x2121),  # TEL
    (0x2160, 0x217F),  # Roman numerals
    (0xFB00, 0xFB06),  # Latin ligatures
    (0xFE10, 0xFE19),  # vertical forms
    (0xFE50, 0xFE6B),  # small forms
    (0xFF01, 0xFF5E),  # full-width ASCII
)


def _compatible() -> Iterator[tuple[str, str]]:
    """Pairs of a character and the ASCII text that Unicode calls its compatible form."""
    for first, last in _COMPATIBLE:
        for char in map(chr, range(first, last + 1)):
            same = unicodedata.normalize("NFKC", char).replace(_FRACTION_SLASH, "/")
            if same.isascii() and same != "`":
                yield char, same


LOOK_ALIKES: Final = {
    **dict(_compatible()),
    **dict.fromkeys("‘’‚‛′´`ʹʻʼʽˈˊˋ‹›❛❜＇\uff40", "'"),
    **dict.fromkeys("“”„‟″«»ʺˮ❝❞〝〞〟", '"'),
    **dict.fromkeys("‐‑‒–—―−⁃⎼⎽", "-"),
    **dict.fromkeys("•⁎∗⊛✢✣✤✥✱✲✳✺✻✼✽❃❉❊❋⧆", "*"),
    **dict.fromkeys("∣⎸⎹⏐⎜⎟", "|"),
    **dict.fromkeys("⁄∕÷⧸", "/"),
    **dict.fromkeys("⧵⧹", "\\"),
    **dict.fromkeys("∶ː˸⦂꞉", ":"),
    **dict.fromkeys("˜˷∼", "~"),
    **dict.fromkeys("、､︑﹑", ","),
    **dict.fromkeys("。｡︒", "."),
    **dict.fromkeys("❨❪⟮⦅", "("),
    **dict.fromkeys("❩❫⟯⦆", ")"),
    **dict(zip("❴❵‗⁏ǃ˖꞊", "{}_;!+=", strict=True)),
    "…": "...",
    "ˆ": "^",
    "×": "x",
    "™": "TM",
    "©": "(c)",
    "®": "(R)",
    "￡": "£",
    "￥": "¥",
    **dict.fromkeys("\t\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006", " "),
    **dict.fromkeys("\u2007\u2008\u2009\u200a\u202f\u205f\u3000", " "),
    **dict.fromkeys("\u0085\u2028\u2029\v", "\n"),
    **dict.fromkeys("\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\ufe0e\ufe0f", ""),
    **dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHIKMNOPTYX", strict=True)),
    **dict(zip("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ", "ABCDEFGHIJKLMNOPRSTUVWYZ", strict=True)),
    "\u2126": "\u03a9",  # ohm sign, the letter itself is in the alphabet
    "\u212a": "K",  # kelvin sign, likewise
    "\u212b": "\u00c5",  # angstrom sign, likewise
}
"""Replacements by character; "" where the character is invisible and can be removed."""

INVISIBLE: Final = frozenset(char for char, same in LOOK_ALIKES.items() if not same)
"""Characters without a glyph. Between letters of other scripts and in emoji they have a meaning."""

FRACTIONS: Final = frozenset(
    char
    for first, last in _FRACTIONS
    for char in map(chr, range(first, last + 1))
    if char in LOOK_ALIKES
)
"""Characters that need a space after a digit: 1½ is not 11/2."""
