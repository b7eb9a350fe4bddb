"""Faults that alter the octets of one outgoing PDU. Pure."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Final, TypeAlias

from simpost.smpp.codec import HEADER_OCTETS

OctetFault: TypeAlias = Callable[[bytes], bytes]

_SEQUENCE: Final = slice(12, 16)
_MAX_SEQUENCE: Final = 0x7FFFFFFF


def drop_octets(_octets: bytes) -> bytes:
    """Send nothing."""
    return b""


def repeat_octets(copies: int) -> OctetFault:
    """Send the PDU several times."""
    return lambda octets: octets * copies


def shift_sequence(by: int) -> OctetFault:
    """Increase the sequence number, within 1 to 0x7FFFFFFF (SMPP 3.4 3.2)."""

    def alter(octets: bytes) -> bytes:
        sequence = int.from_bytes(octets[_SEQUENCE], "big")
        moved = (sequence - 1 + by) % _MAX_SEQUENCE + 1
        return octets[:12] + moved.to_bytes(4, "big") + octets[16:]

    return alter


def mangle_octets(changes: int, seed: int, *, header: bool) -> OctetFault:
    """Change, add and remove octets at random; without `header`, the header stays valid."""

    def alter(octets: bytes) -> bytes:
        random = Random(seed)  # noqa: S311  repeatable, not secret
        spared = 0 if header else HEADER_OCTETS
        head, rest = octets[:spared], bytearray(octets[spared:])
        for _ in range(changes):
            at, kind = random.randrange(len(rest) + 1), random.randrange(4)
            if kind == 0:
                rest.insert(at, random.randrange(256))
            elif at < len(rest):
                if kind == 1:
                    del rest[at]
                else:  # always another octet
                    rest[at] ^= random.randrange(1, 256)
        if not header:
            head = (len(head) + len(rest)).to_bytes(4, "big") + head[4:]
        return head + bytes(rest)

    return alter
