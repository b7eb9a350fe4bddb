"""Texts that often go wrong: long runs, and every kind of character that must not be split."""

from hypothesis import strategies as st

from simpost.text import LANGUAGES, LOCKING_LANGUAGES, Encoding
from simpost.text.alphabet import septets_of

PLAIN = sorted(septets_of(0, 0).singles)
PAIRS = sorted(septets_of(0, 0).pairs)

PIECES = [
    *"aZ 0@Ç§\r\n",
    *PAIRS,
    "\r\n",
    *"я你ğşıçãõ’\u00a0\u200b",
    "e\u0301",
    "👍",
    "👍🏽",
    "👨‍👩‍👧",
    "🇩🇪",
    "🇩",
    "1\ufe0f\u20e3",
    "नमस्ते",
    "க்ஷி",
    "각",
    "\u0301",
    "\u200d",
]

runs = st.tuples(st.sampled_from(PIECES), st.integers(1, 90))
texts = st.lists(runs, max_size=8).map(lambda each: "".join(piece * n for piece, n in each))
gsm_texts = st.lists(
    st.tuples(st.sampled_from([*PLAIN, *PAIRS, "\r\n"]), st.integers(1, 90)), max_size=8
).map(lambda each: "".join(piece * n for piece, n in each))
languages = st.frozensets(st.sampled_from(sorted(LANGUAGES)), max_size=4)
reference_bits = st.sampled_from([8, 16])

ENCODINGS = [
    Encoding("gsm7", locking, single)
    for locking in (0, *sorted(LOCKING_LANGUAGES))
    for single in (0, *sorted(LANGUAGES))
]

for each in ENCODINGS:  # read every table now, or an example pays for it and misses its deadline
    septets_of(each.locking, each.single)
