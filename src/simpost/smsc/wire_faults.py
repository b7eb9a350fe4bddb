"""What may happen to the octets of one PDU on their way out. Pure."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Final, TypeAlias

from simpost.smpp.codec import HEADER_OCTETS

Tamper: TypeAlias = Callable[[bytes], bytes]

_SEQUENCE: Final = slice(12, 16)
_MAX_SEQUENCE: Final = 0x7FFFFFFF


def swallowed(_octets: bytes) -> bytes:
    return b""


def doubled(copies: int) -> Tamper:
    return lambda octets: octets * copies


def resequenced(by: int) -> Tamper:
    """Sequence numbers stay those of the standard: 1 to 0x7FFFFFFF (SMPP 3.4 3.2)."""

    def tamper(octets: bytes) -> bytes:
        sequence = int.from_bytes(octets[_SEQUENCE], "big")
        moved = (sequence - 1 + by) % _MAX_SEQUENCE + 1
        return octets[:12] + moved.to_bytes(4, "big") + octets[16:]

    return tamper


def mangled(changes: int, seed: int, *, header: bool) -> Tamper:
    """Octets changed, added and left out at random; a header that is spared tells the length."""

    def tamper(octets: bytes) -> bytes:
        random = Random(seed)  # noqa: S311  to be repeated, not to be secret
        spared = 0 if header else HEADER_OCTETS
        head, rest = octets[:spared], bytearray(octets[spared:])
        for _ in range(changes):
            at, kind = random.randrange(len(rest) + 1), random.randrange(4)
            if kind == 0:
                rest.insert(at, random.randrange(256))
            elif at < len(rest):
                if kind == 1:
                    del rest[at]
                else:  # never the same octet again
                    rest[at] ^= random.randrange(1, 256)
        if not header:
            head = (len(head) + len(rest)).to_bytes(4, "big") + head[4:]
        return head + bytes(rest)

    return tamper
