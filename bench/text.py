"""`python -m bench.text`: how fast texts are cut, encoded and decoded.

Prints millions of characters a second, the best of several rounds, one thread.
"""

from __future__ import annotations

import timeit
from functools import partial
from typing import TYPE_CHECKING

from simpost.text import LANGUAGES, Encoding, decode, encode, explain, segment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_ROUNDS = 5
_SECONDS_A_ROUND = 0.1
_ALL = frozenset(LANGUAGES)

_PLAIN = "Welcome! Your plan is active: 1 GB until Sunday. Reply is not possible. " * 7
_TEXTS = {
    "160 plain": _PLAIN[:160],
    "500 plain, 4 parts": _PLAIN[:500],
    "160 Latin with umlauts": ("Ihr Tarif läuft ab. Öffnen Sie die App für mehr Daten. " * 3)[:160],
    "500 with extension characters": ("Top up [5 GB] for €9 or {10 GB} for €15 in the app. " * 10)[
        :500
    ],
    "200 Cyrillic, 4 parts": ("Ваш тариф активен до воскресенья. " * 6)[:200],
    "200 Cyrillic with emoji": ("Ваш тариф активен 👍🏽 до воскресенья. " * 6)[:200],
    "200 Devanagari": ("आपका प्लान रविवार तक सक्रिय है। " * 7)[:200],
}


def main() -> None:
    print(f"{'million characters a second':>32}{'segment':>10}{'encode':>10}{'decode':>10}")
    for name, text in _TEXTS.items():
        cut = segment(text)
        coded = [encode(part, cut.encoding) for part in cut.parts]
        show(
            name,
            rate(text, partial(segment, text)),
            rate(text, partial(encode_all, cut.parts, cut.encoding)),
            rate(text, partial(decode_all, coded, cut.encoding)),
        )
    text = _TEXTS["200 Devanagari"]
    show("all languages allowed", rate(text, partial(segment, text, languages=_ALL)))
    show("explained", rate(text, partial(explain, text)))


def encode_all(parts: Iterable[str], encoding: Encoding) -> None:
    for part in parts:
        encode(part, encoding)


def decode_all(parts: Iterable[bytes], encoding: Encoding) -> None:
    for part in parts:
        decode(part, encoding)


def rate(text: str, work: Callable[[], object]) -> float:
    timer = timeit.Timer(work)
    work()  # tables are read once
    turns = max(1, int(_SECONDS_A_ROUND / timer.timeit(1)))
    return len(text) * turns / min(timer.repeat(_ROUNDS, turns)) / 1e6


def show(name: str, *figures: float) -> None:
    print(f"{name:>32}" + "".join(f"{figure:>10.1f}" for figure in figures))


if __name__ == "__main__":
    main()
