"""GSM spellings of characters that slip into texts unseen and make them UCS-2.

Only what a reader takes for the same: typography that editors insert by themselves, spaces, marks
of no width, and the Greek capitals that TS 23.038 6.2.1 leaves to their Latin twins. A letter
never loses an accent here: that would be another word.
"""

from __future__ import annotations

LOOK_ALIKES = {
    **dict.fromkeys("‘’‚‛′´`ʹʻʼˈ‹›", "'"),
    **dict.fromkeys("“”„‟″«»", '"'),
    **dict.fromkeys("‐‑‒–—―−⁃", "-"),
    "•": "*",
    "…": "...",
    "⁄": "/",
    "∕": "/",
    "∶": ":",
    "˜": "~",
    "ˆ": "^",
    "×": "x",
    "™": "TM",
    "©": "(c)",
    "®": "(R)",
    **dict.fromkeys("\t\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006", " "),
    **dict.fromkeys("\u2007\u2008\u2009\u200a\u202f\u205f\u3000", " "),
    **dict.fromkeys("\u0085\u2028\u2029\v", "\n"),
    **dict.fromkeys("\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\ufe0e\ufe0f", ""),
    **dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHIKMNOPTYX", strict=True)),
    "\u2126": "\u03a9",  # ohm sign, the letter itself is in the alphabet
    "\u212b": "\u00c5",  # angstrom sign, likewise
}
"""What to write instead; "" is for what shows nothing and can go."""
