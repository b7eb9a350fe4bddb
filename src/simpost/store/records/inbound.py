"""Rows of inbound messages and of their parts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import msgspec

from simpost.config.text_keys import OWN_KEY
from simpost.domain.inbound import InboundMessage, InboundPart, InboundState, PartPosition, RawPart
from simpost.domain.texts import TextAbsence
from simpost.ports.store.inbound import Assembly
from simpost.store.records.columns import reason_of
from simpost.store.records.row import NamedRow
from simpost.store.records.texts import erased_text
from simpost.store.text_seal import TextSeal, place_of

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


def incoming_part_row(texts: TextSeal, assembly: int, part: InboundPart) -> tuple[Any, ...]:
    """Parts that wait for others are sealed with the own key, which is never missing."""
    octets, raw = part.octets, raw_octets([part.raw])
    key_id = OWN_KEY if texts.key_id else None
    if key_id:
        place = assembly, b"", part.place.number
        octets = texts.seal_octets(key_id, place_of(b"incoming_parts", *place), octets)
        raw = raw and texts.seal_octets(key_id, place_of(b"incoming_raw", *place), raw)
    return (
        assembly,
        part.place.number,
        part.encoding,
        octets,
        part.for_application,
        part.received_ms,
        raw,
        key_id,
    )


def whole_assembly(assembly: int, parts: Sequence[InboundPart]) -> Assembly | None:
    """The assembly once all its parts are there."""
    if len(parts) < parts[0].place.total:
        return None
    return Assembly(assembly, tuple(sorted(parts, key=lambda part: part.place.number)))


class StoredInbound(NamedTuple):
    """The text and the raw parts of an inbound message, and the key that sealed them."""

    text: str
    raw: bytes | None
    key_id: str | None


def stored_inbound(texts: TextSeal, inbound: InboundMessage) -> StoredInbound:
    text, raw, key_id = inbound.text, raw_octets(inbound.raw), texts.key_id
    if key_id:
        place = inbound.account_id, inbound.id
        text = texts.seal(key_id, place_of(b"inbound", *place), text)
        raw = raw and texts.seal_octets(key_id, place_of(b"inbound_raw", *place), raw)
    return StoredInbound(text, raw, key_id)


def inbound_row(
    inbound: InboundMessage, stored: StoredInbound, text: str | bytes
) -> tuple[Any, ...]:
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
        stored.raw,
        stored.key_id,
    )


def incoming_of(
    texts: TextSeal, assembly: NamedRow, part_rows: Iterable[NamedRow]
) -> list[InboundPart]:
    """The parts of an assembly that arrived, in the order of their numbers.

    A damaged part is empty.
    """
    parts = []
    for row in part_rows:
        place = assembly["id"], b"", row["number"]
        octets = _opened(texts, row["text_key"], place_of(b"incoming_parts", *place), row["octets"])
        raw = _opened(texts, row["text_key"], place_of(b"incoming_raw", *place), row["raw"])
        parts.append(
            InboundPart(
                carrier=assembly["carrier"],
                source=assembly["source"],
                destination=assembly["destination"],
                octets=octets or b"",
                encoding=row["encoding"],
                place=PartPosition(
                    assembly["kind"], assembly["reference"], assembly["total"], row["number"]
                ),
                received_ms=row["received_ms"],
                for_application=bool(row["for_application"]),
                raw=_decode_raw(raw)[0] if raw else None,
            )
        )
    return parts


def _opened(
    texts: TextSeal, key_id: str | None, place: bytes, stored: bytes | None
) -> bytes | None:
    """The octets; `None` if there are none or they cannot be opened."""
    if key_id is None or stored is None:
        return stored
    opened = texts.open_octets(key_id, place, stored)
    return None if isinstance(opened, TextAbsence) else opened


def raw_octets(parts: Sequence[RawPart | None]) -> bytes | None:
    """Raw parts in one column: they are written, read and deleted together."""
    known = [part for part in parts if part is not None]
    return _encode_raw(known) if known else None


def inbound_of(
    texts: TextSeal, row: NamedRow, stored: str, raw: bytes | None = None
) -> InboundMessage:
    """`stored` is separate: each store keeps texts in its own type."""
    key_id, place = row["text_key"], (row["account_id"], row["id"])
    text: str | TextAbsence = erased_text(row) or stored
    if key_id is not None:
        text = texts.open(key_id, place_of(b"inbound", *place), stored)
        raw = _opened(texts, key_id, place_of(b"inbound_raw", *place), raw)
    absence = text if isinstance(text, TextAbsence) else None
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
        text="" if absence else text,
        text_absence=absence,
        part_count=row["part_count"],
        missing=_decode_missing(row["missing"]) if row["missing"] else (),
        message_id=row["message_id"],
        received_ms=row["received_ms"],
        raw=_decode_raw(raw) if raw else (),
    )
