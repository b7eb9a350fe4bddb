"""Rows of what came in as what they stand for; both stores select the same columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from simpost.domain.inbound import InboundMessage, InboundPart, InboundState, PartPosition, RawPart
from simpost.store.records.columns import reason_of

_encode_raw = msgspec.msgpack.Encoder().encode
_decode_raw = msgspec.msgpack.Decoder(tuple[RawPart, ...]).decode
_decode_missing = msgspec.json.Decoder(tuple[int, ...]).decode


def incoming_of(assembly_row: Any, part_rows: Iterable[Any]) -> list[InboundPart]:
    """The parts that came of an assembly, in the order of their numbers."""
    carrier, source, destination, kind, reference, total, _ = assembly_row
    return [
        InboundPart(
            carrier=carrier,
            source=source,
            destination=destination,
            octets=octets,
            encoding=encoding,
            place=PartPosition(kind, reference, total, number),
            received_ms=received_ms,
            for_application=bool(for_application),
            raw=_decode_raw(raw)[0] if raw else None,
        )
        for number, encoding, octets, for_application, received_ms, raw in part_rows
    ]


def raw_octets(parts: Sequence[RawPart | None]) -> bytes | None:
    """Parts as they came, in one column: they are written, read and dropped together."""
    known = [part for part in parts if part is not None]
    return _encode_raw(known) if known else None


def inbound_of(row: Any, text: str, raw: bytes | None = None) -> InboundMessage:
    """`text` is the column after `encoding`, which the stores keep each in its own way."""
    return InboundMessage(
        id=row[0],
        account_id=row[1],
        esim_tran_no=row[2],
        carrier=row[3],
        source=row[4],
        destination=row[5],
        state=InboundState(row[6]),
        reason=reason_of(row[7]),
        encoding=row[8],
        text=text,
        part_count=row[10],
        missing=_decode_missing(row[11]) if row[11] else (),
        message_id=row[12],
        received_ms=row[13],
        raw=_decode_raw(raw) if raw else (),
    )
