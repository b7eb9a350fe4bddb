"""The forms in which a code may be readable in what a run wrote."""

from __future__ import annotations

import base64
from collections.abc import Iterator

from simpost.text import pack_septets


def code_forms(code: str) -> Iterator[tuple[str, bytes]]:
    """Each form of a code with its name: as text, UCS-2, packed septets, hex digits and base64."""
    plain = {"text": code.encode(), "UCS-2": code.encode("utf-16-be")}
    plain |= {"UTF-16": code.encode("utf-16-le")}
    plain |= {f"septets at {place}": _packed(code, place) for place in range(8)}
    for name, octets in plain.items():
        yield name, octets
        yield f"{name}, hex", octets.hex().encode()
        yield f"{name}, HEX", octets.hex().upper().encode()
        yield f"{name}, spaced hex", octets.hex(" ").encode()
        for place in range(3):
            yield f"{name}, base64 at {place}", _base64(octets, place)


def _packed(code: str, place: int) -> bytes:
    """The octets that a code fills when it is packed behind this many septets."""
    packed = pack_septets(b"\0" * place + code.encode())
    first, last = -(-place * 7 // 8), (place + len(code)) * 7 // 8
    return packed[first:last]


def _base64(octets: bytes, place: int) -> bytes:
    """The digits that depend on the octets only, when they begin at this place of three."""
    digits = base64.b64encode(b"\0" * place + octets)
    first, last = -(-place * 8 // 6), (place + len(octets)) * 8 // 6
    return digits[first:last]
