"""The user data header in front of the text of a part (TS 23.040 9.2.3.24)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from simpost.domain.options import Ports

if TYPE_CHECKING:
    from collections.abc import Iterable

    from simpost.text.encoding import Encoding, ReferenceBits

CONCATENATION_8 = 0x00
PORTS_8 = 0x04
PORTS_16 = 0x05
CONCATENATION_16 = 0x08
SINGLE_SHIFT = 0x24
LOCKING_SHIFT = 0x25

_MAX_OCTETS = 140


class Element(NamedTuple):
    """An information element: its identifier and its data, without the length octet."""

    iei: int
    data: bytes


@dataclass(frozen=True, slots=True)
class ConcatenationElement:
    """The place of a part in its message (TS 23.040 9.2.3.24.1 and 9.2.3.24.8)."""

    reference: int
    total: int
    number: int
    bits: ReferenceBits


@dataclass(frozen=True, slots=True)
class Header:
    """A received header.

    Attributes:
        octets: length of the header, its length octet included; the text begins there, for packed
            septets at the next septet edge.
        elements: every element as received, known or not; empty when the header is broken.
        broken: the lengths do not add up, so the elements are ignored, as the standard requires.
        concatenation: place in a message of several parts, if the header has a possible one.
        ports: application ports, if any.
        locking: national language of the locking shift, 0 for none; may be unknown to us.
        single: national language of the single shift, 0 for none; may be unknown to us.
    """

    octets: int
    elements: tuple[Element, ...] = ()
    broken: bool = False
    concatenation: ConcatenationElement | None = None
    ports: Ports | None = None
    locking: int = 0
    single: int = 0


def concatenation_element(reference: int, total: int, number: int, bits: ReferenceBits) -> Element:
    """Return the element that makes a part one of several; parts number from 1."""
    if not 1 <= number <= total <= 255:
        raise ValueError(f"part {number} of {total} is not possible")
    if not 0 <= reference < 1 << bits:
        raise ValueError(f"reference {reference} does not fit into {bits} bits")
    iei = CONCATENATION_8 if bits == 8 else CONCATENATION_16
    return Element(iei, reference.to_bytes(bits // 8, "big") + bytes((total, number)))


def ports_element(ports: Ports) -> Element:
    """Return the element that addresses an application (TS 23.040 9.2.3.24.3, .4)."""
    octets = ports.bits // 8
    iei = PORTS_8 if ports.bits == 8 else PORTS_16
    try:
        data = ports.destination.to_bytes(octets, "big") + ports.source.to_bytes(octets, "big")
    except OverflowError:
        raise ValueError(f"a port does not fit into {ports.bits} bits") from None
    return Element(iei, data)


def element_octets(elements: Iterable[Element]) -> int:
    """Return the octets of elements in a header, without its length octet."""
    return sum(2 + len(data) for _, data in elements)


def language_elements(encoding: Encoding) -> tuple[Element, ...]:
    """Return the elements that tell the handset which national tables the part uses."""
    single = (Element(SINGLE_SHIFT, bytes((encoding.single,))),) if encoding.single else ()
    locking = (Element(LOCKING_SHIFT, bytes((encoding.locking,))),) if encoding.locking else ()
    return single + locking


def build_header(elements: Iterable[Element]) -> bytes:
    """Return a whole header, length octet first; no elements make no header."""
    body = b"".join(bytes((iei, len(data))) + data for iei, data in elements)
    if len(body) >= _MAX_OCTETS:
        raise ValueError(f"a header of {len(body) + 1} octets leaves no room for text")
    return bytes((len(body),)) + body if body else b""


def concat_header(reference: int, total: int, number: int, bits: ReferenceBits) -> bytes:
    """Return the header of a part that needs no national table."""
    return build_header((concatenation_element(reference, total, number, bits),))


def part_header(
    encoding: Encoding,
    *,
    reference: int,
    total: int,
    number: int,
    bits: ReferenceBits,
    ports: Ports | None = None,
) -> bytes:
    """Return the header of any part: empty for a single part without ports or national tables."""
    place = (concatenation_element(reference, total, number, bits),) if total > 1 else ()
    address = (ports_element(ports),) if ports else ()
    return build_header(place + address + language_elements(encoding))


def parse_header(octets: bytes) -> Header:
    """Read the header at the start of received user data; never raises.

    Elements that are unknown, of the wrong length or impossible (part 3 of 2) only stay in
    `elements`. Of elements that repeat or exclude each other the last counts. A header whose last
    element has too few or too many octets, or which is longer than the data, is ignored whole.
    """
    if not octets:
        return Header(0, broken=True)
    end = 1 + octets[0]
    elements = _elements(octets[1:end]) if end <= len(octets) else None
    if elements is None:
        return Header(min(end, len(octets)), broken=True)
    place, ports, locking, single = None, None, 0, 0
    for iei, data in elements:
        match iei, len(data):
            case (0x00, 3) | (0x08, 4):
                place = _concatenation(data) or place
            case (0x04, 2) | (0x05, 4):
                ports = _ports(data)
            case (0x24, 1):
                single = data[0]
            case (0x25, 1):
                locking = data[0]
    return Header(end, elements, concatenation=place, ports=ports, locking=locking, single=single)


def _elements(body: bytes) -> tuple[Element, ...] | None:
    elements: list[Element] = []
    at = 0
    while at < len(body):
        start = at + 2
        end = start + body[at + 1] if start <= len(body) else start
        if end > len(body):
            return None
        elements.append(Element(body[at], body[start:end]))
        at = end
    return tuple(elements)


def _concatenation(data: bytes) -> ConcatenationElement | None:
    total, number = data[-2:]
    if not 1 <= number <= total:
        return None
    return ConcatenationElement(int.from_bytes(data[:-2], "big"), total, number, _bits(data[:-2]))


def _ports(data: bytes) -> Ports:
    half = len(data) // 2
    first, last = data[:half], data[half:]
    return Ports(int.from_bytes(first, "big"), int.from_bytes(last, "big"), _bits(first))


def _bits(data: bytes) -> ReferenceBits:
    return 8 if len(data) == 1 else 16
