"""Packs eight septets into seven octets, as on the air interface (TS 23.038 6.1.2.1)."""

from __future__ import annotations


def fill_bits_after(header_octets: int) -> int:
    """Return the bits between a header and the next septet edge (TS 23.040 9.2.3.24)."""
    return -header_octets * 8 % 7


CARRIAGE_RETURN = 0x0D


def pack_septets(septets: bytes, fill_bits: int = 0, *, padding: int = 0) -> bytes:
    """Pack septets, one per octet, into octets, lowest bits first, after `fill_bits` zero bits.

    Zero bits fill the last octet. Seven of them are the septet `padding`: zero looks like an @ to
    a receiver that counts octets, as SMPP does, so TS 23.038 6.1.2.3.1 puts a carriage return
    there. Unlike USSD a text that ends with a CR on an octet edge gets no second one, for which a
    full part has no room.

    Raises ValueError for an octet above 0x7F.
    """
    if padding and (len(septets) * 7 + fill_bits) % 8 == 1:
        septets += bytes((padding,))
    if not septets.isascii():
        raise ValueError("a septet is below 0x80")
    bits = 0
    for septet in reversed(septets):
        bits = bits << 7 | septet
    return (bits << fill_bits).to_bytes((len(septets) * 7 + fill_bits + 7) // 8, "little")


def unpack_septets(octets: bytes, count: int, fill_bits: int = 0) -> bytes:
    """Return `count` septets, one per octet, or as many whole ones as the octets hold."""
    bits = int.from_bytes(octets, "little") >> fill_bits
    whole = max(0, len(octets) * 8 - fill_bits) // 7
    return bytes(bits >> 7 * place & 0x7F for place in range(min(count, whole)))
