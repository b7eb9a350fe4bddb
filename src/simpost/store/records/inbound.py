"""Rows of inbound messages and of their parts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from simpost.domain.inbound import InboundMessage, InboundPart, InboundState, PartPosition, RawPart
from simpost.ports.store.inbound import Assembly
from simpost.store.records.columns import reason_of
from simpost.store.records.row import NamedRow

_encode_raw = msgspec.msgpack.Encoder().encode
_decode_raw = msgspec.msgpack.Decoder(tuple[RawPart, ...]).decode
_decode_missing = msgspec.json.Decoder(tuple[int, ...]).decode


def assembly_key(part: InboundPart) -> tuple[Any, ...]:
    """What the parts of a message have in common."""
    place = part.place
    return part.carrier, part.source, part.destination, place.kind, place.reference, place.total


def assembly_row(part: InboundPart, saved: InboundMessage | None = None) -> tuple[Any, ...]:
    """An assembly that begins with this part; `saved` if the part is a message by itself."""
    kept = (None, None) if saved is None else (saved.id, saved.reason)
    return (*assembly_key(part), part.link, part.received_ms, *kept)


def incoming_part_row(assembly: int, part: InboundPart) -> tuple[Any, ...]:
    return (
        assembly,
        part.place.number,
        part.encoding,
        part.octets,
        part.for_application,
        part.received_ms,
        raw_octets([part.raw]),
    )


def whole_assembly(assembly: int, parts: Sequence[InboundPart]) -> Assembly | None:
    """The assembly once all its parts are there."""
    if len(parts) < parts[0].place.total:
        return None
    return Assembly(assembly, tuple(sorted(parts, key=lambda part: part.place.number)))


def inbound_row(inbound: InboundMessage, text: str | bytes) -> tuple[Any, ...]:
    """`text` in the type that the store keeps it in."""
    return (
        inbound.account_id,
        inbound.id,
        inbound.esim_tran_no,
        inbound.carrier,
        inbound.source,
        inbound.destination,
        inbound.state,
        inbound.reason,
        inbound.encoding,
        text,
        inbound.part_count,
        msgspec.json.encode(inbound.missing).decode() if inbound.missing else None,
        inbound.message_id,
        inbound.received_ms,
        raw_octets(inbound.raw),
    )


def incoming_of(assembly: NamedRow, part_rows: Iterable[NamedRow]) -> list[InboundPart]:
    """The parts of an assembly that arrived, in the order of their numbers."""
    return [
        InboundPart(
            carrier=assembly["carrier"],
            source=assembly["source"],
            destination=assembly["destination"],
            octets=row["octets"],
            encoding=row["encoding"],
            place=PartPosition(
                assembly["kind"], assembly["reference"], assembly["total"], row["number"]
            ),
            received_ms=row["received_ms"],
            for_application=bool(row["for_application"]),
            raw=_decode_raw(row["raw"])[0] if row["raw"] else None,
        )
        for row in part_rows
    ]


def raw_octets(parts: Sequence[RawPart | None]) -> bytes | None:
    """Raw parts in one column: they are written, read and deleted together."""
    known = [part for part in parts if part is not None]
    return _encode_raw(known) if known else None


def inbound_of(row: NamedRow, text: str, raw: bytes | None = None) -> InboundMessage:
    """`text` is separate: each store keeps it in its own type."""
    return InboundMessage(
        id=row["id"],
        account_id=row["account_id"],
        esim_tran_no=row["esim_tran_no"],
        carrier=row["carrier"],
        source=row["source"],
        destination=row["destination"],
        state=InboundState(row["state"]),
        reason=reason_of(row["reason"]),
        encoding=row["encoding"],
        text=text,
        part_count=row["part_count"],
        missing=_decode_missing(row["missing"]) if row["missing"] else (),
        message_id=row["message_id"],
        received_ms=row["received_ms"],
        raw=_decode_raw(raw) if raw else (),
    )
